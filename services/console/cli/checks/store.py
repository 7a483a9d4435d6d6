"""What MongoDB says: itself, its clock, what is set aside, who may answer, and whether the secrets open."""

import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

from services.console.administering.checks.check import Check, fail, ok, warn
from shared.clock import real_now
from shared.store.agents import Agent
from shared.store.apps import App, AppStore
from shared.store.dead import DeadStore
from shared.store.driver import Database, StoreUnavailable
from shared.store.spool import Spool, Standing

SPOOL_SECONDS: Final = 10.0
SKEW_WARN_SECONDS: Final = 2.0
SKEW_FAIL_SECONDS: Final = 10.0
"""A third of a lease (30 s): beyond this two holders could believe in the same one."""


async def store_checks(database: Database) -> AsyncIterator[Check]:
    """For a MongoDB that answers."""
    name = await database.replica_set()
    if name is None:
        yield fail("MongoDB stands alone", "make it a replica set, of one member at least (mongod --replSet …)")
        return
    yield ok(f"MongoDB answers, replica set {name}")
    before = real_now()
    try:
        server_at = await _written_at(database)
    except StoreUnavailable:
        yield fail("MongoDB does not confirm writes by a majority", "bring the missing members of the replica set back")
        return
    after = real_now()
    yield ok("MongoDB confirms writes by a majority")
    yield skew_check((server_at - (before + (after - before) / 2)).total_seconds())


async def dead_check(database: Database) -> Check:
    count = await DeadStore(database).count()
    if count:
        what = "1 message is set aside" if count == 1 else f"{count} messages are set aside"
        return warn(what, "look at them with `wxdesk dead list`; replay or drop them")
    return ok("no message is set aside")


async def spool_check(database: Database) -> Check:
    return standing_check(await Spool(database, answer_seconds=SPOOL_SECONDS).standing(), real_now())


def standing_check(standing: Standing, now: datetime) -> Check:
    if standing.oldest_at is None:
        return ok("no push waits in the spool")
    seconds = max(0, round((now - standing.oldest_at).total_seconds()))
    what = "1 push waits in the spool" if standing.rows == 1 else f"{standing.rows} pushes wait in the spool"
    do = "bring RabbitMQ back; gateways pass them on by themselves, and their log says why not: push_spooled"
    return warn(f"{what}, the first for {seconds} s", f"{do}, spooled_unreadable")


def agent_check(agents: Sequence[Agent]) -> Check:
    enabled = [agent for agent in agents if agent.enabled]
    online = [agent for agent in enabled if agent.presence == "online"]
    if not enabled:
        return warn("there are no agents", "make one with `wxdesk agents add LOGIN --name NAME`")
    if not online:
        return warn(f"none of {len(enabled)} agents is online", "customers wait until one is; log in at the desk")
    return ok(f"{len(online)} of {len(enabled)} agents are online")


async def openable_apps(store: AppStore) -> tuple[list[App], Check]:
    """The apps whose secrets open, and what is to be said of the others."""
    everything = await store.everything()
    apps = [app for app in everything if app.readable]
    broken = [f"{app.app_id} ({', '.join(app.unreadable)})" for app in everything if app.unreadable]
    if broken:
        do = "put the key they were sealed with into WXDESK_SECRET_KEYS, after the first, or set the secrets again"
        return apps, fail(f"secrets do not open: {'; '.join(broken)}", do)
    if not apps:
        return apps, warn("there are no apps", "register a mini program with `wxdesk apps add`")
    return apps, ok(f"the secrets of {len(apps)} app{'s' if len(apps) > 1 else ''} open")


async def _written_at(database: Database) -> datetime:
    """When the server made a document that a majority has; it is deleted again."""
    name = f"doctor:{uuid.uuid4().hex}"
    collection = database["doctor"]
    doc = await collection.find_one_and_update({"_id": name}, {"$currentDate": {"at": True}}, upsert=True)
    await collection.delete_one({"_id": name})
    if doc is None:
        raise StoreUnavailable("a document that was just written is not there")
    at: datetime = doc["at"]
    return at


def skew_check(seconds: float) -> Check:
    size, what = abs(seconds), f"this machine's clock and MongoDB's differ by {abs(seconds):.1f} s"
    if size > SKEW_FAIL_SECONDS:
        return fail(what, "set both by NTP; leases and claims go by them")
    if size > SKEW_WARN_SECONDS:
        return warn(what, "set both by NTP")
    return ok(what)
