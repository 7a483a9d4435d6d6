"""`wxdesk prepare`: make MongoDB and RabbitMQ ready for this release, before its services start."""

import argparse
import asyncio
from typing import Any, Final

from services.console.cli.environment import Environment
from services.console.cli.failures import Refused
from services.console.cli.output import Output
from services.console.cli.servers import database_of, link_of
from shared.bus.topology import Topology, TopologyMismatch, declare
from shared.preparing import RELEASE, OthersPrepare, Preparation, prepare
from shared.settings import MongoSettings, RabbitSettings
from shared.store.driver import Database
from shared.store.migrations import Change
from shared.store.restored import HalfRestored
from shared.store.schema import PreparingLost, SchemaStore, SchemaTooNew
from shared.store.topology import stored_topology

RETRY_SECONDS: Final = 0.5


def add_to(nouns: Any, as_json: argparse.ArgumentParser) -> None:
    about = "make indexes, change what a former release stored, record the topology, declare queues; again does nothing"
    parser = nouns.add_parser("prepare", parents=[as_json], help=about, description=about)
    parser.add_argument(
        "--contract",
        action="store_true",
        help="also take away what only former releases need: they cannot start any more, so there is no way back",
    )
    parser.add_argument(
        "--wait", type=float, default=120.0, metavar="S", help="seconds to wait for another who prepares (120)"
    )
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    rabbit = environment.settings(RabbitSettings)
    wanted = RELEASE._replace(contract=args.contract)
    topology = Topology(router_partitions=rabbit.router_partitions, sender_partitions=rabbit.sender_partitions)
    async with database_of(environment.settings(MongoSettings)) as database:
        try:
            async with asyncio.timeout(args.wait):
                made = await _prepared(environment, database, topology, wanted, declares=rabbit.topology == "declare")
        except (SchemaTooNew, TopologyMismatch, HalfRestored, PreparingLost) as refused:
            raise Refused(str(refused)) from None
        except TimeoutError:
            raise Refused(
                f"not done within {args.wait:g} s; another process prepares, or RabbitMQ is away: try again"
            ) from None
        schema, agreed = await SchemaStore(database).read(), await stored_topology(database)
    facts = {
        "release": wanted.release,
        "version": schema.version,
        "made": [change.name for change in made],
        "indexes": len(schema.indexes),
        "topology": (agreed or topology).model_dump(),
        "queues": "declared" if rabbit.topology == "declare" else "left to the operator",
    }
    done = ", ".join(f"{change.number} ({change.name})" for change in made) or "none"
    output.done(f"Prepared for {wanted.release}. Changes made now: {done}.", facts)


async def _prepared(
    environment: Environment, database: Database, topology: Topology, wanted: Preparation, *, declares: bool
) -> list[Change]:
    async def declare_all(agreed: Topology) -> None:
        async with link_of(environment) as link:
            await declare(link, agreed)

    while True:
        try:
            return await prepare(database, topology, wanted, declare_all if declares else None)
        except OthersPrepare:
            await asyncio.sleep(RETRY_SECONDS)
