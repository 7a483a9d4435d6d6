"""Agents' commands that were not settled while their caller waited: whose they were, and how they ended."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from bson.timestamp import Timestamp

from shared.clock import real_now
from shared.conversation.model import Verdict
from shared.store.changes import Stamp
from shared.store.conversations import STAMP
from shared.store.driver import Collection, Database, Doc


class Unsettled(NamedTuple):
    """A command whose caller was answered 202; `verdict` is there once it is known."""

    command_id: str
    agent_id: str
    conversation: str
    verdict: Verdict | None = None


class UnsettledCommands:
    def __init__(self, database: Database) -> None:
        self._commands: Collection = database["commands"]

    async def note(self, command: Unsettled, at: datetime | None = None) -> None:
        """Remember whose command this is; again changes nothing."""
        doc = {"agent_id": command.agent_id, "conversation": command.conversation, "at": at or real_now()}
        await self._commands.update_one(
            {"_id": command.command_id},
            {"$setOnInsert": {**doc, "open": True}, "$currentDate": STAMP},
            upsert=True,
        )

    async def settle(self, command_id: str, verdict: Verdict) -> None:
        await self._commands.update_one(
            {"_id": command_id, "open": True},
            {"$set": {"verdict": verdict.model_dump()}, "$unset": {"open": ""}, "$currentDate": STAMP},
        )

    async def unsettled(self, limit: int = 500) -> list[Unsettled]:
        return [_unsettled(doc) for doc in await self._commands.find({"open": True}, sort=[("at", -1)], limit=limit)]

    async def settled_since(self, since: Stamp, agent_ids: Iterable[str]) -> list[Unsettled]:
        """These agents' commands that were settled at or after `since`, oldest first, as a majority has them."""
        docs = await self._commands.find(
            {
                "agent_id": {"$in": list(agent_ids)},
                "verdict": {"$exists": True},
                "changed_at": {"$gte": Timestamp(*since)},
            },
            sort=[("changed_at", 1)],
            majority=True,
        )
        return [_unsettled(doc) for doc in docs]


def _unsettled(doc: Doc) -> Unsettled:
    verdict = Verdict.model_validate(doc["verdict"]) if doc.get("verdict") else None
    return Unsettled(doc["_id"], doc["agent_id"], doc["conversation"], verdict)
