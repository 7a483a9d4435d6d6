from collections.abc import AsyncIterator

import pytest

from tests.vendors.qiyu_house import QiyuPlace


@pytest.fixture
async def qiyu() -> AsyncIterator[QiyuPlace]:
    async with QiyuPlace().listening() as place:
        yield place
