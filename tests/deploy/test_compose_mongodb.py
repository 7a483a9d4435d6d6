"""What compose.yaml tells MongoDB, told to a real mongod: its key, its logins, the address that services are given."""

import asyncio
import os
import re
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from typing_extensions import override
from yarl import URL

from deploy.local.checks import ROOT
from deploy.local.directories import held
from deploy.local.mongod import MongoServer, find_mongod
from deploy.local.node import node_home
from deploy.local.ports import free_port
from shared.bus.topology import Topology
from shared.preparing import is_prepared, prepare_database
from shared.store.driver import Database, StoreRefused
from tests.deploy.manifests import DEPLOY
from tests.support.waiting import eventually

COMPOSE: Final[dict[str, Any]] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
TOLD: Final = COMPOSE["services"]["mongodb"]
SECRETS: Final = {"MONGODB_PASSWORD": "of-wxdesk", "MONGODB_ROOT_PASSWORD": "of-root"}


def filled(text: str) -> str:
    """With the variables as `.env` has them."""
    return re.sub(r"\$\{(\w+):\?[^}]*\}", lambda name: SECRETS[name[1]], text).replace("$$", "$")


class ComposedServer(MongoServer):
    """Started as the container starts it, but for its folders, its port, and that it listens on loopback only."""

    @property
    def key(self) -> Path:
        return self.directory / "configdb" / "key"

    @override
    def _command(self) -> Sequence[str | Path]:
        self.key.parent.mkdir(exist_ok=True)
        entrypoint = [self._here(word) for word in TOLD["entrypoint"]]
        (first, *words) = [self._here(word) for word in TOLD["command"]]
        assert first == "mongod"
        words[words.index("--bind_ip_all") : words.index("--bind_ip_all") + 1] = ["--bind_ip", "127.0.0.1"]
        usual = list(super()._command())
        ours = usual[usual.index("--port") :]
        return [*entrypoint, self._program, *words, "--dbpath", self.directory / "data", *ours]

    def _here(self, word: str) -> str:
        said = filled(word).replace("/data/configdb", str(self.key.parent))
        return said.replace("exec docker-entrypoint.sh ", "exec ")

    @override
    async def _configure(self) -> None:
        """Nothing of itself: the health check makes the replica set."""
        await self.healthy()

    async def healthy(self) -> bool:
        """The health check of compose.yaml, once."""
        *_, script = TOLD["healthcheck"]["test"]
        (mounted,) = [source for source, _, place in _mounts() if place == script]
        variables = {name: filled(value) for name, value in TOLD["environment"].items()}
        variables["MONGODB_ADDRESS"] = f"127.0.0.1:{self.port}"
        node = (node_home() / "bin" / "node", ROOT / "tests/deploy/mongosh.js")
        asked = await asyncio.create_subprocess_exec(
            *(*node, sys.executable, f"mongodb://127.0.0.1:{self.port}", DEPLOY / mounted),
            env={**os.environ, **variables},
            cwd=ROOT,
            stderr=PIPE,
        )
        await asked.communicate()
        return asked.returncode == 0

    @property
    def told_url(self) -> URL:
        """The MONGO_URL of compose.yaml, but for where it is."""
        url = URL(filled(COMPOSE["services"]["gateway"]["environment"]["MONGO_URL"]))
        return url.with_host("127.0.0.1").with_port(self.port)


def _mounts() -> list[tuple[str, str, str]]:
    told = [volume.split(":") for volume in TOLD["volumes"] if volume.startswith("./")]
    return [(source, access, place) for source, place, access in told]


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[ComposedServer]:
    program = find_mongod()
    assert program is not None
    with tempfile.TemporaryDirectory(prefix="wxdesk-mongod-", ignore_cleanup_errors=True) as folder:
        async with held(Path(folder), 3.0) as lock:
            started = ComposedServer(Path(folder), free_port(), lock, program)
            try:
                await started.start()
                await eventually(started.healthy, within_seconds=60)
                yield started
            finally:
                await started.kill()


@asynccontextmanager
async def opened(url: URL, name: str = "wxdesk") -> AsyncIterator[Database]:
    database = Database(str(url), name)
    try:
        yield database
    finally:
        await database.close()


async def test_a_service_may_prepare_and_read_by_its_address(server: ComposedServer) -> None:
    async with opened(server.told_url) as database:
        await prepare_database(database, Topology())
        await is_prepared(database)


@pytest.mark.parametrize(("name", "password"), [(None, None), ("wxdesk", "guessed"), ("root", "of-wxdesk")])
async def test_without_the_password_nothing_is_told(
    server: ComposedServer, name: str | None, password: str | None
) -> None:
    url = server.told_url.with_user(name).with_password(password)
    async with opened(url if name else url.with_query(replicaSet="rs0")) as database:
        with pytest.raises(StoreRefused):
            await database["apps"].find_one({})


@pytest.mark.parametrize("elsewhere", ["admin", "another"])
async def test_a_service_may_write_nowhere_else(server: ComposedServer, elsewhere: str) -> None:
    async with opened(server.told_url, elsewhere) as database:
        with pytest.raises(StoreRefused):
            await database["things"].insert_one({"_id": 1})


async def test_an_operator_may_all(server: ComposedServer) -> None:
    async with opened(server.told_url.with_user("root").with_password("of-root"), "another") as database:
        await database["things"].insert_one({"_id": 2})
        await database["things"].delete_one({"_id": 2})


async def test_it_is_healthy_again_after_a_restart_with_another_key(server: ComposedServer) -> None:
    before = server.key.read_text()
    await server.stop()
    await server.start()
    await eventually(server.healthy, within_seconds=60)
    assert server.key.read_text() != before
    assert server.key.stat().st_mode & 0o777 == 0o600
    async with opened(server.told_url) as database:
        await database["apps"].find_one({})


async def test_it_is_not_healthy_with_another_password_of_root(
    server: ComposedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SECRETS, "MONGODB_ROOT_PASSWORD", "guessed")
    assert not await server.healthy()
