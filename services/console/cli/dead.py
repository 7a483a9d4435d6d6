"""`wxdesk dead`: messages that were set aside. It works on the collection, never on a queue."""

import argparse
from typing import Any, Final, Literal

from services.console.cli.environment import Environment
from services.console.cli.failures import Refused
from services.console.cli.output import Column, Output, printable_lines
from services.console.cli.replaying import Place, place_of, read_again, replayed
from services.console.cli.servers import database_of, publisher_of
from shared.bus.publisher import Publisher
from shared.settings import MongoSettings
from shared.store.conversations import ConversationStore
from shared.store.dead import DeadMessage, DeadStore
from shared.store.driver import Database
from shared.store.messages import MessageStore

MOST: Final = 10_000
"""More than this are not for one command."""

_COLUMNS: Final = (
    Column("ID", "id"),
    Column("AT", "at"),
    Column("QUEUE", "queue"),
    Column("KIND", "kind", 24),
    Column("CONVERSATION", "conversation_id"),
    Column("REASON", "reason", 200),
)


def add_to(nouns: Any, as_json: argparse.ArgumentParser) -> None:
    verbs = nouns.add_parser("dead", help="messages that were set aside").add_subparsers(metavar="VERB", required=True)
    listing = verbs.add_parser("list", parents=[as_json], help="those nobody has dealt with, oldest first")
    listing.add_argument("--state", choices=("open", "replayed", "dropped"), default="open")
    listing.set_defaults(run=list_all)
    showing = verbs.add_parser("show", parents=[as_json], help="one of them whole, customer's words included")
    showing.add_argument("id", metavar="ID")
    showing.set_defaults(run=show)
    replaying = verbs.add_parser("replay", parents=[as_json], help="give it another chance, mended if need be")
    which = replaying.add_mutually_exclusive_group(required=True)
    which.add_argument("id", metavar="ID", nargs="?")
    which.add_argument("--all", action="store_true", help="all that are open, oldest first")
    replaying.set_defaults(run=replay)
    dropping = verbs.add_parser("drop", parents=[as_json], help="it is dealt with; nothing is done")
    dropping.add_argument("id", metavar="ID")
    dropping.set_defaults(run=drop)


async def list_all(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with database_of(environment.settings(MongoSettings)) as database:
        found = await DeadStore(database).in_state(args.state, limit=MOST)
    nothing = "Nothing is set aside." if args.state == "open" else f"Nothing is {args.state}."
    output.table([_summary(dead) for dead in found], _COLUMNS, nothing=nothing)


async def show(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with database_of(environment.settings(MongoSettings)) as database:
        dead = await _existing(DeadStore(database), args.id)
    fields, body = {**_summary(dead), "state": dead.state}, dead.body.decode("utf-8", "replace")
    if output.as_json:
        output.record({**fields, "body": body})
    else:
        output.record(fields, more=f"body\n{printable_lines(body)}")


async def replay(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with database_of(environment.settings(MongoSettings)) as database:
        store = DeadStore(database)
        found = await store.in_state("open", limit=MOST) if args.all else [await _open(store, args.id)]
        if not found:
            output.done("Nothing is set aside.", {"replayed": [], "refused": []})
            return
        async with publisher_of(environment, database) as publisher:
            refused = await _replay_all(database, publisher, found)
    done = [dead.id for dead in found if dead.id not in refused]
    if not args.all and refused:
        raise Refused(refused[args.id])
    facts = {"replayed": done, "refused": [{"id": name, "reason": why} for name, why in refused.items()]}
    output.done("\n".join([f"{len(done)} replayed.", *refused.values()]), facts)
    if refused:
        raise Refused(f"{len(refused)} of {len(found)} could not be replayed")


async def drop(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with database_of(environment.settings(MongoSettings)) as database:
        store = DeadStore(database)
        dead = await _open(store, args.id)
        await _mark(store, dead, "dropped")
    output.done(f"{dead.id} is dropped.", {"id": dead.id, "state": "dropped"})


async def _replay_all(database: Database, publisher: Publisher, found: list[DeadMessage]) -> dict[str, str]:
    """Replay in order; by its id, why each of those that stay could not be."""
    refused: dict[str, str] = {}
    for dead in found:
        try:
            await _replay(database, publisher, dead)
        except Refused as why:
            refused[dead.id] = str(why)
    return refused


async def _replay(database: Database, publisher: Publisher, dead: DeadMessage) -> None:
    """Publish, then mark: a mark first would lose what the broker did not take."""
    message = read_again(dead)
    await publisher.publish(replayed(dead, message, await _place(database, dead)))
    await _mark(DeadStore(database), dead, "replayed")


async def _place(database: Database, dead: DeadMessage) -> Place:
    kept = place_of(dead)
    if kept is None:
        return Place(None, None)
    conversation, message = kept
    return Place(
        await ConversationStore(database).get(conversation),
        await MessageStore(database).by_id(message),
    )


async def _existing(store: DeadStore, dead_id: str) -> DeadMessage:
    dead = await store.get(dead_id)
    if dead is None:
        raise Refused(f"nothing is set aside under {dead_id}; see `wxdesk dead list`")
    return dead


async def _open(store: DeadStore, dead_id: str) -> DeadMessage:
    dead = await _existing(store, dead_id)
    if dead.state != "open":
        raise Refused(f"{dead_id} is {dead.state} already")
    return dead


async def _mark(store: DeadStore, dead: DeadMessage, state: Literal["replayed", "dropped"]) -> None:
    if not await store.mark(dead.id, state):
        raise Refused(f"{dead.id} was dealt with by somebody else meanwhile; see `wxdesk dead show {dead.id}`")


def _summary(dead: DeadMessage) -> dict[str, Any]:
    return {
        "id": dead.id,
        "at": dead.at,
        "queue": dead.queue,
        "kind": dead.kind,
        "conversation_id": dead.conversation_id,
        "fact_id": dead.fact_id,
        "reason": dead.reason,
    }
