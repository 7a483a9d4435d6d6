"""What `wxdesk doctor` makes of everything that can be wrong: real servers, the sandbox as a WeChat that says no."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from services.console.administering.checks.check import Check
from services.console.administering.checks.one_app import group_check, settings_check
from services.console.administering.checks.wechat import gateway_check, push_check, url_check, wechat_checks
from services.console.cli.checks.broker import topology_check, version_check
from services.console.cli.checks.store import agent_check, skew_check, standing_check
from services.console.cli.doctor import WAYS
from shared.bus.connection import linked
from shared.bus.topology import QUORUM, Topology, declare
from shared.conversation.policy import Assignment, Policy
from shared.observe.http import listen
from shared.settings import RabbitSettings
from shared.store.agents import Agent
from shared.store.apps import App, AppStore
from shared.store.dead import DeadMessage, DeadStore
from shared.store.driver import Database
from shared.store.sealing import Sealer
from shared.store.spool import Spool, Standing, Taken
from shared.store.topology import agree_on_topology
from shared.wechat.client import WeChatClient
from shared.wechat.crypto import signature
from tests.cli.cli import ADD, AES_KEY, APP, SECRET_KEYS, Cli
from tests.sandbox.box import APPID, SECRET, TOKEN, boxed

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SMALL = Topology(router_partitions=2, sender_partitions=2)
WITHIN = aiohttp.ClientTimeout(total=5.0)


def app(**fields: Any) -> App:
    known = {"app_id": APPID, "name": "x", "secret": SecretStr(SECRET), "token": SecretStr(TOKEN)}
    return App(**{**known, "aes_key": SecretStr(AES_KEY), **fields})


def agent(login: str = "lina", **fields: Any) -> Agent:
    return Agent(id=login, name=login, **fields)


def rabbit(**fields: Any) -> RabbitSettings:
    return RabbitSettings(amqp_url=SecretStr("amqp://x/"), **fields)


VERDICTS: list[tuple[Check, str, str]] = [
    (version_check("4.0.5"), "ok", "version 4.0.5"),
    (version_check("10.1"), "ok", "version 10.1"),
    (version_check("3.10.8"), "warn", "one replica of a service works"),
    (version_check(""), "warn", "version unknown"),
    (topology_check(None, rabbit()), "warn", "no topology is recorded"),
    (topology_check(Topology(), rabbit()), "ok", "generation 1, ROUTER_PARTITIONS=16"),
    (topology_check(Topology(router_partitions=4), rabbit()), "ok", "ROUTER_PARTITIONS=4"),
    (topology_check(Topology(), rabbit(router_partitions=4)), "fail", "ROUTER_PARTITIONS=4 here, 16 recorded"),
    (skew_check(0.2), "ok", "differ by 0.2 s"),
    (skew_check(-3), "warn", "differ by 3.0 s"),
    (skew_check(11), "fail", "differ by 11.0 s"),
    (standing_check(Standing(0, None), NOW), "ok", "no push waits in the spool"),
    (
        standing_check(Standing(1, NOW - timedelta(seconds=90)), NOW),
        "warn",
        "1 push waits in the spool, the first for 90 s",
    ),
    (
        standing_check(Standing(7, NOW + timedelta(seconds=2)), NOW),
        "warn",
        "7 pushes wait in the spool, the first for 0 s",
    ),
    (agent_check([]), "warn", "there are no agents"),
    (agent_check([agent(enabled=False)]), "warn", "there are no agents"),
    (agent_check([agent(), agent("wei")]), "warn", "none of 2 agents is online"),
    (agent_check([agent(presence="online"), agent("wei")]), "ok", "1 of 2 agents are online"),
    (url_check("wx", "https://kf.example.com", at_sandbox=False), "ok", "https://kf.example.com/wechat/wx"),
    (url_check("wx", "https://kf.example.com:8443", at_sandbox=False), "fail", "port 443 only"),
    (url_check("wx", None, at_sandbox=False), "warn", "not known here"),
    (url_check("wx", "http://127.0.0.1:8080", at_sandbox=True), "ok", "the sandbox pushes"),
    (push_check(app(), NOW), "warn", "no genuine push has ever arrived"),
    (push_check(app(verified_at=NOW - timedelta(days=3)), NOW), "ok", "2026-11-19 12:00:00Z, 3 days ago"),
]


@pytest.mark.parametrize(
    ("check", "status", "said"), VERDICTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_finding_is_judged(check: Check, status: str, said: str) -> None:
    assert check.status == status
    assert said in check.what
    assert bool(check.do) == (status != "ok")


def test_an_app_whose_groups_are_empty_fails() -> None:
    served = app(policy=Policy(assignment=Assignment(groups=("vip",))))
    assert group_check(app(), []) == []
    assert group_check(served, [agent(groups=("vip", "x"))]) == []
    (found,) = group_check(served, [agent(groups=("vip",), enabled=False), agent("wei", groups=("x",))])
    assert found.status == "fail"


def test_settings_that_are_served_mended_are_said() -> None:
    assert settings_check(app()) == []
    (found,) = settings_check(app(policy_faults=("idle_close_seconds.bot: must be less",)))
    assert (found.status, "idle_close_seconds.bot" in found.what) == ("fail", True)


async def said(cli: Cli, *argv: str) -> dict[str, str]:
    """Status by finding."""
    return {check["what"]: check["status"] for check in (await cli("doctor", *argv, "--json")).json}


async def test_queues_are_compared_with_what_was_agreed(cli: Cli, database: Database, amqp_url: str) -> None:
    await agree_on_topology(database, SMALL)
    cli.variables |= {"ROUTER_PARTITIONS": "2", "SENDER_PARTITIONS": "2"}
    async with linked(amqp_url, "test") as link:
        await declare(link, SMALL)
        channel = await link.channel()
        for queue, arguments in (("router.v1.p01", QUORUM), ("bot.v1", None)):
            await channel.queue_delete(queue)
            if arguments:
                await channel.declare_queue(queue, durable=True, arguments=arguments)
        ran = await cli("doctor")
    assert ran.code == 1
    lines = ran.out.splitlines()
    assert any(line.startswith("fail  1 of 2 router queues have other arguments: router.v1.p01 → ") for line in lines)
    assert any(line.startswith("fail  nobody listens on 2 of 2 sender queues: ") for line in lines)
    assert any(line.startswith("fail  1 of 1 bot queue missing: bot.v1 → ") for line in lines)
    assert "checks failed; each says what to do" in ran.err


async def test_looking_changes_nothing(cli: Cli, database: Database) -> None:
    """Before the first start there is no record and no queue, and a look must not make them."""
    first, second = await said(cli), await said(cli)
    assert [what for what in first if "no topology is recorded" in what]
    assert first.keys() - second.keys() <= {what for what in first if "clock" in what}
    assert await database["topology"].count({}) == 0
    assert await database["doctor"].count({}) == 0


async def test_a_broker_that_does_not_let_us_in_is_one_finding(cli: Cli) -> None:
    host = cli.variables["AMQP_URL"].rpartition("@")[2]
    for url, finding in (
        (f"amqp://wxdesk:wrong@{host}", "does not accept the login"),
        (cli.variables["AMQP_URL"] + "-nowhere", "not the virtual host"),
        ("amqp://x:s3cret@127.0.0.1:1/", "RabbitMQ at 127.0.0.1:1 does not answer"),
    ):
        cli.variables["AMQP_URL"] = url
        ran = await cli("doctor")
        assert ran.code == 1
        assert finding in ran.out
        assert "MongoDB answers" in ran.out
        assert "s3cret" not in ran.out + ran.err


async def test_without_mongodb_the_rest_is_still_looked_at(cli: Cli) -> None:
    cli.variables["MONGO_URL"] = "mongodb://127.0.0.1:1/"
    found = await said(cli)
    assert [status for what, status in found.items() if what.startswith("MongoDB at 127.0.0.1:1")] == ["fail"]
    assert [what for what in found if what.startswith("RabbitMQ answers")]


async def test_what_is_set_aside_is_counted(cli: Cli, database: Database) -> None:
    dead = DeadMessage(id="d", queue="q", body=b"", kind="k", reason="r", at=NOW)
    await DeadStore(database).condemn(dead)
    assert (await said(cli))["1 message is set aside"] == "warn"


async def test_what_waits_in_the_spool_is_counted(cli: Cli, database: Database) -> None:
    assert (await said(cli))["no push waits in the spool"] == "ok"
    await Spool(database, answer_seconds=5).add("c", b"{}", Taken(NOW, "gone", 1))
    found = await said(cli)
    assert [status for what, status in found.items() if what.startswith("1 push waits in the spool")] == ["warn"]


async def test_every_secret_that_does_not_open_is_named(cli: Cli, database: Database) -> None:
    other = Sealer([SECRET_KEYS[::-1].lstrip("=") + "="])
    for app_id in ("wx00000000000000aa", "wx00000000000000bb"):
        await AppStore(database, other).add(app(app_id=app_id))
    await cli.ok(*ADD, "--aes-key", AES_KEY)
    cli.variables["WECHAT_API_BASE"] = "http://127.0.0.1:1"
    broken = [what for what, status in (await said(cli)).items() if status == "fail" and "do not open" in what]
    assert len(broken) == 1
    assert "wx00000000000000aa" in broken[0]
    assert "wx00000000000000bb" in broken[0]


async def test_a_disabled_app_is_only_said_to_be(cli: Cli) -> None:
    await cli.ok(*ADD, "--aes-key", AES_KEY)
    await cli.ok("apps", "remove", APP)
    found = await said(cli, "--app", APP)
    assert [status for what, status in found.items() if what.startswith(f"{APP} is disabled")] == ["warn"]
    assert not [what for what in found if what.startswith(f"{APP}:")]
    assert (await cli("doctor", "--app", "wx0000000000000000")).code == 1


REFUSED: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    ({"knobs": {"ip_whitelist": ["10.0.0.1"]}}, {}, "40164", "add 127.0.0.1 at mp.weixin.qq.com"),
    ({}, {"secret": SecretStr("f" * 32)}, "(401", "wxdesk apps update"),
    ({}, {"app_id": "wx0000000000000000"}, "(40013)", "AppID"),
]


@pytest.mark.parametrize(("config", "fields", "said", "do"), REFUSED)
async def test_a_token_that_is_not_given_says_what_to_do(
    config: dict[str, Any], fields: dict[str, Any], said: str, do: str
) -> None:
    async with boxed(**config) as box:
        client = WeChatClient(box.session, box.running.url)
        (found,) = [check async for check in wechat_checks(client, app(**fields), WAYS, at_sandbox=True)]
    assert found.status == "fail"
    assert said in found.what
    assert do in found.do
    assert SECRET not in found.what + found.do


async def test_a_wechat_out_of_reach_is_said(http: aiohttp.ClientSession) -> None:
    client = WeChatClient(http, "http://127.0.0.1:1")
    (found,) = [check async for check in wechat_checks(client, app(), WAYS, at_sandbox=False)]
    assert found.status == "fail"
    assert "WECHAT_API_BASE" in found.do


LOOKS: list[tuple[dict[str, Any], str | None, str]] = [
    ({"dns": [{"ip": "1.2.3.4"}], "ping": [{"ip": "1.2.3.4", "package_loss": "0%"}]}, "ok", "at 1.2.3.4"),
    ({"dns": [{"ip": "1.2.3.4"}], "ping": [{"ip": "1.2.3.4", "package_loss": "100%"}]}, "warn", "pings to 1.2.3.4"),
    ({"dns": [], "ping": []}, "fail", "finds no address"),
    ({"errcode": 40201, "errmsg": "invalid url rid: 1-2-3"}, "fail", "no callback URL is saved"),
    ({"errcode": 48001, "errmsg": "api unauthorized"}, None, ""),
    ({"errcode": -1, "errmsg": "system error"}, "warn", "could not look"),
]


@pytest.mark.parametrize(("answer", "status", "said"), LOOKS)
async def test_wechats_own_look_for_our_server_is_passed_on(
    http: aiohttp.ClientSession, answer: dict[str, Any], status: str | None, said: str
) -> None:
    async def token(_: web.Request) -> web.Response:
        return web.json_response({"access_token": "T", "expires_in": 7200})

    async def check(request: web.Request) -> web.Response:
        assert await request.json() == {"action": "all", "check_operator": "DEFAULT"}
        return web.json_response(answer)

    served = web.Application()
    served.add_routes([web.post("/cgi-bin/stable_token", token), web.post("/cgi-bin/callback/check", check)])
    async with listen(served, "127.0.0.1", 0, "none") as port:
        client = WeChatClient(http, f"http://127.0.0.1:{port}")
        found = [one async for one in wechat_checks(client, app(), WAYS, at_sandbox=False)]
    assert found[0].status == "ok"
    assert [one.status for one in found[1:]] == ([status] if status else [])
    assert not found[1:] or said in found[1].what


def echo(request: web.Request) -> web.Response:
    expected = signature(TOKEN, request.query["timestamp"], request.query["nonce"])
    assert request.query["signature"] == expected
    return web.Response(text=request.query["echostr"])


GATEWAYS: list[tuple[Callable[[web.Request], web.Response], str, str]] = [
    (echo, "ok", ""),
    (lambda request: web.Response(text=f'"{request.query["echostr"]}"'), "fail", "nothing before it changes answers"),
    (lambda _: web.Response(status=404), "fail", "does not know the app"),
    (lambda _: web.Response(status=403), "fail", "another Token"),
    (lambda _: web.Response(status=302, headers={"Location": "/"}), "fail", "leads to the gateway"),
]


@pytest.mark.parametrize(("answer", "status", "do"), GATEWAYS)
async def test_the_gateway_is_asked_as_wechat_asks(
    http: aiohttp.ClientSession, answer: Callable[[web.Request], web.Response], status: str, do: str
) -> None:
    async def handle(request: web.Request) -> web.Response:
        return answer(request)

    served = web.Application()
    served.add_routes([web.get(f"/wechat/{APPID}", handle)])
    async with listen(served, "127.0.0.1", 0, "none") as port:
        found = await gateway_check(http, app(), f"http://127.0.0.1:{port}/", WITHIN, "")
    assert found.status == status
    assert do in found.do


async def test_a_gateway_that_is_down_is_said(http: aiohttp.ClientSession) -> None:
    found = await gateway_check(http, app(), "http://127.0.0.1:1", WITHIN, " at x")
    assert found.status == "fail"
    assert "does not answer" in found.what


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session
