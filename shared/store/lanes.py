"""What must be known of a lane by whoever serves it next: who did last, its closed gate, the day's count."""

from datetime import date, datetime
from typing import NamedTuple

from shared.conversation.content import Frozen
from shared.store.driver import Collection, Database


class Gate(Frozen):
    """Nothing of the lane goes out before `until`, by the clock."""

    until: datetime
    code: str
    reason: str


class LaneRecord(NamedTuple):
    """`new_owner`: somebody else served the lane since this holder last did."""

    new_owner: bool
    gate: Gate | None
    attempts_today: int


class LaneStore:
    def __init__(self, database: Database) -> None:
        self._lanes: Collection = database["lanes"]

    async def take(self, lane: str, holder: str, today: date) -> LaneRecord:
        """Note who serves the lane now; what those before left of it."""
        doc = await self._lanes.find_one_and_update(
            {"_id": lane}, [{"$set": {"before": "$holder", "holder": holder}}], upsert=True
        )
        doc = doc or {}
        gate = doc.get("gate")
        counted = doc.get("attempts", 0) if doc.get("day") == today.isoformat() else 0
        return LaneRecord(
            new_owner=doc.get("before") != holder,
            gate=Gate.model_validate(gate) if gate else None,
            attempts_today=int(counted),
        )

    async def close(self, lane: str, gate: Gate) -> None:
        await self._lanes.update_one({"_id": lane}, {"$set": {"gate": gate.model_dump()}}, upsert=True)

    async def open(self, lane: str) -> None:
        await self._lanes.update_one({"_id": lane}, {"$unset": {"gate": ""}})

    async def count(self, lane: str, day: date, attempts: int) -> None:
        """Add to the day's attempts; the first of a new day starts it at nothing."""
        today = day.isoformat()
        before = {"$cond": [{"$eq": ["$day", today]}, {"$ifNull": ["$attempts", 0]}, 0]}
        counted = {"day": today, "attempts": {"$add": [before, attempts]}}
        await self._lanes.update_one({"_id": lane}, [{"$set": counted}], upsert=True)
