"""Sealing everything anew with the first key, so that an old one can be dropped: in any order, again and again."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final, NamedTuple

from shared.store import apps, notifiers, webhooks
from shared.store.driver import Database, Doc
from shared.store.sealing import Keyring

SEALED: Final[dict[str, tuple[str, ...]]] = {
    "agents": ("second_factor.secret", "offered_factor.secret"),
    "apps": apps.SECRET_FIELDS,
    "notifiers": notifiers.SEALED,
    "tokens": ("value",),
    "vendor_accounts": ("secrets.*",),
    "webhooks": webhooks.SEALED,
}
"""By collection, the fields whose values are sealed; `*` is every field there."""


class Kept(NamedTuple):
    """One sealed value, and where it stands."""

    collection: str
    owner: Any
    path: str
    sealed: str


class Status(NamedTuple):
    """How many values each key has sealed, by its fingerprint; where those stand that no key here opens."""

    sealed_by: Counter[str]
    unreadable: tuple[Kept, ...]


class Resealing:
    def __init__(self, database: Database, keys: Keyring) -> None:
        self._database = database
        self._keys = keys

    async def status(self) -> Status:
        counts: Counter[str] = Counter()
        unreadable = []
        async for kept in self._everything():
            key = self._keys.of(kept.sealed)
            if key is None:
                unreadable.append(kept)
            else:
                counts[key] += 1
        return Status(counts, tuple(unreadable))

    async def reseal(self) -> int:
        """Seal with the first key what another has sealed; how many values.

        Written only where it stands as it was read: what a service has changed meanwhile is newer, and left alone.
        """
        done = 0
        async for kept in self._everything():
            if self._keys.of(kept.sealed) in {None, self._keys.fingerprints[0]}:
                continue
            as_read = {"_id": kept.owner, kept.path: kept.sealed}
            anew = {"$set": {kept.path: self._keys.anew(kept.sealed)}}
            done += await self._database[kept.collection].update_one(as_read, anew)
        return done

    async def _everything(self) -> AsyncIterator[Kept]:
        for collection, paths in SEALED.items():
            fields = {path.removesuffix(".*"): 1 for path in paths}
            async for docs in self._database[collection].batches({}, fields):
                for doc in docs:
                    for path in paths:
                        for place, sealed in _values(doc, path):
                            yield Kept(collection, doc["_id"], place, sealed)


def _values(doc: Doc, path: str) -> Iterator[tuple[str, str]]:
    """The values at a path, each by its own."""
    outer, _, inner = path.partition(".")
    value = doc.get(outer)
    if not inner:
        if isinstance(value, str) and value:
            yield outer, value
    elif isinstance(value, dict):
        for name in value if inner == "*" else (inner,):
            if isinstance(value.get(name), str) and value[name]:
                yield f"{outer}.{name}", value[name]
