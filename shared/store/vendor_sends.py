"""By which a vendor's request is known again that has no id of its own: the same words to the same customer, soon."""

from datetime import datetime, timedelta

from shared.store.driver import Collection, Database


class VendorSends:
    """Shared by all replicas: a repeat may come to another one."""

    def __init__(self, database: Database) -> None:
        self._sends: Collection = database["vendor_sends"]

    async def named(self, key: str, new_id: str, now: datetime, seconds: float) -> str:
        """The name of the request `key`: that of the last one of this key, for `seconds` after it; else `new_id`."""
        known = {"$gt": ["$until", now]}
        until = now + timedelta(seconds=seconds)
        update = [
            {
                "$set": {
                    "name": {"$cond": [known, "$name", {"$literal": new_id}]},
                    "until": {"$cond": [known, "$until", until]},
                }
            }
        ]
        doc = await self._sends.find_one_and_update({"_id": key}, update, upsert=True)
        return str(doc["name"]) if doc else new_id

    async def hold(self, key: str, until: datetime) -> None:
        """Its end is not known yet: whoever asks again before `until` means the same."""
        await self._sends.update_one({"_id": key}, {"$max": {"until": until}})
