"""The sandbox's clock offset: what `CLOCK=sandbox` follows."""

from shared.store.driver import Database


class ClockStore:
    def __init__(self, database: Database) -> None:
        self._clock = database["clock"]

    async def save_offset(self, seconds: float) -> None:
        await self._clock.update_one({"_id": "sandbox"}, {"$set": {"offset_seconds": seconds}}, upsert=True)

    async def read_offset(self) -> float:
        """Seconds to add to real time; 0 until the sandbox has said otherwise."""
        doc = await self._clock.find_one({"_id": "sandbox"})
        return float(doc["offset_seconds"]) if doc else 0.0
