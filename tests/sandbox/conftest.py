from collections.abc import AsyncIterator

import pytest

from tests.sandbox.box import Box, boxed


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    """One app in secure mode with JSON, one customer, a receiver that answers `success`."""
    async with boxed() as made:
        yield made
