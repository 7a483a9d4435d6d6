"""Ended sessions, and why each assignment was made: written once, read by people."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from pymongo import UpdateOne

from shared.clock import real_now
from shared.conversation.commands import RecordDecision, RecordSession
from shared.conversation.ids import session_id
from shared.conversation.model import Session
from shared.store.driver import Collection, Database, Doc


class SessionRecords:
    def __init__(self, database: Database) -> None:
        self._sessions: Collection = database["sessions"]

    async def save(self, record: RecordSession) -> None:
        session = record.session.model_dump()
        await self._sessions.update_one(
            {"_id": record.session.id_in(record.conversation_id)},
            {"$set": {"conversation": record.conversation_id, "app_id": record.app_id, **session}},
            upsert=True,
        )

    async def ended(self, conversation: str, limit: int = 200) -> list[Session]:
        """The ended sessions, newest first, each with who held it at the end."""
        docs = await self._sessions.find({"conversation": conversation}, sort=[("number", -1)], limit=limit)
        return [Session.model_validate(doc) for doc in docs]

    async def erase(self, conversation: str) -> None:
        await self._sessions.delete_many({"conversation": conversation})


class Assigned(NamedTuple):
    """Why an agent got a session or was offered it: whom it was between, by which rule and version of the settings."""

    kind: Literal["assigned", "offered"]
    conversation: str
    session: str
    claim_id: str
    agent_id: str
    rule: str
    policy_version: int
    candidates: Sequence[Doc] = ()


class DecisionRecords:
    """Why a session was assigned, or was not: the candidates with their loads, the rule, the policy's version."""

    def __init__(self, database: Database) -> None:
        self._decisions: Collection = database["decisions"]

    async def save(self, decisions: Sequence[Assigned]) -> None:
        """Each once: what was saved first stays."""
        at = real_now()
        docs = [(one.claim_id, {"recorded_at": at, **one._asdict()}) for one in decisions]
        if docs:
            await self._decisions.bulk_write(
                [UpdateOne({"_id": name}, {"$setOnInsert": doc}, upsert=True) for name, doc in docs]
            )

    async def save_route(self, record: RecordDecision) -> None:
        """Where one of the app's rules or fallbacks sent a session."""
        session = session_id(record.conversation_id, record.session)
        doc = {
            "conversation": record.conversation_id,
            "kind": "routed",
            "recorded_at": real_now(),
            "session": session,
            "rule": record.rule,
            "to": record.to,
            "policy_version": record.policy_version,
        }
        name = f"{session}:{record.cause}:{record.rule}"
        await self._decisions.update_one({"_id": name}, {"$setOnInsert": doc}, upsert=True)

    async def of_conversation(self, conversation: str) -> list[Doc]:
        return await self._decisions.find({"conversation": conversation}, sort=[("recorded_at", 1)])
