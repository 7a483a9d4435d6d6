"""Deleting an app's history: each conversation is told as a fact, and the router erases it in its order."""

import asyncio
import secrets
from collections.abc import Sequence
from typing import Final, NamedTuple

from services.console.cli.environment import Environment
from services.console.cli.failures import OutOfReach, Refused
from services.console.cli.servers import publisher_of
from services.console.cli.standard_input import asked
from shared.bus.publisher import Publisher
from shared.clock import real_now
from shared.conversation.facts import CustomerDeleted
from shared.pieces import pieces
from shared.store.driver import Database
from shared.store.erasing import HOLDING

_AT_ONCE: Final = 200
_LOOK_AGAIN_SECONDS: Final = 0.2


class Left(NamedTuple):
    """How far it is: all conversations of the app, those not deleted yet, those whose documents are still there."""

    everyone: int
    living: list[str]
    erasing: list[str]

    @property
    def undone(self) -> int:
        return len(self.living) + len(self.erasing)


def confirm(app_id: str, typed: str | None) -> None:
    """Ask for the appid unless it was given; raises Refused unless it is this one."""
    if typed is None:
        typed = asked(f"This deletes every conversation of {app_id} for good. Type the appid to go on: ")
    if typed != app_id:
        raise Refused(f"the appid typed is not {app_id}, so nothing was changed; try again, or give --yes {app_id}")


async def purge(environment: Environment, database: Database, app_id: str, patience_seconds: float) -> int:
    """Have every conversation of the app erased, and wait for it; how many there were.

    Raises OutOfReach when nothing more is erased for `patience_seconds`: what was told stays told.
    """
    left = await _left(database, app_id)
    if left.undone == 0:
        return left.everyone
    async with publisher_of(environment, database) as publisher:
        told: set[str] = set()
        fewest, patient_until = left.undone + 1, 0.0
        while left.undone:
            # One that is deleted and lives again was written to meanwhile: it is told again.
            told &= set(left.living)
            new = [name for name in left.living if name not in told]
            await _tell(publisher, app_id, new)
            told.update(new)
            now = asyncio.get_running_loop().time()
            if left.undone < fewest:
                fewest, patient_until = left.undone, now + patience_seconds
            elif now > patient_until:
                raise OutOfReach(_out_of_patience(app_id, left, patience_seconds))
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            left = await _left(database, app_id)
    return left.everyone


async def _tell(publisher: Publisher, app_id: str, conversations: Sequence[str]) -> None:
    run = secrets.token_hex(8)
    facts = [
        CustomerDeleted(
            conversation_id=conversation,
            app_id=app_id,
            cause=f"purge:{run}",
            occurred_at=real_now(),
            trace_id=f"purge-{run}",
        )
        for conversation in conversations
    ]
    for some in pieces(facts, _AT_ONCE):
        await publisher.publish_all(some)


async def _left(database: Database, app_id: str) -> Left:
    docs = await database["conversations"].find({"app_id": app_id}, {"deleted_at": 1})
    living = [str(doc["_id"]) for doc in docs if doc.get("deleted_at") is None]
    erasing = [] if living else await _erasing(database, [str(doc["_id"]) for doc in docs])
    return Left(len(docs), living, erasing)


async def _erasing(database: Database, conversations: Sequence[str]) -> list[str]:
    """Which conversations some document still belongs to; one of every few hundred is enough to know."""
    found = []
    for these in pieces(conversations, _AT_ONCE):
        some = {"conversation": {"$in": list(these)}}
        for collection in HOLDING:
            found += [str(doc["conversation"]) for doc in await database[collection].find(some, limit=1)]
    return found


def _out_of_patience(app_id: str, left: Left, patience_seconds: float) -> str:
    return (
        f"{left.undone} of {left.everyone} conversations of {app_id} are not erased yet, and none was within "
        f"{patience_seconds:g} s; see that the router runs (`wxdesk doctor`), then give the same command again"
    )
