"""`wxdesk topology`: the agreed partitions, and the safe way to another number of them.

`change` is one command given again until it is done. Each time it looks where things stand, does what can be done, and
says what is to be done next; in between nothing is lost, since gateways hold what comes.
"""

import argparse
import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from services.console.cli.environment import Environment
from services.console.cli.failures import Misused, OutOfReach, Refused
from services.console.cli.output import Column, Output
from services.console.cli.servers import database_of, link_of, place
from shared.bus.connection import BrokerUnavailable, Link
from shared.bus.generations import cut_off, delete_partitions, seen_queues
from shared.bus.inspection import BrokerRefused, QueueSeen, inspected
from shared.bus.topology import Topology, declare
from shared.clock import real_now
from shared.holding import EDGES
from shared.settings import MongoSettings, RabbitSettings
from shared.store.driver import Database
from shared.store.replicas import Replica, Replicas
from shared.store.topology import hold_publishing, lift_hold, next_generation, publishing_held

EVERY_SECONDS: Final = 0.5
_COLUMNS: Final = (Column("QUEUE", "queue"), Column("MESSAGES", "messages"), Column("CONSUMERS", "consumers"))


def add_to(nouns: Any, as_json: argparse.ArgumentParser) -> None:
    verbs = nouns.add_parser("topology", help="how conversations are spread over queues").add_subparsers(
        metavar="VERB", required=True
    )
    showing = verbs.add_parser("show", parents=[as_json], help="the record, the queues and who serves them")
    showing.set_defaults(run=show)
    about = "go to another number of partitions; give it again until it says that it is done"
    changing = verbs.add_parser("change", parents=[as_json], help=about, description=about)
    changing.add_argument("--router-partitions", type=_count, metavar="N")
    changing.add_argument("--sender-partitions", type=_count, metavar="N")
    changing.add_argument("--cancel", action="store_true", help="leave things as they are; gateways publish again")
    changing.add_argument("--wait", type=float, default=30.0, metavar="S", help="seconds to wait for each step (30)")
    changing.set_defaults(run=change)


async def show(_: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with database_of(environment.settings(MongoSettings)) as database:
        topology, held_at = await _recorded(database)
        replicas = await Replicas(database).live()
    seen = await _seen(environment, topology)
    fields = {
        **topology.model_dump(),
        "held_since": held_at,
        "replicas": {name: len(_of(replicas, name)) for name in sorted({one.service for one in replicas})},
    }
    queues = [{"queue": name, "messages": one.messages, "consumers": one.consumers} for name, one in seen.items()]
    if output.as_json:
        output.record({**fields, "queues": queues})
        return
    output.record(fields)
    output.table(queues, _COLUMNS, nothing="None of its queues is there.")


async def change(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with database_of(environment.settings(MongoSettings)) as database:
        old, held_at = await _recorded(database)
        if args.cancel:
            await _cancel(environment, database, old)
            output.done(f"Generation {old.generation} stays; gateways publish again.", old.model_dump())
            return
        new = _wanted(args, old)
        if new == old:
            await _delete_former(environment, old)
            output.done(f"Done: {_told(old)}. Start every service with these numbers.", old.model_dump())
            return
        if held_at is None:
            await hold_publishing(database, real_now())
            output.remark("Gateways and consoles hold what they would publish from now on.")
        await _until_edges_hold(database, args.wait)
        await _until_drained(environment, old, args.wait)
        await _refuse_workers(database)
        await _switch(environment, database, old, new)
        output.done(f"Done: {_told(new)}. Start every service with these numbers.", new.model_dump())


async def _until_edges_hold(database: Database, wait: float) -> None:
    async def waited_for() -> str | None:
        late = [one for one in await Replicas(database).live() if one.service in EDGES and not one.holds]
        return f"{_counted(late)} still publish; wait, or stop them" if late else None

    await _until(waited_for, wait)


async def _until_drained(environment: Environment, old: Topology, wait: float) -> None:
    async def waited_for() -> str | None:
        full = {name: one.messages for name, one in (await _seen(environment, old)).items() if one.messages}
        some = ", ".join(list(full)[:3])
        return (
            f"{sum(full.values())} messages are in {len(full)} queues ({some}); let routers, senders and bots run "
            "until they are empty"
            if full
            else None
        )

    await _until(waited_for, wait)


async def _refuse_workers(database: Database) -> None:
    live = [one for one in await Replicas(database).live() if one.service not in EDGES]
    if live:
        raise Refused(
            f"the queues are empty; now stop senders and bots, then routers ({_counted(live)} run), "
            "leave gateways running, and give this again"
        )


async def _switch(environment: Environment, database: Database, old: Topology, new: Topology) -> None:
    """The new queues, then no way into the old ones, a last look, the record; only then the old ones go."""
    declares = environment.settings(RabbitSettings).topology == "declare"
    async with link_of(environment) as link:
        if declares:
            await declare(link, new)
            await cut_off(link, old)
        await _last_look(environment, link, old, new, declares=declares)
        if not await next_generation(database, old, new):
            raise Refused("somebody else changed the record meanwhile; see `wxdesk topology show`")
        if declares:
            await delete_partitions(link, old)


async def _last_look(environment: Environment, link: Link, old: Topology, new: Topology, *, declares: bool) -> None:
    """Raises Refused; then the way into the old queues is open again."""
    seen, ready = await _seen(environment, old), await _seen(environment, new)
    busy = [name for name, one in seen.items() if one.messages or one.consumers]
    absent = new.router_partitions + new.sender_partitions - len(ready)
    if busy or absent:
        if declares:
            await declare(link, old)
        what = f"{busy[0]} is not empty or has a consumer" if busy else f"{absent} of the new queues are missing"
        raise Refused(f"{what}: nothing was changed; start routers, senders and bots, and give this again")


async def _cancel(environment: Environment, database: Database, old: Topology) -> None:
    if environment.settings(RabbitSettings).topology == "declare":
        async with link_of(environment) as link:
            await declare(link, old)
    await lift_hold(database)


async def _delete_former(environment: Environment, now: Topology) -> None:
    """What a change that was stopped at its very end has left; queues that hold anything stay."""
    if now.generation == 1 or environment.settings(RabbitSettings).topology != "declare":
        return
    # Which numbers it had is not recorded any more: the most there can be.
    former = now.but(generation=now.generation - 1, router_partitions=256, sender_partitions=256)
    seen = await _seen(environment, former)
    if seen and not any(one.messages or one.consumers for one in seen.values()):
        async with link_of(environment) as link:
            await delete_partitions(link, former)


async def _until(waited_for: Callable[[], Any], wait: float) -> None:
    """Raises Refused, with what it still waits for."""
    try:
        async with asyncio.timeout(wait):
            while await waited_for() is not None:  # noqa: ASYNC110 - what is waited for is in other processes
                await asyncio.sleep(EVERY_SECONDS)
    except TimeoutError:
        if (why := await waited_for()) is not None:
            raise Refused(f"{why}, and give this again (or --cancel)") from None


async def _recorded(database: Database) -> tuple[Topology, Any]:
    topology, held_at = await publishing_held(database)
    if topology is None:
        raise Refused("no topology is recorded; `wxdesk prepare` writes it")
    return topology, held_at


async def _seen(environment: Environment, topology: Topology) -> Mapping[str, QueueSeen]:
    settings = environment.settings(RabbitSettings)
    try:
        async with inspected(settings.amqp_url.get_secret_value()) as inspection:
            return await seen_queues(inspection, topology)
    except BrokerUnavailable as outage:
        raise OutOfReach(
            f"RabbitMQ at {place(settings.amqp_url)} does not answer ({outage}); start it, or correct AMQP_URL"
        ) from None
    except BrokerRefused as refused:
        raise Misused(f"{refused}; correct AMQP_URL") from None


def _wanted(args: argparse.Namespace, old: Topology) -> Topology:
    if args.router_partitions is None and args.sender_partitions is None:
        raise Misused("say --router-partitions or --sender-partitions. See `wxdesk topology change --help`")
    routers = args.router_partitions or old.router_partitions
    senders = args.sender_partitions or old.sender_partitions
    if (routers, senders) == (old.router_partitions, old.sender_partitions):
        return old
    return old.but(generation=old.generation + 1, router_partitions=routers, sender_partitions=senders)


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 256:  # noqa: PLR2004 - as the settings say
        raise ValueError(text)
    return number


def _told(topology: Topology) -> str:
    return (
        f"generation {topology.generation}, ROUTER_PARTITIONS={topology.router_partitions}, "
        f"SENDER_PARTITIONS={topology.sender_partitions}"
    )


def _of(replicas: list[Replica], service: str) -> list[Replica]:
    return [one for one in replicas if one.service == service]


def _counted(replicas: list[Replica]) -> str:
    names = sorted({one.service for one in replicas})
    return ", ".join(f"{len(_of(replicas, name))} {name}" for name in names)
