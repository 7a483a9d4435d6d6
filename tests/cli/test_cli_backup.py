"""`wxdesk backup` and `wxdesk restore`, as a person or a job runs them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aio_pika import Message
from aio_pika.abc import AbstractIncomingMessage

from deploy.local.servers import MongoServer
from shared.bus.connection import linked
from shared.bus.topology import Topology, declare
from shared.clock import real_now
from shared.store.driver import Database
from shared.store.topology import agree_on_topology
from tests.cli.cli import ADD, APP, Cli

pytestmark = pytest.mark.usefixtures("keeping_the_past")

SMALL = Topology(router_partitions=1, sender_partitions=1)


@pytest.fixture
async def elsewhere(cli: Cli, mongo_server: MongoServer) -> AsyncIterator[str]:
    """The name of a database that is not there."""
    name = f"{cli.variables['MONGO_DB']}-restored"
    yield name
    await mongo_server.drop_database(name)


async def test_a_backup_restored_elsewhere_is_the_same_desk(cli: Cli, tmp_path: Path, elsewhere: str) -> None:
    await cli.ok(*ADD, "--aes-key", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
    made = await cli.ok("backup", str(tmp_path / "b"))
    assert "documents of" in made.out
    assert (await cli.ok("backup", "verify", str(tmp_path / "b"))).out.startswith(f"{tmp_path / 'b'} is whole")
    shown = (await cli.ok("apps", "show", APP, "--json")).json
    cli.variables["MONGO_DB"] = elsewhere
    assert (await cli("apps", "show", APP)).code == 1
    restored = await cli.ok("restore", str(tmp_path / "b"), "--json")
    assert restored.json["unknown"] == 0
    assert (await cli.ok("apps", "show", APP, "--json")).json == shown, "secrets included, which stayed sealed"


async def test_a_full_database_is_replaced_only_by_its_name(cli: Cli, tmp_path: Path) -> None:
    await cli.ok(*ADD, "--mode", "plain")
    await cli.ok("backup", str(tmp_path / "b"))
    name = cli.variables["MONGO_DB"]
    refused = await cli("restore", str(tmp_path / "b"))
    assert (refused.code, f"--replace {name}" in refused.err) == (1, True)
    assert (await cli("restore", str(tmp_path / "b"), "--replace", "another")).code == 1
    await cli.ok("restore", str(tmp_path / "b"), "--replace", name)
    await cli.ok("apps", "show", APP)


async def test_what_is_in_the_queues_must_go_first(cli: Cli, database: Database, tmp_path: Path) -> None:
    """It was decided after the backup, and would be sent by whoever starts."""
    await agree_on_topology(database, SMALL)
    await cli.ok("backup", str(tmp_path / "b"))
    name = database.name
    async with linked(cli.variables["AMQP_URL"], "test") as link:
        await declare(link, SMALL)
        channel = await link.channel()
        consumed = await channel.get_queue("sender.v1.p00")
        tag = await consumed.consume(ignored)
        running = await cli("restore", str(tmp_path / "b"), "--replace", name)
        assert (running.code, "sender.v1.p00" in running.err) == (1, True)
        await consumed.cancel(tag)
        exchange = await channel.get_exchange("wx.conversation")
        await exchange.publish(Message(b"{}"), "router.v1.p00")
        full = await cli("restore", str(tmp_path / "b"), "--replace", name)
        assert (full.code, "router.v1.p00" in full.err) == (1, True)
    await cli.ok("restore", str(tmp_path / "b"), "--replace", name, "--without-rabbitmq")


async def ignored(_: AbstractIncomingMessage) -> None:
    """There is none."""


async def test_dated_backups_are_kept_as_many_as_wanted(cli: Cli, tmp_path: Path) -> None:
    for day in range(1, 4):
        (tmp_path / f"wxdesk-202601{day:02}T000000Z").mkdir()
    (tmp_path / "wxdesk-of-mine").mkdir()
    (tmp_path / "wxdesk-20260102T120000Z.unfinished").mkdir()
    goes_on = real_now() - timedelta(hours=1)
    (tmp_path / f"wxdesk-{goes_on:%Y%m%dT%H%M%SZ}.unfinished").mkdir()
    made = await cli.ok("backup", "--dated", "--keep", "2", str(tmp_path), "--json")
    assert made.json["deleted"] == [
        "wxdesk-20260101T000000Z",
        "wxdesk-20260102T000000Z",
        "wxdesk-20260102T120000Z.unfinished",
    ]
    assert Path(made.json["dir"]).parent == tmp_path
    left = {"wxdesk-20260103T000000Z", Path(made.json["dir"]).name, "wxdesk-of-mine"}
    assert {name for name in names(tmp_path) if not name.endswith(".unfinished")} == left
    assert len(names(tmp_path)) == len(left) + 1


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_what_cannot_be_is_said(cli: Cli, tmp_path: Path) -> None:
    await cli.ok("backup", str(tmp_path / "b"))
    assert (await cli("backup", str(tmp_path / "b"))).code == 1
    assert (await cli("backup", str(tmp_path / "c"), "--keep", "3")).code == 2
    assert (await cli("backup", "verify", str(tmp_path))).code == 1
    assert (await cli("restore", str(tmp_path))).code == 1
    with (tmp_path / "b" / "agents.bson.gz").open("ab") as file:
        file.write(b"more")
    broken = await cli("restore", str(tmp_path / "b"))
    assert (broken.code, "nothing was changed" in broken.err) == (1, True)


async def test_servers_that_do_not_answer_are_told_apart(cut_off_cli: Cli, tmp_path: Path) -> None:
    assert (await cut_off_cli("backup", str(tmp_path / "b"))).code == 3
    assert names(tmp_path) == set()
