"""What every service stands on: MongoDB, RabbitMQ, the agreed topology, a publisher and the clock."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog

from shared.bus.connection import Link, linked
from shared.bus.live import listen
from shared.bus.partition_consumer import Handle
from shared.bus.publisher import Publisher
from shared.bus.topology import Topology, declare, expect
from shared.clock import Clock, OffsetClock, SystemClock
from shared.contracts.hints import LiveHint, SettingsChanged
from shared.contracts.understood import UNDERSTOOD
from shared.holding import Holding
from shared.lifecycle import Background
from shared.observe import metrics
from shared.observe.health import Health, ops_server
from shared.observe.loop_lag import measure_loop_lag
from shared.outage import Outage
from shared.preparing import is_prepared, prepare_database
from shared.settings import (
    ClockSettings,
    MongoSettings,
    ObserveSettings,
    RabbitSettings,
    SchemaSettings,
    SecretSettings,
)
from shared.store.apps import AppCache, AppStore
from shared.store.clock import ClockStore
from shared.store.driver import Database
from shared.store.leases import Leases
from shared.store.replicas import Replicas, announced
from shared.store.sealing import Sealer
from shared.store.topology import agree_on_topology
from shared.store.vendor_accounts import BreakerStore, VendorAccountStore, VendorCache
from shared.understanding import Guarded, Understanding
from shared.vendors.registry import Bridges
from shared.version import version

log = structlog.get_logger()

Result = TypeVar("Result")
START_RETRY_SECONDS: Final = 1.0
START_PATIENCE_SECONDS: Final = 3.0
"""How long who can do without a broker waits for one all the same: mostly it is there, and then all is in its place."""


class BackboneSettings(RabbitSettings, MongoSettings, SchemaSettings, SecretSettings, ClockSettings, ObserveSettings):
    """What every service but the sandbox must be told."""


@dataclass(frozen=True, slots=True)
class Backbone:
    database: Database
    publishing: Link
    consuming: Link
    publisher: Publisher
    topology: Topology
    clock: Clock
    leases: Leases
    understanding: Understanding
    apps: AppCache
    vendors: VendorCache
    sealer: Sealer
    health: Health
    background: Background

    def guarded(self, handle: Handle) -> Guarded:
        """The handler of one queue, of which this replica keeps off while another understands more."""
        return Guarded(self.understanding, handle, self.database.alive)


@asynccontextmanager
async def backbone(
    settings: BackboneSettings, service: str, understands: frozenset[str] | None = None, *, needs_broker: bool = True
) -> AsyncIterator[Backbone]:
    """Connect to everything, waiting for what is not there yet; leave it in the opposite order.

    Raises TopologyMismatch where this process was told another topology than the stored one. `understands` are the
    contracts this replica takes; None: all that its release knows. Who can do without a broker does not wait for it.
    """
    async with AsyncExitStack() as stack:
        background = await stack.enter_async_context(Background())
        health = Health(started=lambda: background.serving)
        await stack.enter_async_context(ops_server(settings, health))
        metrics.wxdesk_build_info.labels(version(), service).set(1)
        background.spawn(measure_loop_lag(), "loop lag")
        database = Database(settings.mongo_url.get_secret_value(), settings.mongo_db, settings.mongo_driver)
        stack.push_async_callback(database.close)
        topology = await _stored_topology(settings, database)
        leases = Leases(database)
        own = UNDERSTOOD.get(service, frozenset()) if understands is None else understands
        understanding = Understanding(Replicas(database), service, leases.holder, own)
        await _when_reachable(
            lambda: stack.enter_async_context(
                announced(understanding.replicas, service, leases.holder, version(), understanding.own)
            )
        )
        url = settings.amqp_url.get_secret_value()
        publishing = await stack.enter_async_context(linked(url, f"{service}-publish"))
        consuming = await stack.enter_async_context(linked(url, f"{service}-consume"))
        holding = Holding(database, publishing, topology, service, leases.holder)
        await _when_reachable(holding.look)
        background.spawn(holding.run(), "topology watch")
        declared = asyncio.Event()
        declaring = _declare(settings, publishing, topology, declared)
        if needs_broker:
            await declaring
        else:
            background.spawn(declaring, "topology", may_end=True)
            with suppress(TimeoutError):
                await asyncio.wait_for(declared.wait(), START_PATIENCE_SECONDS)
        sealer = Sealer(settings.secret_keys)
        vendors = VendorCache(VendorAccountStore(database, sealer), BreakerStore(database))
        apps = AppCache(AppStore(database, sealer), Bridges(vendors), time_zone=settings.tz_default)
        await _when_reachable(apps.refresh)
        background.spawn(apps.keep_fresh(), "apps")
        background.spawn(listen(consuming, ("settings_changed",), lambda hint: _hear(apps, hint)), "settings")
        # While there still is a database: whoever holds a lease gives it up.
        stack.push_async_callback(background.stop)
        yield Backbone(
            database=database,
            publishing=publishing,
            consuming=consuming,
            publisher=Publisher(publishing, topology),
            topology=topology,
            clock=await _clock(settings, database, background),
            leases=leases,
            understanding=understanding,
            apps=apps,
            vendors=vendors,
            sealer=sealer,
            health=health,
            background=background,
        )
        health.draining = True


def _hear(apps: AppCache, hint: LiveHint) -> None:
    # Agents change their presence all day: that is no reason to read every app again.
    if isinstance(hint, SettingsChanged) and hint.what in {"apps", "vendors"}:
        apps.note_change()


async def _stored_topology(settings: BackboneSettings, database: Database) -> Topology:
    """What every process agrees on, once the database is as this release needs it."""
    wanted = Topology(router_partitions=settings.router_partitions, sender_partitions=settings.sender_partitions)
    if settings.schema == "expect":
        await _when_reachable(lambda: is_prepared(database))
    else:
        await _when_reachable(lambda: prepare_database(database, wanted))
    return await _when_reachable(lambda: agree_on_topology(database, wanted))


async def _declare(settings: BackboneSettings, link: Link, topology: Topology, done: asyncio.Event) -> None:
    await _when_reachable(lambda: (declare if settings.topology == "declare" else expect)(link, topology))
    done.set()


async def _clock(settings: BackboneSettings, database: Database, background: Background) -> Clock:
    if settings.clock == "system":
        return SystemClock()
    clock = OffsetClock()
    store = ClockStore(database)
    clock.offset_seconds = await store.read_offset()
    background.spawn(clock.follow(store.read_offset), "clock")
    return clock


async def _when_reachable(work: Callable[[], Awaitable[Result]]) -> Result:
    """At start there is nothing to hold on to: wait until the servers are there, and say so meanwhile."""
    while True:
        try:
            return await work()
        except Outage as outage:
            log.warning("start_awaits", reason=str(outage), retry_seconds=START_RETRY_SECONDS)
            await asyncio.sleep(START_RETRY_SECONDS)
