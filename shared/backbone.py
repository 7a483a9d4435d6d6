"""What every service stands on: MongoDB, RabbitMQ, the agreed topology, a publisher and the clock."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog

from shared.bus.connection import Link, linked
from shared.bus.live import listen
from shared.bus.publisher import Publisher
from shared.bus.topology import Topology, declare, expect
from shared.clock import Clock, OffsetClock, SystemClock
from shared.contracts.hints import LiveHint, SettingsChanged
from shared.lifecycle import Background
from shared.observe.health import Health, ops_server
from shared.outage import Outage
from shared.settings import ClockSettings, MongoSettings, ObserveSettings, RabbitSettings, SecretSettings
from shared.store.apps import AppCache, AppStore
from shared.store.clock import ClockStore
from shared.store.driver import Database
from shared.store.indexes import ensure_indexes
from shared.store.leases import Leases
from shared.store.sealing import Sealer
from shared.store.topology import agree_on_topology
from shared.store.vendor_accounts import BreakerStore, VendorAccountStore, VendorCache
from shared.vendors.registry import Bridges

log = structlog.get_logger()

Result = TypeVar("Result")
START_RETRY_SECONDS: Final = 1.0


class BackboneSettings(RabbitSettings, MongoSettings, SecretSettings, ClockSettings, ObserveSettings):
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
    apps: AppCache
    vendors: VendorCache
    sealer: Sealer
    health: Health
    background: Background


@asynccontextmanager
async def backbone(settings: BackboneSettings, service: str) -> AsyncIterator[Backbone]:
    """Connect to everything, waiting for what is not there yet; leave it in the opposite order.

    Raises TopologyMismatch where this process was told another topology than the stored one.
    """
    async with AsyncExitStack() as stack:
        background = await stack.enter_async_context(Background())
        health = Health(started=lambda: background.serving)
        await stack.enter_async_context(ops_server(settings, health))
        database = Database(settings.mongo_url.get_secret_value(), settings.mongo_db, settings.mongo_driver)
        stack.push_async_callback(database.close)
        topology = await _stored_topology(settings, database)
        url = settings.amqp_url.get_secret_value()
        publishing = await stack.enter_async_context(linked(url, f"{service}-publish"))
        consuming = await stack.enter_async_context(linked(url, f"{service}-consume"))
        await _when_reachable(lambda: (declare if settings.topology == "declare" else expect)(publishing, topology))
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
            leases=Leases(database),
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
    await _when_reachable(lambda: ensure_indexes(database))
    wanted = Topology(router_partitions=settings.router_partitions, sender_partitions=settings.sender_partitions)
    return await _when_reachable(lambda: agree_on_topology(database, wanted))


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
