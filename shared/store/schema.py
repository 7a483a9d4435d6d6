"""The state of the database's schema: which changes and indexes are made, by whom, and who is making them now."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from bson import json_util
from pydantic import BaseModel, ConfigDict
from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from shared.outage import Outage
from shared.store.driver import Collection, Database
from shared.store.migrations import Change

SCHEMA: Final = "schema"
PREPARING_SECONDS: Final = 30.0
"""How long one who prepares may say nothing before another goes on in their place."""


class SchemaTooNew(Exception):
    """A newer release took away what this one needs; only that one, or a backup of before, can serve from here."""


class PreparingLost(Outage):
    """Another holds the lease now: whoever finds this out must stop, and may begin again."""


class Made(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    number: int
    kind: str
    name: str
    at: datetime
    release: str


class Schema(BaseModel):
    """The record. `indexes` are those made, as `indexes_of` names them."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    made: tuple[Made, ...] = ()
    indexes: tuple[str, ...] = ()
    prepared_by: str | None = None
    """The release that prepared last, to the end."""

    @property
    def version(self) -> int:
        """The highest number made."""
        return max((one.number for one in self.made), default=0)

    def unmade(self, changes: Sequence[Change], *, contract: bool = False) -> list[Change]:
        """In order; those of the kind `contract` only where they are asked for."""
        numbers = {one.number for one in self.made}
        return [one for one in changes if one.number not in numbers and (contract or one.kind == "expand")]

    def missing(self, changes: Sequence[Change], indexes: frozenset[str]) -> list[str]:
        """What a release with these needs and does not find, in words."""
        unmade = [f"change {one.number} ({one.name})" for one in self.unmade(changes)]
        return unmade + [f"index {name.partition('@')[0]}" for name in sorted(indexes - set(self.indexes))]

    def refuse_newer(self, changes: Sequence[Change]) -> None:
        """Raises SchemaTooNew. Unknown changes that only add are no obstacle: that is what makes a rollback safe."""
        known = {one.number for one in changes}
        taken_away = [one for one in self.made if one.number not in known and one.kind == "contract"]
        if taken_away:
            last = taken_away[-1]
            raise SchemaTooNew(
                f"release {last.release} made change {last.number} ({last.name}) to this database, and this release "
                f"does not understand what is left; start {last.release} or a later one, or restore a backup of before"
            )


class SchemaStore:
    """The record, written only under a lease whose number every write names: one who lost it writes nothing more."""

    def __init__(self, database: Database) -> None:
        self._schema: Collection = database[SCHEMA]

    async def read(self) -> Schema:
        return Schema.model_validate(await self._schema.find_one({"_id": SCHEMA}) or {})

    async def take(self, holder: str, now: datetime) -> int | None:
        """The lease's number, higher than all before; None while another holds it."""
        free = {"_id": SCHEMA, "$or": [{"holder": None}, {"until": {"$lt": now}}]}
        mine = {"$set": {"holder": holder, "until": now + timedelta(seconds=PREPARING_SECONDS)}, "$inc": {"fence": 1}}
        try:
            taken = await self._schema.find_one_and_update(free, mine, upsert=True)
        except DuplicateKeyError:
            return None
        return int(taken["fence"]) if taken else None

    async def renew(self, fence: int, now: datetime) -> None:
        """Raises PreparingLost."""
        await self._write(fence, {"$set": {"until": now + timedelta(seconds=PREPARING_SECONDS)}})

    async def note_made(self, fence: int, made: Made) -> None:
        """Raises PreparingLost."""
        await self._write(fence, {"$push": {"made": made.model_dump()}})

    async def note_indexes(self, fence: int, indexes: frozenset[str]) -> None:
        """Those of other releases stay noted, as they stay made. Raises PreparingLost."""
        await self._write(fence, {"$addToSet": {"indexes": {"$each": sorted(indexes)}}})

    async def finish(self, fence: int, release: str) -> None:
        """Note that `release` prepared to the end, and let go. Raises PreparingLost."""
        await self._write(fence, {"$set": {"prepared_by": release, "holder": None}})

    async def let_go(self, fence: int) -> None:
        """What is left undone is somebody else's now."""
        await self._schema.update_one({"_id": SCHEMA, "fence": fence}, {"$set": {"holder": None}})

    async def _write(self, fence: int, update: Mapping[str, Any]) -> None:
        # Matched, not modified: what is noted already must not look like a lost lease.
        if await self._schema.find_one_and_update({"_id": SCHEMA, "fence": fence}, update) is None:
            raise PreparingLost("another process prepares the database now")


def indexes_of(table: Mapping[str, Sequence[IndexModel]]) -> frozenset[str]:
    """Each index as `collection.name@…`, the end of which changes with what it is."""
    return frozenset(
        f"{collection}.{index.document['name']}@{_fingerprint(index)}"
        for collection, indexes in table.items()
        for index in indexes
    )


def _fingerprint(index: IndexModel) -> str:
    told = json_util.dumps({**index.document, "key": list(index.document["key"].items())}, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:8]
