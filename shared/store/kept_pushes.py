"""What vendors told of nobody we know: kept as it came, for a month, so that somebody can look into it."""

from typing import Final

from shared.clock import real_now
from shared.store.driver import Collection, Database, within

LONGEST_BODY: Final = 64 * 1024


class KeptPushes:
    def __init__(self, database: Database, *, answer_seconds: float) -> None:
        self._pushes: Collection = database["vendor_pushes"]
        self._answer_seconds = answer_seconds

    async def keep(self, vendor: str, account: str, push_id: str, body: bytes) -> None:
        """The same push again stays the one that it is. Raises StoreUnavailable."""
        doc = {
            "vendor": vendor,
            "account": account,
            "body": body[:LONGEST_BODY].decode("utf-8", "replace"),
            "at": real_now(),
        }
        async with within(self._answer_seconds):
            await self._pushes.update_one({"_id": f"{account}:{push_id}"}, {"$setOnInsert": doc}, upsert=True)
