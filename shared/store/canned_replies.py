"""Replies kept ready: shared ones that supervisors write, personal ones that each agent writes."""

import uuid
from collections.abc import Iterable
from typing import Literal

from pymongo.errors import DuplicateKeyError

from shared.conversation.content import Frozen
from shared.store.driver import Collection, Database, Doc

Scope = Literal["shared", "personal"]


class CannedReply(Frozen):
    """`owner` None: shared. `app_id` None: for every app. `version` counts changes."""

    id: str
    shortcut: str
    title: str
    text: str
    owner: str | None = None
    app_id: str | None = None
    version: int = 1

    @property
    def scope(self) -> Scope:
        return "shared" if self.owner is None else "personal"


class ShortcutTaken(Exception):
    """The same owner has another reply of this shortcut for the same app."""


class CannedReplyStore:
    def __init__(self, database: Database) -> None:
        self._replies: Collection = database["canned_replies"]

    async def add(self, reply: CannedReply) -> None:
        """Raises ShortcutTaken."""
        try:
            await self._replies.insert_one({"_id": reply.id, **reply.model_dump(exclude={"id"})})
        except DuplicateKeyError:
            raise ShortcutTaken(reply.shortcut) from None

    async def get(self, reply: str) -> CannedReply | None:
        doc = await self._replies.find_one({"_id": reply})
        return _reply(doc) if doc else None

    async def for_agent(self, agent_id: str, apps: Iterable[str] | None) -> list[CannedReply]:
        """The agent's own, and the shared ones of these apps (None: of all) and of every app; by shortcut."""
        shared: Doc = {"owner": None}
        if apps is not None:
            shared["app_id"] = {"$in": [None, *apps]}
        docs = await self._replies.find({"$or": [{"owner": agent_id}, shared]}, sort=[("shortcut", 1), ("_id", 1)])
        return [_reply(doc) for doc in docs]

    async def count(self, owner: str | None) -> int:
        return await self._replies.count({"owner": owner})

    async def change(self, reply: str, version: int, **fields: object) -> CannedReply | None:
        """Set fields of this version; None where there is no such version (any more). Raises ShortcutTaken."""
        update = {"$set": fields, "$inc": {"version": 1}}
        try:
            doc = await self._replies.find_one_and_update({"_id": reply, "version": version}, update)
        except DuplicateKeyError:
            raise ShortcutTaken(str(fields.get("shortcut", ""))) from None
        return _reply(doc) if doc else None

    async def remove(self, reply: str) -> bool:
        return await self._replies.delete_one({"_id": reply}) == 1


def new_reply_id() -> str:
    return uuid.uuid4().hex


def _reply(doc: Doc) -> CannedReply:
    return CannedReply.model_validate({**doc, "id": doc["_id"]})
