from collections.abc import AsyncIterator

import pytest

from shared.store.driver import Database
from tests.router.workshop import Workshop, workshop


@pytest.fixture
async def shop(database: Database, amqp_url: str) -> AsyncIterator[Workshop]:
    async with workshop(database, amqp_url) as made:
        yield made
