from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.store.driver import Database
from shared.store.indexes import ensure_indexes


@pytest.fixture(params=["motor", "pymongo"])
async def either_database(mongo_url: str, mongo_db: str, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """The contract holds with both drivers, or it is none."""
    driver: Any = request.param
    opened = Database(mongo_url, mongo_db, driver)
    await ensure_indexes(opened)
    yield opened
    await opened.close()
