"""What `wxdesk doctor` says where no local run tells it anything: by secrets as files, replicas and keys."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from cryptography.fernet import Fernet

from services.console.administering.checks.check import Check
from services.console.cli.checks.replica_set import members_check, mongodb_version_check, oplog_check
from services.console.cli.checks.replicas import replicas_judged
from services.console.cli.environment import Environment
from services.console.cli.failures import Misused
from shared.observe.http import listen
from shared.store.driver import Database
from shared.store.replicas import Replica, Replicas
from shared.store.restored import Restores
from shared.store.sealing import fingerprint
from shared.version import version
from tests.cli.cli import ADD, AES_KEY, SECRET_KEYS, Cli

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVERYBODY = ("gateway", "router", "sender", "bot", "console")


def live(*services: str, release: str = "1.0") -> list[Replica]:
    return [Replica(name, f"h{place}", release, NOON) for place, name in enumerate(services)]


def judged(*replicas: Replica) -> list[tuple[str, str]]:
    return [(check.status, check.what) for check in replicas_judged(replicas, "1.0")]


def test_replicas_are_counted_by_service() -> None:
    assert judged(*live(*EVERYBODY, "router")) == [("ok", "serving: 1 gateway, 2 router, 1 sender, 1 bot, 1 console")]
    assert judged() == [("warn", "no service says that it is there")]
    ((status, what),) = judged(*live("gateway", "console"))
    assert (status, what) == ("warn", "serving: 1 gateway, 1 console; no router, no sender, no bot")
    mixed = judged(*live(*EVERYBODY), *live("router", release="0.9"))
    assert mixed[1] == ("warn", "replicas of another release serve: 0.9; this is 1.0")


@pytest.mark.parametrize(
    ("check", "status"),
    [
        (mongodb_version_check("8.0.4"), "ok"),
        (mongodb_version_check("10.0.0"), "ok"),
        (mongodb_version_check("6.0.5"), "warn"),
        (mongodb_version_check("5.0.1"), "fail"),
        (members_check({"hosts": ["a", "b", "c"]}), "ok"),
        (members_check({"hosts": ["a"]}), "warn"),
        (oplog_check(90_000), "ok"),
        (oplog_check(600), "warn"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.what,
)
def test_a_replica_set_is_judged(check: Check, status: str) -> None:
    assert check.status == status
    assert bool(check.do) == (status != "ok")


async def said(cli: Cli) -> dict[str, str]:
    return {check["what"]: check["status"] for check in (await cli("doctor", "--json")).json}


async def test_it_reads_secrets_from_files(cli: Cli, tmp_path: Path) -> None:
    for name in ("AMQP_URL", "MONGO_URL", "WXDESK_SECRET_KEYS"):
        (tmp_path / name).write_text(cli.variables.pop(name) + "\n")
    cli.variables["WXDESK_SECRETS_DIR"] = str(tmp_path)
    found = await said(cli)
    assert found["MongoDB confirms writes by a majority"] == "ok"
    assert found["MongoDB has transactions"] == "ok"
    assert [what for what, status in found.items() if what.startswith("RabbitMQ answers") and status != "fail"]


async def test_old_keys_are_said_to_be_of_use_or_not(cli: Cli) -> None:
    await cli.ok(*ADD, "--aes-key", AES_KEY)
    (old, new) = (SECRET_KEYS, Fernet.generate_key().decode())
    assert (await said(cli))[f"one key, {fingerprint(old)}, has sealed all 3 values"] == "ok"
    cli.variables["WXDESK_SECRET_KEYS"] = f"{new},{old}"
    assert (await said(cli))[f"3 values are sealed with the old key {fingerprint(old)}"] == "warn"
    await cli.ok("secrets", "reseal")
    assert (await said(cli))[f"the old key {fingerprint(old)} has sealed nothing"] == "warn"
    cli.variables["WXDESK_SECRET_KEYS"] = old
    lost = [(what, status) for what, status in (await said(cli)).items() if "open with no key" in what]
    assert lost == [(f"3 sealed values open with no key here: apps {ADD[3]}", "fail")]


async def test_replicas_and_what_prepared_the_database_are_told(cli: Cli, database: Database) -> None:
    assert (await said(cli))["nothing has prepared the database yet"] == "warn"
    for service in EVERYBODY:
        await Replicas(database).announce(service, f"h-{service}", version(), frozenset())
    cli.variables |= {"ROUTER_PARTITIONS": "1", "SENDER_PARTITIONS": "1"}
    await cli.ok("prepare")
    found = await said(cli)
    assert found["serving: 1 gateway, 1 router, 1 sender, 1 bot, 1 console"] == "ok"
    assert [status for what, status in found.items() if what.startswith("the database is prepared: ")] == ["ok"]
    await Restores(database).begin("b", NOON)
    assert [status for what, status in (await said(cli)).items() if "half restored" in what] == ["fail"]
    await Restores(database).end()


async def test_services_are_asked_where_they_are_said_to_be(cli: Cli) -> None:
    async def ready(_: web.Request) -> web.Response:
        return web.Response(text="ready")

    served = web.Application()
    served.router.add_get("/readyz", ready)
    async with listen(served, "127.0.0.1", 0, "TEST") as port:
        cli.variables["OPS_URLS"] = f"router=http://127.0.0.1:{port} sender=http://127.0.0.1:1"
        found = await said(cli)
    assert found["the router is ready"] == "ok"
    assert [status for what, status in found.items() if what.startswith("the sender at")] == ["fail"]


async def test_the_public_address_is_asked_too_and_only_warned_of(cli: Cli) -> None:
    """Nobody answers for WeChat at this address, which costs nothing but a finding."""

    async def echo(request: web.Request) -> web.Response:
        return web.Response(text=request.query["echostr"])

    await cli.ok(*ADD, "--aes-key", AES_KEY)
    served = web.Application()
    served.router.add_get(f"/wechat/{ADD[3]}", echo)
    async with listen(served, "127.0.0.1", 0, "TEST") as port:
        cli.variables |= {"WECHAT_API_BASE": "http://wechat.invalid", "GATEWAY_URL": f"http://127.0.0.1:{port}"}
        cli.variables["PUBLIC_BASE_URL"] = f"http://localhost:{port}"
        found = await said(cli)
        assert found[f"{ADD[3]}: the gateway answers at http://localhost:{port}, too"] == "ok"
        cli.variables["PUBLIC_BASE_URL"] = "http://127.0.0.1:1"
        (status,) = [status for what, status in (await said(cli)).items() if "gateway at http://127.0.0.1:1" in what]
        assert status == "warn"


def test_addresses_that_are_none_are_refused() -> None:
    assert Environment({"OPS_URLS": "a=http://x:1/, a=http://y:1"}).ops == {"a": ["http://x:1", "http://y:1"]}
    for wrong in ("router", "router=x:1", "router=ftp://x"):
        with pytest.raises(Misused, match="OPS_URLS"):
            _ = Environment({"OPS_URLS": wrong}).ops
