"""What RabbitMQ did not take, until it does: whole messages, in the order in which gateways took them."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final, NamedTuple

from shared.store.driver import Collection, Database, within

BATCH: Final = 200


class Spooled(NamedTuple):
    """One message; `body` is what would have been published."""

    id: str
    conversation: str
    body: bytes


class Taken(NamedTuple):
    """The place of a message in the order: when, and as the how-manieth of its gateway (`holder`), it was taken."""

    at: datetime
    holder: str
    number: int


class Standing(NamedTuple):
    """How many wait, and since when the first of them does; None where none does."""

    rows: int
    oldest_at: datetime | None


class Spool:
    def __init__(self, database: Database, *, answer_seconds: float) -> None:
        self._rows: Collection = database["spool"]
        self._answer_seconds = answer_seconds

    async def add(self, conversation: str, body: bytes, taken: Taken) -> None:
        """Keep it. Raises StoreUnavailable, when it may be kept all the same."""
        place = {"_id": f"{taken.holder}:{taken.number}", "at": taken.at, "n": taken.number}
        row = {**place, "conversation": conversation, "body": body}
        async with within(self._answer_seconds):
            await self._rows.insert_one(row)

    async def standing(self) -> Standing:
        """Raises StoreUnavailable, as everything here."""
        async with within(self._answer_seconds):
            rows = await self._rows.count({})
            first = await self._rows.find_one({}, {"at": 1}, sort=[("at", 1), ("n", 1)]) if rows else None
        return Standing(rows, first["at"] if first else None)

    async def holds(self, conversation: str) -> bool:
        """Whether something of this conversation waits."""
        async with within(self._answer_seconds):
            return await self._rows.find_one({"conversation": conversation}, {"_id": 1}) is not None

    async def oldest_first(self) -> AsyncIterator[list[Spooled]]:
        """All that wait, some at a time."""
        async for docs in self._rows.batches({}, sort=[("at", 1), ("n", 1)], size=BATCH):
            yield [Spooled(doc["_id"], doc["conversation"], bytes(doc["body"])) for doc in docs]

    async def remove(self, row: Spooled) -> None:
        await self._rows.delete_one({"_id": row.id})
