import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.directories import MEBIBYTE
from deploy.local.failures import DirectoryInUse, DiskFull, NotInstalled, PortTaken
from deploy.local.ports import free_port
from deploy.local.servers import MongoServer, mongod
from tests.local.processes import alive, listening_addresses

pytestmark = pytest.mark.servers


async def stored(server: MongoServer) -> list[dict[str, Any]]:
    answer = await server.command({"find": "kept", "readConcern": {"level": "majority"}}, "test")
    return list(answer["cursor"]["firstBatch"])


async def store(server: MongoServer) -> None:
    insert = {"insert": "kept", "documents": [{"_id": 1}], "writeConcern": {"w": "majority", "j": True}}
    assert (await server.command(insert, "test"))["n"] == 1


@pytest.fixture
async def own_server(tmp_path: Path) -> AsyncIterator[MongoServer]:
    async with mongod(tmp_path / "mongod") as server:
        yield server


async def test_a_mongod_is_primary_of_a_replica_set_on_loopback(own_server: MongoServer) -> None:
    state = await own_server.command({"hello": 1})
    assert (state["isWritablePrimary"], state["setName"]) == (True, "wxdesk")
    assert state["me"] == f"127.0.0.1:{own_server.port}"
    assert listening_addresses(own_server.pid) == {"127.0.0.1"}


async def test_a_mongod_keeps_its_data(own_server: MongoServer) -> None:
    await store(own_server)
    first = own_server.pid
    await own_server.kill()
    assert await own_server.ended() == -9
    await own_server.start()
    assert await stored(own_server) == [{"_id": 1}]
    await own_server.stop()
    assert await own_server.ended() == 0
    await own_server.start()
    assert await stored(own_server) == [{"_id": 1}]
    assert not alive(first)


async def test_a_directory_serves_on_another_port_the_next_time(tmp_path: Path) -> None:
    async with mongod(tmp_path / "mongod", free_port()) as server:
        await store(server)
        first = server.port
    async with mongod(tmp_path / "mongod", free_port()) as server:
        assert server.port != first
        assert await stored(server) == [{"_id": 1}]


async def test_a_dropped_database_is_empty(own_server: MongoServer) -> None:
    await store(own_server)
    await own_server.drop_database("test")
    assert await stored(own_server) == []


async def test_a_second_run_on_the_directory_is_refused(own_server: MongoServer) -> None:
    with pytest.raises(DirectoryInUse, match="in use by another run"):
        async with mongod(own_server.directory):
            pass
    assert alive(own_server.pid)


async def test_a_missing_binary_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(NotInstalled, match=r"install.py run.*or set MONGO_URL"):
        async with mongod(tmp_path / "mongod", program=tmp_path / "mongod"):
            pass


async def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PortTaken, match=f"mongod: 127.0.0.1:{port} is taken"):
            async with mongod(tmp_path / "mongod", port):
                pass


async def test_a_full_disk_is_told_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(DiskFull, match="511 MiB free, 512 MiB are needed"):
        async with mongod(tmp_path / "mongod", free_bytes=lambda _: 511 * MEBIBYTE):
            pass
    assert not (tmp_path / "mongod" / "data").exists()
