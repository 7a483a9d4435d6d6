"""Preparing a database: once, by one at a time, from wherever the one before stopped."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from pymongo import IndexModel

from shared.bus.topology import Topology, TopologyMismatch
from shared.clock import real_now
from shared.preparing import OthersPrepare, Preparation, Unprepared, is_prepared, prepare, prepare_database
from shared.store.driver import Database
from shared.store.indexes import INDEXES
from shared.store.migrations import CHANGES, Change
from shared.store.schema import PreparingLost, SchemaStore, SchemaTooNew, indexes_of

SMALL = Topology(router_partitions=2, sender_partitions=2)
NOON = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
STEPS = (
    "lease taken",
    "topology agreed",
    "change 1 made",
    "change 1 noted",
    "change 2 made",
    "change 2 noted",
    "indexes made",
    "indexes noted",
    "queues declared",
)


class Killed(BaseException):
    """kill -9: nothing is let go."""


class KillAt:
    def __init__(self, name: str) -> None:
        self._name = name

    async def __call__(self, name: str) -> None:
        if name == self._name:
            raise Killed


async def _count_up(database: Database) -> None:
    """Twice is as once."""
    await database["things"].update_one({"_id": "old"}, {"$set": {"new_name": "x"}})


async def _drop_old(database: Database) -> None:
    await database["things"].update_one({"_id": "old"}, {"$unset": {"old_name": ""}})


TWO = (Change(1, "expand", "new_name", _count_up), Change(2, "expand", "newer_name", _count_up))
CONTRACTED = (*TWO, Change(3, "contract", "old_name_gone", _drop_old))


def preparation(changes: Sequence[Change] = TWO, **more: Any) -> Preparation:
    return Preparation(changes=changes, release="2.0.0")._replace(**more)


@pytest.fixture
async def bare(mongo_url: str, mongo_db: str) -> AsyncIterator[Database]:
    """With one document that a former release wrote, and nothing prepared."""
    opened = Database(mongo_url, mongo_db)
    await opened["things"].replace_one({"_id": "old"}, {"old_name": "x"}, upsert=True)
    yield opened
    await opened.close()


async def made_in(database: Database) -> list[int]:
    return [one.number for one in (await SchemaStore(database).read()).made]


async def test_an_unprepared_database_is_named_and_a_prepared_one_is_left_alone(bare: Database) -> None:
    with pytest.raises(Unprepared, match=r"change 1 \(new_name\) and \d+ more; run `wxdesk prepare`"):
        await is_prepared(bare, preparation())
    assert [one.number for one in await prepare_database(bare, SMALL, preparation())] == [1, 2]
    schema = await is_prepared(bare, preparation())
    assert (schema.version, schema.prepared_by) == (2, "2.0.0")
    assert await prepare_database(bare, SMALL, preparation()) == []
    with pytest.raises(TopologyMismatch):
        await prepare_database(bare, Topology(router_partitions=4), preparation())


@pytest.mark.parametrize("point", STEPS)
async def test_killed_between_any_two_steps_the_next_one_ends_it(bare: Database, point: str) -> None:
    declared: list[int] = []

    async def declare(topology: Topology) -> None:
        declared.append(topology.router_partitions)

    with pytest.raises(Killed):
        await prepare(bare, SMALL, preparation(now=lambda: NOON, step=KillAt(point)), declare)
    with pytest.raises(OthersPrepare):
        await prepare(bare, SMALL, preparation(now=lambda: NOON), declare)
    await prepare(bare, SMALL, preparation(now=lambda: NOON + timedelta(seconds=31)), declare)
    assert await made_in(bare) == [1, 2]
    assert (await is_prepared(bare, preparation())).prepared_by == "2.0.0"
    assert declared[-1] == 2


async def test_several_at_once_do_each_step_once(bare: Database) -> None:
    done: list[str] = []

    async def slowly(database: Database) -> None:
        done.append("begun")
        await _count_up(database)

    wanted = preparation((Change(1, "expand", "slow", slowly),))

    async def insist() -> None:
        while True:
            try:
                await prepare_database(bare, SMALL, wanted)
            except OthersPrepare:
                await asyncio.sleep(0.01)
            else:
                return

    await asyncio.gather(*(insist() for _ in range(8)))
    assert done == ["begun"]
    assert await made_in(bare) == [1]


async def test_one_who_lost_the_lease_notes_nothing_more(bare: Database) -> None:
    late = NOON + timedelta(seconds=31)

    async def overtaken(name: str) -> None:
        if name == "change 1 made":
            await prepare(bare, SMALL, preparation(now=lambda: late))

    with pytest.raises(PreparingLost):
        await prepare(bare, SMALL, preparation(now=lambda: NOON, step=overtaken))
    assert await made_in(bare) == [1, 2]
    assert await prepare(bare, SMALL, preparation(now=lambda: late)) == []


async def test_a_step_that_fails_lets_the_next_one_begin_at_once(bare: Database) -> None:
    async def fails(_: Database) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await prepare(bare, SMALL, preparation((TWO[0], Change(2, "expand", "fails", fails))))
    assert await made_in(bare) == [1]
    assert [one.number for one in await prepare(bare, SMALL, preparation())] == [2]


async def test_a_contract_change_is_made_only_when_asked_for_and_ends_the_way_back(bare: Database) -> None:
    assert [one.number for one in await prepare_database(bare, SMALL, preparation(CONTRACTED))] == [1, 2]
    await is_prepared(bare, preparation(TWO[:1]))  # the former release goes on, or comes back
    await is_prepared(bare, preparation(CONTRACTED))  # this one does not wait for it
    made = await prepare_database(bare, SMALL, preparation(CONTRACTED, contract=True))
    assert [one.number for one in made] == [3]
    assert await bare["things"].find_one({"_id": "old"}) == {"_id": "old", "new_name": "x"}
    with pytest.raises(SchemaTooNew, match=r"release 2.0.0 made change 3 \(old_name_gone\)"):
        await is_prepared(bare, preparation(TWO))
    with pytest.raises(SchemaTooNew):
        await prepare(bare, SMALL, preparation(TWO))
    await is_prepared(bare, preparation(CONTRACTED))


async def test_the_index_of_former_releases_goes(bare: Database) -> None:
    await bare["sends"].create_indexes([IndexModel([("conversation", 1)], unique=True, name="conversation_1")])
    await prepare_database(bare, SMALL)
    _, raw = bare.plain
    assert "conversation_1" not in await raw["sends"].index_information()
    assert "one_started" in await raw["sends"].index_information()


def test_another_index_of_the_same_name_is_another_index() -> None:
    one = {"sends": [IndexModel([("due_at", 1)], name="due")]}
    other = {"sends": [IndexModel([("due_at", -1)], name="due")]}
    assert indexes_of(one) == indexes_of({"sends": [IndexModel([("due_at", 1)], name="due")]})
    assert indexes_of(one) != indexes_of(other)
    assert len(indexes_of(INDEXES)) == sum(len(indexes) for indexes in INDEXES.values())


def test_changes_are_numbered_in_order_and_named_once() -> None:
    assert [change.number for change in CHANGES] == list(range(1, len(CHANGES) + 1))
    assert len({change.name for change in CHANGES}) == len(CHANGES)


async def test_a_lease_counts_up(bare: Database) -> None:
    store, now = SchemaStore(bare), real_now()
    first = await store.take("a", now)
    assert first is not None
    assert await store.take("b", now) is None
    await store.let_go(first)
    assert await store.take("b", now) == first + 1
