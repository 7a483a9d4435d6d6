"""Making a backup: every collection to its file, at one instant; the folder gets its name when all of it is there."""

import os
import shutil
from pathlib import Path
from typing import Final, Literal

from shared.clock import real_now
from shared.store.backup.files import CollectionFile
from shared.store.backup.manifest import FORMAT, LEFT_OUT, MANIFEST, MEDIA, Kept, Manifest, index_texts
from shared.store.backup.whole import Whole
from shared.store.driver import Database
from shared.store.restored import refuse_half_restored
from shared.store.topology import stored_topology
from shared.version import version

UNFINISHED: Final = ".unfinished"


async def save(database: Database, folder: Path, *, media: bool = True) -> Manifest:
    """Everything into `folder`, which must not be there yet; services may go on meanwhile.

    What stands in `folder.unfinished`, from a run that was stopped, is thrown away.
    Raises FileExistsError, OSError, SnapshotGone, HalfRestored, StoreUnavailable.
    """
    unfinished = _begun(folder)
    try:
        manifest = await _saved(database, unfinished, media=media)
        _write(unfinished / MANIFEST, manifest.model_dump_json(indent=1).encode())
        _settle(unfinished)
        unfinished.rename(folder)
        _settle(folder.parent)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return manifest


def _begun(folder: Path) -> Path:
    """An empty folder beside the one that is wanted."""
    if folder.exists():
        raise FileExistsError(folder)
    unfinished = folder.with_name(folder.name + UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700, parents=True)
    return unfinished


async def _saved(database: Database, folder: Path, *, media: bool) -> Manifest:
    whole = Whole(database)
    await refuse_half_restored(database)
    topology, at = await stored_topology(database), await database.majority_time()
    left_out = LEFT_OUT if media else LEFT_OUT | {MEDIA}
    names = [name for name in await whole.collections() if name not in left_out]
    kept: dict[str, Kept] = {}
    async with whole.one_instant():
        for name in names:
            if name != MEDIA:
                kept[name] = await _one(whole, folder, name, "one_instant")
    if MEDIA in names:
        kept[MEDIA] = await _one(whole, folder, MEDIA, "afterwards")
    return Manifest(
        format=FORMAT,
        wxdesk=version(),
        mongodb=await database.version(),
        database=database.name,
        made_at=real_now(),
        at=at.time,
        topology=topology,
        collections=kept,
        left_out=tuple(sorted(left_out)),
    )


async def _one(whole: Whole, folder: Path, name: str, read: Literal["one_instant", "afterwards"]) -> Kept:
    file = CollectionFile(folder / f"{name}.bson.gz")
    try:
        async for document in whole.documents(name):
            file.add(document)
    finally:
        file.close()
    return Kept(
        file=f"{name}.bson.gz",
        documents=file.documents,
        bytes=file.bytes,
        sha256=file.sha256,
        indexes=index_texts(await whole.indexes(name)),
        read=read,
    )


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _settle(folder: Path) -> None:
    """Have the disk know which files the folder holds."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
