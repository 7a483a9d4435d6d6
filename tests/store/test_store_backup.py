"""A database as files and back: of one instant while others write, byte for byte, or not at all."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from bson import decode
from bson.binary import Binary

from deploy.local.servers import MongoServer
from shared.bus.topology import Topology
from shared.clock import real_now
from shared.store.backup.manifest import FORMAT, LEFT_OUT, MANIFEST, BackupBroken, read_manifest
from shared.store.backup.restoring import NotEmpty, Restored, ServicesRun, restore, verified
from shared.store.backup.saving import save
from shared.store.backup.whole import SnapshotGone, Whole
from shared.store.driver import Database
from shared.store.indexes import ensure_indexes
from shared.store.leases import Leases
from shared.store.restored import HalfRestored, Restores
from shared.store.schema import SchemaTooNew
from shared.store.topology import agree_on_topology


def heard(_: str) -> None:
    """What is told on the way is of no interest."""


@pytest.fixture
async def other(mongo_server: MongoServer, either_database: Database) -> AsyncIterator[Database]:
    """Where to restore: a database that is not there yet, by the same driver."""
    driver: Any = "pymongo" if "pymongo" in type(either_database.plain[0]).__module__ else "motor"
    opened = Database(mongo_server.url, f"{either_database.name}-restored", driver)
    yield opened
    await opened.close()
    await mongo_server.drop_database(opened.name)


async def restored(database: Database, folder: Path, *, replace: bool = False) -> Restored:
    return await restore(database, folder, replace=replace, now=real_now(), told=heard)


async def content(database: Database) -> dict[str, dict[Any, bytes]]:
    """Every document of every collection, as it is on the wire, by its id."""
    whole = Whole(database)
    return {
        name: {decode(one)["_id"]: one async for one in whole.documents(name)}
        for name in await whole.collections()
        if name not in LEFT_OUT
    }


async def indexes(database: Database) -> dict[str, list[dict[str, Any]]]:
    whole = Whole(database)
    names = [name for name in await whole.collections() if name not in LEFT_OUT]
    return {name: sorted(await whole.indexes(name), key=lambda one: str(one["name"])) for name in names}


async def filled(database: Database) -> None:
    """A little of everything BSON has, and more documents than go in one batch."""
    await agree_on_topology(database, Topology())
    await database["audit"].insert_many([{"_id": number, "at": real_now(), "n": 1.5} for number in range(2_500)])
    await database["media"].insert_one({"_id": "m1", "bytes": Binary(b"\x00\xff" * 100_000)})
    await database["tags"].insert_one({"_id": "旅行", "of": {"b": None, "a": [1, 2**40, True]}})
    await database["logins"].insert_one({"_id": "l1", "agent_id": "lina"})


async def test_what_is_restored_is_what_was_there(either_database: Database, other: Database, tmp_path: Path) -> None:
    await filled(either_database)
    manifest = await save(either_database, tmp_path / "b")
    assert (manifest.collections["audit"].documents, manifest.topology) == (2_500, Topology())
    await restored(other, tmp_path / "b")
    assert await content(other) == await content(either_database)
    assert await indexes(other) == await indexes(either_database)
    assert await other["logins"].count({}) == 0, "everybody logs in again"


@pytest.mark.usefixtures("keeping_the_past")
async def test_a_backup_is_of_one_instant_whoever_writes(
    either_database: Database, other: Database, tmp_path: Path
) -> None:
    """A writer goes from collection to collection: what is in the last must be in the first."""
    await ensure_indexes(either_database)
    names = ("agents", "conversations", "messages", "tags", "webhooks")
    written, enough = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        number = 0
        while not enough.is_set():
            number += 1
            for name in names:
                await either_database[name].update_one({"_id": "books"}, {"$set": {"n": number}}, upsert=True)
            if number == 5:
                written.set()

    writer = asyncio.create_task(write())
    await written.wait()
    for attempt in range(5):
        await save(either_database, tmp_path / f"b{attempt}")
    enough.set()
    await writer
    for attempt in range(5):
        await restored(other, tmp_path / f"b{attempt}", replace=True)
        seen = [doc["n"] for name in names for doc in await other[name].find({})]
        assert seen == sorted(seen, reverse=True), "a later collection is never ahead"
        assert seen[0] - seen[-1] <= 1


async def test_an_instant_that_mongodb_has_let_go_of_is_not_mixed_with_a_later_one(either_database: Database) -> None:
    await filled(either_database)
    with pytest.raises(SnapshotGone):
        await read_until_it_is_gone(either_database)


async def read_until_it_is_gone(database: Database) -> None:
    whole = Whole(database)
    async with whole.one_instant(), asyncio.timeout(60):
        while [one async for one in whole.documents("tags")]:
            await database["agents"].update_one({"_id": "books"}, {"$inc": {"n": 1}}, upsert=True)


async def test_pictures_may_be_left_out(either_database: Database, other: Database, tmp_path: Path) -> None:
    await filled(either_database)
    manifest = await save(either_database, tmp_path / "b", media=False)
    assert "media" in manifest.left_out
    await restored(other, tmp_path / "b")
    assert await other["media"].count({}) == 0
    assert await other["audit"].count({}) == 2_500


async def test_a_backup_never_overwrites_and_leaves_nothing_half_done(database: Database, tmp_path: Path) -> None:
    await filled(database)
    (tmp_path / "b.unfinished").mkdir()
    await save(database, tmp_path / "b")
    with pytest.raises(FileExistsError):
        await save(database, tmp_path / "b")
    assert modes(tmp_path) == {"b": 0o700}
    assert set(modes(tmp_path / "b").values()) == {0o600}


def modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def flip(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 0x55
    path.write_bytes(whole)


def drop_last(path: Path) -> None:
    """A whole file, of documents that are whole, only fewer."""
    whole = gzip.decompress(path.read_bytes())
    first = int.from_bytes(whole[:4], "little")
    path.write_bytes(gzip.compress(whole[first:]))


def no_document(path: Path) -> None:
    path.write_bytes(gzip.compress(b"\xff\xff\xff\x7f nonsense"))


@pytest.mark.parametrize("damage", [cut, flip, drop_last, no_document, Path.unlink])
async def test_a_damaged_file_is_refused_before_anything_is_touched(
    database: Database, tmp_path: Path, damage: Any
) -> None:
    await filled(database)
    await save(database, tmp_path / "b")
    verified(tmp_path / "b", heard)
    damage(tmp_path / "b" / "audit.bson.gz")
    with pytest.raises(BackupBroken, match="audit"):
        verified(tmp_path / "b", heard)
    with pytest.raises(BackupBroken, match="audit"):
        await restored(database, tmp_path / "b", replace=True)
    assert await database["audit"].count({}) == 2_500
    assert await Restores(database).under_way() is None


async def test_a_newer_format_and_what_is_no_backup_are_refused(database: Database, tmp_path: Path) -> None:
    await save(database, tmp_path / "b")
    path = tmp_path / "b" / MANIFEST
    told = json.loads(path.read_text())
    path.write_text(json.dumps({"format": FORMAT + 1, "anything": "else"}))
    with pytest.raises(BackupBroken, match=f"of format {FORMAT + 1}"):
        read_manifest(tmp_path / "b")
    path.write_text(
        json.dumps({**told, "collections": {"a": {**told["collections"]["agents"], "file": "../a.bson.gz"}}})
    )
    with pytest.raises(BackupBroken, match="damaged"):
        read_manifest(tmp_path / "b")
    with pytest.raises(BackupBroken, match="holds no backup"):
        read_manifest(tmp_path)


async def test_what_a_newer_release_has_changed_for_good_is_refused(
    database: Database, other: Database, tmp_path: Path
) -> None:
    made = {"number": 999, "kind": "contract", "name": "away", "at": real_now(), "release": "9.0"}
    await database["schema"].insert_one({"_id": "schema", "made": [made]})
    await save(database, tmp_path / "b")
    with pytest.raises(SchemaTooNew, match=r"9\.0"):
        await restored(other, tmp_path / "b")
    assert await Restores(other).under_way() is None
    await database["schema"].update_one({"_id": "schema"}, {"$set": {"made.0.kind": "expand"}})
    await save(database, tmp_path / "c")
    await restored(other, tmp_path / "c")


async def test_a_database_that_holds_something_is_left_alone(
    either_database: Database, other: Database, tmp_path: Path
) -> None:
    await filled(either_database)
    await save(either_database, tmp_path / "b")
    await ensure_indexes(other)
    await agree_on_topology(other, Topology(router_partitions=4))
    await restored(other, tmp_path / "b")  # prepared only: that is empty
    await other["agents"].insert_one({"_id": "lina"})
    with pytest.raises(NotEmpty, match="agents"):
        await restored(other, tmp_path / "b")
    await restored(other, tmp_path / "b", replace=True)
    assert await content(other) == await content(either_database)


async def test_nothing_is_restored_under_services_that_run(database: Database, other: Database, tmp_path: Path) -> None:
    await save(database, tmp_path / "b")
    leases = Leases(other)
    await leases.take("slot:router:0")
    with pytest.raises(ServicesRun, match="slot:router:0"):
        await restored(other, tmp_path / "b", replace=True)
    await leases.give_up("slot:router:0")
    await restored(other, tmp_path / "b")


async def test_stopped_half_way_nobody_serves_and_the_same_restore_begins_again(
    either_database: Database, other: Database, tmp_path: Path
) -> None:
    await filled(either_database)
    await save(either_database, tmp_path / "b")
    stops = len(read_manifest(tmp_path / "b").collections)
    for stop in (1, stops // 2, stops):
        with pytest.raises(RuntimeError, match="stopped"):
            await restore(other, tmp_path / "b", replace=False, now=real_now(), told=Stopping(stop))
        with pytest.raises(HalfRestored):
            await agree_on_topology(other, Topology())
        with pytest.raises(HalfRestored):
            await save(other, tmp_path / "of half")
    await restored(other, tmp_path / "b")
    assert await content(other) == await content(either_database)
    assert await agree_on_topology(other, Topology()) == Topology()


class Stopping:
    """Ends a restore after so many collections, as a lost process would."""

    def __init__(self, after: int) -> None:
        self._left = after

    def __call__(self, _: str) -> None:
        self._left -= 1
        if self._left == 0:
            raise RuntimeError("stopped")
