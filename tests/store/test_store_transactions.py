"""Writes that stand together: all or none, whatever comes in between, with either driver."""

import asyncio
import contextvars
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from deploy.local.servers import MongoServer
from shared.store import transactions
from shared.store.driver import Database, StoreUnavailable
from tests.house.test_imports import ROOT


class Killed(BaseException):
    """The process is gone."""


async def outside(work: Coroutine[Any, Any, Any]) -> None:
    """What somebody else does at this moment."""
    await asyncio.create_task(work, context=contextvars.Context())


async def number(database: Database, name: str = "a") -> int | None:
    doc = await database["numbers"].find_one({"_id": name})
    return doc["n"] if doc else None


async def test_all_counts_or_nothing(either_database: Database) -> None:
    numbers, notes = either_database["numbers"], either_database["notes"]

    async def both() -> str:
        await numbers.update_one({"_id": "a"}, {"$set": {"n": 1}}, upsert=True)
        assert await number(either_database) == 1
        await outside(_sees_none())
        await notes.insert_one({"_id": "a"})
        return "done"

    async def _sees_none() -> None:
        assert await number(either_database) is None

    assert await either_database.together(both) == "done"
    assert (await number(either_database), await notes.count({})) == (1, 1)


@pytest.mark.parametrize("end", [Killed, ValueError, asyncio.CancelledError])
async def test_what_breaks_off_left_nothing(either_database: Database, end: type[BaseException]) -> None:
    async def half() -> None:
        await either_database["numbers"].insert_one({"_id": "a", "n": 1})
        await either_database["numbers"].update_many({}, {"$inc": {"n": 1}})
        raise end

    with pytest.raises(end):
        await either_database.together(half)
    assert await number(either_database) is None
    await either_database["numbers"].insert_one({"_id": "a", "n": 5})
    assert await number(either_database) == 5


async def test_what_was_read_is_true_when_the_writes_count(either_database: Database) -> None:
    numbers = either_database["numbers"]
    await numbers.insert_one({"_id": "a", "n": 1})
    read: list[int | None] = []

    async def work() -> None:
        read.append(await number(either_database))
        if len(read) == 1:
            await outside(numbers.update_one({"_id": "a"}, {"$set": {"n": 7}}))
        await numbers.update_one({"_id": "a"}, {"$inc": {"n": 1}})

    await either_database.together(work)
    assert (read, await number(either_database)) == ([1, 7], 8)


async def test_many_at_once_all_count(either_database: Database) -> None:
    await either_database["numbers"].insert_one({"_id": "a", "n": 0})

    async def one() -> None:
        before = await number(either_database) or 0
        await either_database["numbers"].update_one({"_id": "a"}, {"$set": {"n": before + 1}})
        await either_database["notes"].insert_many([{"before": before}])

    await asyncio.gather(*(either_database.together(one) for _ in range(20)))
    notes = await either_database["notes"].find({}, sort=[("before", 1)])
    assert (await number(either_database), [note["before"] for note in notes]) == (20, list(range(20)))


async def test_one_inside_another_is_part_of_it(either_database: Database) -> None:
    async def inner() -> None:
        await either_database["numbers"].insert_one({"_id": "a", "n": 1})

    async def outer() -> None:
        await either_database.together(inner)
        raise Killed

    with pytest.raises(Killed):
        await either_database.together(outer)
    assert await number(either_database) is None


async def test_a_document_of_the_same_id_is_refused_as_ever(either_database: Database) -> None:
    await either_database["numbers"].insert_one({"_id": "a", "n": 1})

    async def add() -> None:
        await either_database["notes"].insert_one({"_id": "a"})
        if await either_database["numbers"].insert_many([{"_id": "a", "n": 2}]):
            raise ValueError("there already")

    with pytest.raises(ValueError, match="there already"):
        await either_database.together(add)
    assert (await number(either_database), await either_database["notes"].count({})) == (1, 0)


async def test_who_never_gets_a_turn_is_told(either_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "TRIED_SECONDS", 0.05)
    numbers = either_database["numbers"]
    await numbers.insert_one({"_id": "a", "n": 1})

    async def work() -> None:
        await number(either_database)
        await outside(numbers.update_one({"_id": "a"}, {"$inc": {"n": 1}}))
        await numbers.update_one({"_id": "a"}, {"$set": {"n": 0}})

    with pytest.raises(StoreUnavailable):
        await either_database.together(work)
    assert (await number(either_database) or 0) > 1


KILLED = """
import asyncio, os, signal, sys
from shared.store.driver import Database

async def main():
    database = Database(sys.argv[1], sys.argv[2])

    async def half():
        await database["numbers"].update_one({"_id": "a"}, {"$set": {"n": 2}})
        await database["notes"].insert_one({"_id": "a"})
        os.kill(os.getpid(), signal.SIGKILL)

    await database.together(half)

asyncio.run(main())
"""


@pytest.fixture
async def impatient_mongod(mongo_server: MongoServer) -> AsyncIterator[MongoServer]:
    """It ends after a second, not after ten, what nobody goes on with."""
    limit = "transactionLifetimeLimitSeconds"
    before = (await mongo_server.command({"getParameter": 1, limit: 1}))[limit]
    await mongo_server.command({"setParameter": 1, limit: 1})
    yield mongo_server
    await mongo_server.command({"setParameter": 1, limit: before})


async def test_what_a_killed_process_had_begun_is_not_there(
    database: Database, impatient_mongod: MongoServer, mongo_url: str
) -> None:
    await database["numbers"].insert_one({"_id": "a", "n": 1})
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, mongo_url, database.name, cwd=ROOT)
    assert await process.wait() == -signal.SIGKILL
    assert (await number(database), await database["notes"].count({})) == (1, 0)
    # Whoever writes to it next waits until the server has ended what was begun.
    await database["numbers"].update_one({"_id": "a"}, {"$inc": {"n": 1}})
    assert await number(database) == 2
