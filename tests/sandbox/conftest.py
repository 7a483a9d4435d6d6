from collections.abc import AsyncIterator

import pytest

from tests.sandbox.box import Box, boxed
from tests.sandbox.qiyu_box import QiyuBox, qiyu_boxed


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    """One app in secure mode with JSON, one customer, a receiver that answers `success`."""
    async with boxed() as made:
        yield made


@pytest.fixture
async def qiyu() -> AsyncIterator[QiyuBox]:
    """One account with Qiyu, one of its people with room for one, and a receiver that answers as Qiyu wants."""
    async with qiyu_boxed() as made:
        yield made
