"""The mark of a restore that has begun and not ended: until it is gone, nobody may serve from this database."""

from datetime import datetime
from typing import Final

from shared.outage import Outage
from shared.store.driver import Collection, Database

RESTORES: Final = "restores"
_MARK: Final = "under_way"


class HalfRestored(Outage):
    """A backup is being restored here, or was until somebody stopped it."""


class Restores:
    def __init__(self, database: Database) -> None:
        self._restores: Collection = database[RESTORES]

    async def begin(self, backup: str, at: datetime) -> None:
        """`backup` is the manifest's name; beginning again changes it."""
        await self._restores.update_one({"_id": _MARK}, {"$set": {"backup": backup, "at": at}}, upsert=True)

    async def under_way(self) -> str | None:
        """The backup that is being restored."""
        mark = await self._restores.find_one({"_id": _MARK})
        return str(mark["backup"]) if mark else None

    async def end(self) -> None:
        await self._restores.delete_one({"_id": _MARK})


async def refuse_half_restored(database: Database) -> None:
    """Raises HalfRestored."""
    if await Restores(database).under_way() is not None:
        raise HalfRestored("MongoDB: a backup is only half restored; give `wxdesk restore` again if it was stopped")
