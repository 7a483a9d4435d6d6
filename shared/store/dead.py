"""Messages that were set aside, and the notes that tell which message a process died of."""

import hashlib
from datetime import datetime
from typing import Any, Literal

import orjson
import structlog

from shared.clock import real_now
from shared.conversation.content import Frozen
from shared.store.driver import Collection, Database, Doc

log = structlog.get_logger()


class DeadMessage(Frozen):
    """One condemned message, whole. `state` says whether someone has dealt with it."""

    id: str
    queue: str
    body: bytes
    kind: str
    reason: str
    at: datetime
    conversation_id: str | None = None
    fact_id: str | None = None
    state: Literal["open", "replayed", "dropped"] = "open"


def dead_id(queue: str, body: bytes) -> str:
    """The same message condemned again is the same document."""
    return hashlib.blake2b(queue.encode() + b"\0" + body, digest_size=16).hexdigest()


class DeadStore:
    def __init__(self, database: Database) -> None:
        self._dead: Collection = database["dead"]
        self._notes: Collection = database["taking"]

    async def condemn(self, dead: DeadMessage) -> bool:
        """Keep it; False where it was set aside before, which is no news."""
        return not await self._dead.insert_many([{"_id": dead.id, **dead.model_dump(exclude={"id"})}])

    async def set_aside(self, queue: str, body: bytes, kind: str, reason: str) -> None:
        """Condemn a message that belongs to no conversation's books."""
        log.error("message_condemned", queue=queue, kind=kind, reason=reason)
        name = dead_id(queue, body)
        await self.condemn(DeadMessage(id=name, queue=queue, body=body, kind=kind, reason=reason, at=real_now()))

    async def get(self, dead: str) -> DeadMessage | None:
        doc = await self._dead.find_one({"_id": dead})
        return _dead(doc) if doc else None

    async def in_state(self, state: str = "open", limit: int = 200) -> list[DeadMessage]:
        docs = await self._dead.find({"state": state}, sort=[("at", 1)], limit=limit)
        return [_dead(doc) for doc in docs]

    async def count(self) -> int:
        return await self._dead.count({"state": "open"}, limit=10_000)

    async def mark(self, dead: str, state: Literal["replayed", "dropped"]) -> bool:
        return await self._dead.update_one({"_id": dead, "state": "open"}, {"$set": {"state": state}}) == 1

    async def note_taking(self, dead: str) -> int:
        """Note that a suspicious message is being taken; how often that was noted without being cleared."""
        doc = await self._notes.find_one_and_update(
            {"_id": dead}, {"$inc": {"times": 1}, "$set": {"at": real_now()}}, upsert=True
        )
        return int(doc["times"]) if doc else 1

    async def clear_note(self, dead: str) -> None:
        await self._notes.delete_one({"_id": dead})


def _dead(doc: Doc) -> DeadMessage:
    return DeadMessage.model_validate({**doc, "id": doc["_id"]})


def salvaged(body: bytes) -> dict[str, Any]:
    """What can be made out of a body that is no message: its fields, if it is JSON at all."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}
