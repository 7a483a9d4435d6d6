"""One private RabbitMQ and one private mongod for the whole session; an empty vhost and database for whoever asks.

A test that uses any of these fixtures gets the marker `servers`.
"""

import tempfile
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest

from deploy.local.servers import MongoServer, RabbitServer, mongod, rabbitmq
from shared.store.driver import Database
from shared.store.indexes import ensure_indexes

_numbers = count(1)


@pytest.fixture(scope="session")
async def rabbit_server() -> AsyncIterator[RabbitServer]:
    """Shared: a test that kills or fills a broker starts its own."""
    with tempfile.TemporaryDirectory(prefix="wxdesk-rabbitmq-", ignore_cleanup_errors=True) as directory:
        async with rabbitmq(Path(directory)) as server:
            yield server
            await server.kill()  # its data goes anyway, and a proper stop takes seconds


@pytest.fixture(scope="session")
async def mongo_server() -> AsyncIterator[MongoServer]:
    """Shared: a test that kills a mongod starts its own."""
    with tempfile.TemporaryDirectory(prefix="wxdesk-mongod-", ignore_cleanup_errors=True) as directory:
        async with mongod(Path(directory)) as server:
            yield server
            await server.kill()


@pytest.fixture
async def amqp_url(rabbit_server: RabbitServer) -> AsyncIterator[str]:
    """A vhost of the test's own, empty."""
    name = f"test-{next(_numbers)}"
    yield await rabbit_server.create_vhost(name)
    await rabbit_server.delete_vhost(name)


@pytest.fixture(scope="module")
async def module_amqp_url(rabbit_server: RabbitServer) -> AsyncIterator[str]:
    """A vhost that the tests of one module share."""
    name = f"module-{next(_numbers)}"
    yield await rabbit_server.create_vhost(name)
    await rabbit_server.delete_vhost(name)


@pytest.fixture(scope="session")
def mongo_url(mongo_server: MongoServer) -> str:
    return mongo_server.url


@pytest.fixture(scope="session")
def emptied_databases() -> list[str]:
    """What earlier tests have left: their indexes stay, since making them takes longer than most tests."""
    return []


@pytest.fixture
async def mongo_db(mongo_server: MongoServer, emptied_databases: list[str]) -> AsyncIterator[str]:
    """The name of a database of the test's own, empty."""
    name = emptied_databases.pop() if emptied_databases else f"test-{next(_numbers)}"
    yield name
    if await _emptied(mongo_server, name):
        emptied_databases.append(name)
    else:
        await mongo_server.drop_database(name)


async def _emptied(mongo_server: MongoServer, database: str) -> bool:
    """Delete every document. False: the test has set up more than documents, such as the profiler."""
    listed = await mongo_server.command(
        {"listCollections": 1, "nameOnly": True, "cursor": {"batchSize": 200}}, database
    )
    for collection in listed["cursor"]["firstBatch"]:
        everything = {"delete": collection["name"], "deletes": [{"q": {}, "limit": 0}]}
        answer = await mongo_server.command(everything, database)
        if not answer["ok"] or "writeErrors" in answer:
            return False
    return True


@pytest.fixture
async def keeping_the_past(mongo_server: MongoServer) -> AsyncIterator[None]:
    """As a mongod does that was not told otherwise, so that a backup may take its time; ours forgets at once."""
    await mongo_server.command({"setParameter": 1, "minSnapshotHistoryWindowInSeconds": 300})
    yield
    await mongo_server.command({"setParameter": 1, "minSnapshotHistoryWindowInSeconds": 0})


@pytest.fixture
async def database(mongo_url: str, mongo_db: str) -> AsyncIterator[Database]:
    """The test's own database, opened, with every index."""
    opened = Database(mongo_url, mongo_db)
    await ensure_indexes(opened)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
async def module_mongo_db(mongo_server: MongoServer) -> AsyncIterator[str]:
    """The name of a database that the tests of one module share."""
    name = f"module-{next(_numbers)}"
    yield name
    await mongo_server.drop_database(name)
