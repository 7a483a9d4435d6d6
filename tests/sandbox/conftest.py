from collections.abc import AsyncIterator

import pytest

from tests.sandbox.box import Box, boxed
from tests.sandbox.qiyu_box import QiyuBox, qiyu_boxed
from tests.sandbox.zhima_box import ZhimaBox, zhima_boxed


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


@pytest.fixture
async def zhima() -> AsyncIterator[ZhimaBox]:
    """One product of Zhima's that speaks to the sandbox's WeChat, one of its people there and one away."""
    async with zhima_boxed() as made:
        yield made
