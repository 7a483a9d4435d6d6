"""The history: a message is inserted once, never overwritten, and changed only under the guard of `revision`."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import structlog
from bson.timestamp import Timestamp
from pymongo import UpdateOne

from shared.conversation.ids import message_id
from shared.conversation.model import HELD_LIMIT, RANKS, Message, MessageChange
from shared.store.conversations import STAMP
from shared.store.driver import DUPLICATE_KEY, Collection, Database, Doc

log = structlog.get_logger()

SERVER_TIME: Final = Timestamp(0, 0)
"""An empty timestamp at the top of an inserted document: the server puts its own clock there."""


class SeqTaken(Exception):
    """Two different messages claim one place in a history: the books are wrong, and nothing may hide it."""


class MessageStore:
    def __init__(self, database: Database) -> None:
        self._messages: Collection = database["messages"]

    async def existing(self, ids: Sequence[str]) -> set[str]:
        """Which of these messages are in the history."""
        return {doc["_id"] for doc in await self._messages.find({"_id": {"$in": list(ids)}}, {"_id": 1})}

    async def insert(self, messages: Sequence[Message]) -> None:
        """Add messages; one that is there already stays as it is. Raises SeqTaken."""
        if not messages:
            return
        docs = [_stored(message) for message in messages]
        refusals = await self._messages.insert_many(docs)
        doubled = [messages[r.place] for r in refusals if not (r.code == DUPLICATE_KEY and r.key == ("_id",))]
        if doubled:
            raise SeqTaken(", ".join(f"{message.id} seq {message.seq}" for message in doubled))

    async def change(self, changes: Sequence[MessageChange]) -> None:
        """Apply changes in the order given; an older one, or a delivery of no higher rank, changes nothing."""
        if changes:
            await self._messages.bulk_write([_change(change) for change in changes])

    async def get(self, conversation: str, seq: int) -> Message | None:
        doc = await self._messages.find_one({"conversation": conversation, "seq": seq})
        return loaded(doc) if doc else None

    async def by_id(self, message: str) -> Message | None:
        doc = await self._messages.find_one({"_id": message})
        return loaded(doc) if doc else None

    async def by_command(self, conversation: str, cause: str) -> list[Message]:
        """The messages one cause added, in order."""
        ids = [message_id(conversation, cause, index) for index in range(HELD_LIMIT)]
        docs = await self._messages.find({"_id": {"$in": ids}}, sort=[("seq", 1)])
        return [loaded(doc) for doc in docs]

    async def page(
        self, conversation: str, *, after_seq: int | None = None, before_seq: int | None = None, limit: int = 50
    ) -> list[Message]:
        """Messages in ascending order: those after, or the last ones before, a place in the history."""
        where: Doc = {"conversation": conversation}
        if after_seq is not None:
            where["seq"] = {"$gt": after_seq}
            return [loaded(doc) for doc in await self._messages.find(where, sort=[("seq", 1)], limit=limit)]
        if before_seq is not None:
            where["seq"] = {"$lt": before_seq}
        newest = await self._messages.find(where, sort=[("seq", -1)], limit=limit)
        return [loaded(doc) for doc in reversed(newest)]

    async def notes(self, conversation: str, limit: int) -> list[Message]:
        """What agents noted for each other, newest first."""
        where = {"conversation": conversation, "content.type": "note"}
        return [loaded(doc) for doc in await self._messages.find(where, sort=[("seq", -1)], limit=limit)]

    async def sessions_at(self, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str | None]:
        """Which session the messages at these places (conversation and `seq`) belong to, where there are any."""
        wanted = [{"conversation": conversation, "seq": seq} for conversation, seq in places if seq > 0]
        if not wanted:
            return {}
        docs = await self._messages.find({"$or": wanted}, {"conversation": 1, "seq": 1, "session_id": 1})
        return {(doc["conversation"], doc["seq"]): doc.get("session_id") for doc in docs}

    async def erase(self, conversation: str) -> None:
        await self._messages.delete_many({"conversation": conversation})


def loaded(doc: Doc) -> Message:
    return Message.model_validate({**doc, "id": doc["_id"]})


def _stored(message: Message) -> Doc:
    doc = message.model_dump(exclude_none=True, exclude={"id"})
    if message.delivery is not None:
        doc["delivery"]["rank"] = message.delivery.rank
    return {"_id": message.id, "changed_at": SERVER_TIME, **doc}


def _change(change: MessageChange) -> UpdateOne:
    where: Doc = {"_id": change.message_id, "revision": {"$lt": change.revision}}
    fields: dict[str, Any] = {"revision": change.revision}
    if change.delivery is not None:
        if not change.anew:
            where["delivery.rank"] = {"$lt": RANKS[change.delivery.state]}
        fields["delivery"] = {**change.delivery.model_dump(exclude_none=True), "rank": change.delivery.rank}
    if change.content is not None:
        fields["content"] = change.content.model_dump(exclude_none=True)
    if change.mark is not None:
        fields["delivery.mark"] = change.mark
    return UpdateOne(where, {"$set": fields, "$currentDate": STAMP})
