"""Putting a backup back: all of it, or a database that nobody serves from until the same command has ended."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from bson import decode

from shared.store.backup.files import read_documents, verify
from shared.store.backup.manifest import Manifest, read_manifest
from shared.store.backup.under_way import Settled, UnderWay
from shared.store.backup.whole import Whole
from shared.store.driver import Database
from shared.store.migrations import CHANGES
from shared.store.restored import RESTORES, Restores
from shared.store.schema import SCHEMA, Schema

MACHINERY: Final = frozenset(
    {"clock", "doctor", "leases", "login_attempts", "logins", "pages_open", RESTORES, SCHEMA, "topology"}
)
"""What stands in a database that was only prepared, or whose services found nothing to do."""
_BATCH_BYTES: Final = 8 * 1024 * 1024
_BATCH_DOCUMENTS: Final = 1_000

Told = Callable[[str], None]


class NotEmpty(Exception):
    """The database holds something that a restore would replace."""


class ServicesRun(Exception):
    """Somebody works on this database."""


class Restored(NamedTuple):
    manifest: Manifest
    under_way: Settled


def verified(folder: Path, told: Told) -> Manifest:
    """Read everything once and compare it with the manifest. Raises BackupBroken."""
    manifest = read_manifest(folder)
    for name, kept in sorted(manifest.collections.items()):
        verify(folder, name, kept)
        told(f"{name}: {kept.documents} documents as written")
    return manifest


async def restore(database: Database, folder: Path, *, replace: bool, now: datetime, told: Told) -> Restored:
    """Make the database what the backup says, without what was under way; nothing is touched unless that is whole.

    From the first change to the last the database is marked, and every service that starts waits. Stopped on the way,
    the same call begins again from the start, whatever `replace` says.
    Raises BackupBroken, SchemaTooNew, NotEmpty, ServicesRun, DocumentsRefused, StoreUnavailable.
    """
    manifest = verified(folder, lambda _: None)
    _refuse_newer(folder, manifest)
    await _refuse_running(database, now)
    whole, restores = Whole(database), Restores(database)
    there = await whole.collections()
    if not replace and await restores.under_way() != manifest.name:
        await _refuse_full(whole, there)
    await restores.begin(manifest.name, now)
    for name in there:
        if name != RESTORES:
            await whole.drop(name)
    for name in sorted(manifest.collections):
        await _fill(whole, folder, manifest, name)
        told(f"{name}: {manifest.collections[name].documents} documents restored")
    under_way = await UnderWay(database, now).settle()
    await restores.end()
    return Restored(manifest, under_way)


def _refuse_newer(folder: Path, manifest: Manifest) -> None:
    """Raises SchemaTooNew where a newer release took away what this one needs."""
    kept = manifest.collections.get(SCHEMA)
    for document in read_documents(folder, SCHEMA, kept) if kept else ():
        Schema.model_validate(decode(document)).refuse_newer(CHANGES)


async def _fill(whole: Whole, folder: Path, manifest: Manifest, name: str) -> None:
    """The documents first: an index made at once over all of them is made faster."""
    kept = manifest.collections[name]
    await whole.make(name)
    for documents in _batches(read_documents(folder, name, kept)):
        await whole.insert(name, documents)
    await whole.make_indexes(name, kept.index_specs())


async def _refuse_full(whole: Whole, there: Iterable[str]) -> None:
    full = [name for name in there if name not in MACHINERY and not await whole.is_empty(name)]
    if full:
        raise NotEmpty(", ".join(full[:5]) + (" …" if len(full) > 5 else ""))  # noqa: PLR2004 - enough to know it by


async def _refuse_running(database: Database, now: datetime) -> None:
    """By the leases that a process holds for as long as it runs; others outlive it by up to an hour."""
    where = {"_id": {"$regex": "^(replica|slot):"}, "until": {"$gt": now}}
    held = await database["leases"].find(where, sort=[("_id", 1)], limit=20)
    if held:
        raise ServicesRun(", ".join(str(lease["_id"]) for lease in held))


def _batches(documents: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Pieces bounded in bytes, but for a document that is larger by itself."""
    batch: list[bytes] = []
    size = 0
    for document in documents:
        if batch and (size + len(document) > _BATCH_BYTES or len(batch) == _BATCH_DOCUMENTS):
            yield batch
            batch, size = [], 0
        batch.append(document)
        size += len(document)
    if batch:
        yield batch
