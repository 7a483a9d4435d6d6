from collections.abc import AsyncIterator

import pytest

from shared.store.driver import Database
from shared.store.indexes import ensure_indexes
from tests.sender.office import Office, emptied, office
from tests.sender.vendor_desk import VendorDesk, vendor_desk
from tests.support.services import environment_of


@pytest.fixture(scope="module")
def environment(module_amqp_url: str, mongo_url: str, module_mongo_db: str) -> dict[str, str]:
    """One broker's vhost and one database for a module: making them anew for each test costs more than the tests."""
    return environment_of(module_amqp_url, mongo_url, module_mongo_db)


@pytest.fixture(scope="module")
async def database(mongo_url: str, module_mongo_db: str) -> AsyncIterator[Database]:
    opened = Database(mongo_url, module_mongo_db)
    await ensure_indexes(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def desk(environment: dict[str, str], database: Database) -> AsyncIterator[Office]:
    """One app, one customer who has just written, no sender yet, and nothing left of the test before."""
    await emptied(environment, database)
    async with office(environment, database) as made:
        yield made


@pytest.fixture
async def vendors(environment: dict[str, str], database: Database) -> AsyncIterator[VendorDesk]:
    """One app, one customer, an account with Qiyu that every test makes as it wants it, no sender yet."""
    async with vendor_desk(environment, database) as made:
        yield made
