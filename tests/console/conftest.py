from collections.abc import AsyncIterator

import pytest

from tests.console.house import Caller, House, house


@pytest.fixture(scope="module")
async def desk(module_amqp_url: str, mongo_url: str, module_mongo_db: str) -> AsyncIterator[House]:
    """One desk for a module; each test has its own customers and agents."""
    async with house(module_amqp_url, mongo_url, module_mongo_db) as made:
        yield made


@pytest.fixture
async def lina(desk: House) -> Caller:
    return await desk.agent()
