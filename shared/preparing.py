"""Making the servers ready for this release: changes, indexes, the topology record, exchanges and queues.

Cannot half-run: one at a time, by a lease; each step is noted when done, and whoever comes next goes on from there.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Final, NamedTuple

import structlog

from shared.bus.topology import Topology
from shared.clock import real_now
from shared.outage import Outage
from shared.steps import Step, no_step
from shared.store.driver import Database, StoreUnavailable
from shared.store.indexes import INDEXES, ensure_indexes
from shared.store.migrations import CHANGES, Change
from shared.store.restored import refuse_half_restored
from shared.store.schema import PREPARING_SECONDS, Made, PreparingLost, Schema, SchemaStore, indexes_of
from shared.store.topology import agree_on_topology
from shared.version import version

log = structlog.get_logger()

Declare = Callable[[Topology], Awaitable[None]]


class OthersPrepare(Outage):
    """Somebody else is at it: come again in a moment."""


class Unprepared(Outage):
    """`wxdesk prepare` of this release, or a later one, has not run to its end yet."""


class Preparation(NamedTuple):
    """What one release asks of the database; `now` and `step` are a test's to choose."""

    changes: Sequence[Change] = CHANGES
    release: str = version()
    contract: bool = False
    now: Callable[[], datetime] = real_now
    step: Step = no_step


RELEASE: Final = Preparation()


async def is_prepared(database: Database, wanted: Preparation = RELEASE) -> Schema:
    """The record, where nothing is missing. Raises Unprepared, SchemaTooNew or HalfRestored."""
    await refuse_half_restored(database)
    schema = await SchemaStore(database).read()
    schema.refuse_newer(wanted.changes)
    if missing := schema.missing(wanted.changes, indexes_of(INDEXES)):
        more = f" and {len(missing) - 1} more" if missing[1:] else ""
        raise Unprepared(f"MongoDB lacks {missing[0]}{more}; run `wxdesk prepare` of this release")
    return schema


async def prepare_database(database: Database, topology: Topology, wanted: Preparation = RELEASE) -> list[Change]:
    """Do what is missing, and say which changes that were. Raises as `prepare`; where nothing is missing, no lease."""
    with suppress(Unprepared):
        schema = await is_prepared(database, wanted)
        if not schema.unmade(wanted.changes, contract=wanted.contract):
            await agree_on_topology(database, topology)
            return []
    return await prepare(database, topology, wanted)


async def prepare(
    database: Database, topology: Topology, wanted: Preparation = RELEASE, declare: Declare | None = None
) -> list[Change]:
    """All steps under the lease; `declare` makes the exchanges and queues, and is the last of them.

    Raises OthersPrepare, PreparingLost, SchemaTooNew, TopologyMismatch, HalfRestored or StoreUnavailable; what was done
    until then is noted.
    """
    await refuse_half_restored(database)
    store = SchemaStore(database)
    async with _lease(store, wanted) as fence:
        await wanted.step("lease taken")
        schema = await store.read()
        schema.refuse_newer(wanted.changes)
        # First, since it is what most likely refuses: then nothing was changed.
        agreed = await agree_on_topology(database, topology)
        await wanted.step("topology agreed")
        made = schema.unmade(wanted.changes, contract=wanted.contract)
        for change in made:
            await _make(database, store, fence, change, wanted)
        await ensure_indexes(database)
        await wanted.step("indexes made")
        await store.note_indexes(fence, indexes_of(INDEXES))
        await wanted.step("indexes noted")
        if declare is not None:
            await declare(agreed)
            await wanted.step("queues declared")
        await store.finish(fence, wanted.release)
    return made


async def _make(database: Database, store: SchemaStore, fence: int, change: Change, wanted: Preparation) -> None:
    # Asked again before each: a late one must not begin what another has gone beyond.
    await store.renew(fence, wanted.now())
    await change.make(database)
    await wanted.step(f"change {change.number} made")
    made = Made(number=change.number, kind=change.kind, name=change.name, at=wanted.now(), release=wanted.release)
    await store.note_made(fence, made)
    log.info("schema_changed", part=change.name, kind=change.kind, count=change.number)
    await wanted.step(f"change {change.number} noted")


@asynccontextmanager
async def _lease(store: SchemaStore, wanted: Preparation) -> AsyncIterator[int]:
    """Held and renewed for as long as the block runs; the block is stopped where it is lost."""
    fence = await store.take(uuid.uuid4().hex, wanted.now())
    if fence is None:
        raise OthersPrepare("another process prepares the database")
    block = asyncio.current_task()
    keeper = asyncio.create_task(_renew(store, fence, wanted.now))
    lost: list[BaseException] = []

    def stop(ended: asyncio.Task[None]) -> None:
        if not ended.cancelled() and (failure := ended.exception()) is not None and block is not None:
            lost.append(failure)
            block.cancel()

    keeper.add_done_callback(stop)
    try:
        yield fence
    except (Exception, asyncio.CancelledError):
        if lost and block is not None:
            block.uncancel()
            raise PreparingLost(str(lost[0])) from None
        with suppress(StoreUnavailable):
            await store.let_go(fence)
        raise
    finally:
        keeper.cancel()


async def _renew(store: SchemaStore, fence: int, now: Callable[[], datetime]) -> None:
    while True:
        await asyncio.sleep(PREPARING_SECONDS / 3)
        await store.renew(fence, now())
