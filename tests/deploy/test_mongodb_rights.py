"""The roles that the manifests give, tried on a real mongod that asks for a login."""

import base64
import secrets
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from typing_extensions import override
from yarl import URL

from deploy.local.directories import held, write_private
from deploy.local.mongod import MongoServer, find_mongod
from deploy.local.ports import free_port
from shared.bus.topology import Topology
from shared.preparing import is_prepared, prepare_database
from shared.store.backup.saving import save
from shared.store.backup.whole import Whole
from shared.store.driver import Database, StoreRefused
from shared.store.indexes import ensure_indexes
from tests.deploy.manifests import with_components

PASSWORD = "told"
NAME = "wxdesk"


class GuardedServer(MongoServer):
    """From its second start on it asks for a login: by then there is one."""

    guarded = False

    @override
    def _command(self) -> Sequence[str | Path]:
        guard: list[str | Path] = ["--auth", "--keyFile", self.directory / "key"] if self.guarded else []
        return [*super()._command(), *guard]

    @override
    async def _configure(self) -> None:
        if not self.guarded:
            await super()._configure()

    def database(self, login: str, name: str = NAME) -> Database:
        told = URL(self.url).with_user(login).with_password(PASSWORD).update_query(authSource="admin")
        return Database(str(told), name)


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GuardedServer]:
    """With the login of the manifests, and `reader`, which has less."""
    manifests = with_components(tmp_path_factory.mktemp("rights"), ["mongodb-operator"])
    (login,) = manifests.of("MongoDBCommunity")["mongodb"]["spec"]["users"]
    roles = [{"role": role["name"], "db": role["db"]} for role in login["roles"]]
    program = find_mongod()
    assert program is not None
    with tempfile.TemporaryDirectory(prefix="wxdesk-mongod-", ignore_cleanup_errors=True) as folder:
        async with held(Path(folder), 3.0) as lock:
            started = GuardedServer(Path(folder), free_port(), lock, program)
            write_private(started.directory / "key", base64.b64encode(secrets.token_bytes(48)).decode())
            await started.start()
            try:
                await add_login(started, login["name"], roles)
                await add_login(started, "reader", [{"role": "read", "db": NAME}])
                await started.stop()
                started.guarded = True
                await started.start()
                yield started
            finally:
                await started.kill()


async def add_login(server: MongoServer, name: str, roles: list[dict[str, str]]) -> None:
    answer = await server.command({"createUser": name, "pwd": PASSWORD, "roles": roles})
    assert answer["ok"], answer


@pytest.fixture
async def database(server: GuardedServer) -> AsyncIterator[Database]:
    """As a service opens it."""
    opened = server.database("wxdesk")
    yield opened
    await opened.close()


async def test_the_login_may_prepare_write_together_and_back_up(database: Database, tmp_path: Path) -> None:
    await prepare_database(database, Topology())
    await is_prepared(database)

    async def two() -> None:
        await database["first"].insert_one({"_id": 1})
        await database["second"].insert_one({"_id": 1})

    await database.together(two)
    manifest = await save(database, tmp_path / "saved")
    assert {"first", "second"} <= set(manifest.collections)


async def test_the_login_may_put_a_backup_in_the_place_of_what_is_there(database: Database) -> None:
    whole = Whole(database)
    await whole.make("third")
    await whole.drop("third")
    assert "third" not in await whole.collections()


async def test_less_than_these_roles_is_not_enough(server: GuardedServer) -> None:
    reading = server.database("reader")
    try:
        await reading["first"].find_one({"_id": 1})
        with pytest.raises(StoreRefused, match="lacks a right"):
            await ensure_indexes(reading)
    finally:
        await reading.close()


@pytest.mark.parametrize("elsewhere", ["admin", "another"])
async def test_the_login_may_write_nowhere_else(server: GuardedServer, elsewhere: str) -> None:
    other = server.database("wxdesk", elsewhere)
    try:
        with pytest.raises(StoreRefused, match="lacks a right"):
            await other["things"].insert_one({"_id": 1})
    finally:
        await other.close()
