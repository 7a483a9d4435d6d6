"""`wxdesk vendors`: accounts added, changed, shown, tried and removed from a terminal; secrets never shown."""

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from shared.clock import real_now
from shared.observe.http import listen
from shared.store.apps import AppStore
from shared.store.audit import AuditLog
from shared.store.driver import Database
from shared.store.sealing import Sealer
from shared.store.vendor_accounts import Breaker, BreakerStore, VendorAccountStore
from tests.cli.cli import ADD, AES_KEY, APP, SECRET_KEYS, Cli

PUSH_URL = "http://127.0.0.1:9/push_pwd/mini_program/access-key"
ZHIMA = ("vendors", "add", "zhima", "--vendor", "zhima", "--name", "芝麻")
GOOD = (*ZHIMA, "--setting", f"app_id={APP}", "--secret", f"push_url={PUSH_URL}")


async def shown(cli: Cli, account: str = "zhima") -> Any:
    return (await cli.ok("vendors", "show", account, "--json")).json


async def test_an_account_is_added_and_shown_without_its_secrets(cli: Cli, database: Database) -> None:
    cli.variables["PUBLIC_BASE_URL"] = "https://kf.example.com"
    ran = await cli.ok(*GOOD, "--setting", "reply_path=proxy", "--bridge", "idle_seconds=600", "--json")
    assert (ran.json["id"], ran.json["settings"]["reply_path"], ran.json["bridge"]["idle_seconds"]) == (
        *("zhima", "proxy"),
        600,
    )
    assert ran.json["push_url"] == "https://kf.example.com/vendors/zhima/zhima"
    assert ran.json["secrets"]["push_url"] == {"set": True}
    people = await cli.ok("vendors", "show", "zhima")
    told = (ran.out, people.out, (await cli.ok("vendors", "list")).out, str(await AuditLog(database).page()))
    assert not any("access-key" in text for text in told)
    assert "set" in next(
        line for line in people.out.splitlines() if line.startswith("push_url  ") or "push_url" in line
    )
    (listed,) = (await cli.ok("vendors", "list", "--json")).json
    assert listed == await shown(cli)
    stored = await VendorAccountStore(database, Sealer([SECRET_KEYS])).get("zhima")
    assert stored is not None
    assert stored.secrets["push_url"].get_secret_value() == PUSH_URL


async def test_adding_says_what_to_enter_at_the_vendor(cli: Cli) -> None:
    ran = await cli.ok(*GOOD)
    assert "PUBLIC_BASE_URL/vendors/zhima/zhima" in ran.out
    assert "wxdesk vendors test zhima" in ran.out


async def test_values_are_read_as_their_settings_want_them(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("qiyu-secret\n")
    argv = ("vendors", "add", "qiyu", "--vendor", "qiyu", "--name", "七鱼", "--setting", "app_key=123")
    pairs = ("calls_per_second=7", "relay_in_line=true", 'media_hosts=["*.example.com"]', "group_id=null")
    settings = [part for pair in pairs for part in ("--setting", pair)]
    bridge = ("--bridge", "breaker.failures=3", "--bridge", 'leave_words=["不等了"]', "--bridge", "tell_ahead=null")
    ran = await cli.ok(*argv, *settings, *bridge, "--secret", f"app_secret=@{tmp_path / 'secret'}", "--json")
    found = ran.json["settings"]
    assert (found["app_key"], found["calls_per_second"], found["relay_in_line"]) == ("123", 7, True)
    assert (found["media_hosts"], found["group_id"]) == (["*.example.com"], None)
    assert (ran.json["bridge"]["breaker"]["failures"], ran.json["bridge"]["leave_words"]) == (3, ["不等了"])
    assert ran.json["bridge"]["tell_ahead"] is None


async def test_a_secret_is_read_from_standard_input(cli: Cli, database: Database) -> None:
    argv = (*ZHIMA, "--setting", f"app_id={APP}", "--secret", "push_url=-")
    await cli.ok(*argv, stdin=f"{PUSH_URL}\n")
    stored = await VendorAccountStore(database, Sealer([SECRET_KEYS])).get("zhima")
    assert stored is not None
    assert stored.secrets["push_url"].get_secret_value() == PUSH_URL


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((*GOOD, "--setting", "formt=xml"), "--setting formt: there is no such setting"),
        ((*GOOD, "--setting", "format=csv"), "--setting format: "),
        ((*GOOD, "--setting", "push_token=x"), "--setting push_token is a secret"),
        ((*GOOD, "--secret", "x=y"), "--secret x: there is no such secret"),
        ((*GOOD, "--bridge", "patience_seconds=0"), "--bridge patience_seconds: "),
        ((*GOOD, "--bridge", "breaker.x=1"), "--bridge breaker.x: there is no such setting"),
        ((*GOOD, "--setting", "format"), "write NAME=VALUE"),
        ((*GOOD, "--setting", "ip_allow=[1"), "--setting ip_allow: is not JSON"),
        (ZHIMA, "--setting app_id is needed"),
        (("vendors", "add", "Zhima!", *GOOD[3:]), "ID must begin with"),
        (("vendors", "add", "x", "--vendor", "sobot", "--name", "x"), "--vendor: there is no such vendor"),
        (("vendors", "update", "zhima"), "nothing to change"),
        (("vendors", "drill", "zhima", "--app", APP, "--seconds", "0"), "--seconds must be more than 0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_is_wrong_is_2_and_named_by_its_option(cli: Cli, argv: tuple[str, ...], said: str) -> None:
    ran = await cli(*argv)
    assert ran.code == 2, ran
    assert said in ran.err
    assert "access-key" not in ran.err


async def test_what_is_not_there_is_1(cli: Cli) -> None:
    for argv in (("show", "x"), ("remove", "x"), ("test", "x"), ("update", "x", "--name", "y")):
        ran = await cli("vendors", *argv)
        assert (ran.code, "there is no vendor account x" in ran.err) == (1, True), ran
    await cli.ok(*GOOD)
    assert (await cli(*GOOD)).code == 1


async def test_a_change_leaves_the_rest(cli: Cli) -> None:
    await cli.ok(*GOOD, "--setting", "format=json", "--secret", "developer_token=token-1")
    await cli.ok("vendors", "update", "zhima", "--name", "芝麻 2", "--setting", "format=null")
    changed = await shown(cli)
    assert (changed["name"], changed["settings"]["format"], changed["version"]) == ("芝麻 2", "xml", 2)
    assert changed["secrets"]["developer_token"] == {"set": True}
    await cli.ok("vendors", "update", "zhima", "--disable", "--forget-secret", "developer_token")
    changed = await shown(cli)
    assert (changed["enabled"], changed["secrets"]["developer_token"]) == (False, {"set": False})
    await cli.ok("vendors", "update", "zhima", "--enable")
    assert (await shown(cli))["enabled"] is True


async def test_an_account_that_an_app_goes_to_is_not_removed(cli: Cli, database: Database) -> None:
    await cli.ok(*ADD, "--aes-key", AES_KEY)
    await cli.ok(*GOOD)
    settings = json.dumps({"entry": "vendor:zhima"})
    await cli.ok("apps", "update", APP, "--settings", settings)
    assert (await shown(cli))["used_by"] == [APP]
    ran = await cli("vendors", "remove", "zhima")
    assert (ran.code, APP in ran.err) == (1, True)
    await cli.ok("apps", "switch", APP, "--to", "agents")
    await BreakerStore(database).save(Breaker(app_id=APP, account="zhima", since=real_now(), state="open"))
    assert "zhima is removed" in (await cli.ok("vendors", "remove", "zhima")).out
    assert (await BreakerStore(database).everything(), (await cli.ok("vendors", "list", "--json")).json) == ([], [])
    entries, _ = await AuditLog(database).page(target="zhima")
    assert [one.action for one in entries] == ["vendor_account.removed", "vendor_account.added"]


async def test_settings_that_lead_nowhere_are_refused(cli: Cli) -> None:
    await cli.ok(*ADD, "--aes-key", AES_KEY)
    ran = await cli("apps", "update", APP, "--settings", json.dumps({"entry": "vendor:nobody"}))
    assert (ran.code, "--settings entry: there is no vendor account nobody" in ran.err) == (2, True)
    ran = await cli("apps", "switch", APP, "--to", "vendor:nobody")
    assert (ran.code, "there is no vendor account nobody" in ran.err) == (2, True)
    for wrong in ("vendor:", "vendor", "group:x", "agents:x", "nonsense"):
        assert (await cli("apps", "switch", APP, "--to", wrong)).code == 2
    assert (await cli("apps", "switch", "wx00000000000000ff", "--to", "bot")).code == 1


async def test_breakers_are_listed(cli: Cli, database: Database) -> None:
    assert "every breaker is closed" in (await cli.ok("vendors", "breakers")).out
    await cli.ok(*GOOD)
    down = Breaker(app_id=APP, account="zhima", since=real_now(), state="open", failures=5)
    await BreakerStore(database).save(down.but(code="no_answer", reason="nobody answers"))
    assert "nobody answers" in (await cli.ok("vendors", "breakers")).out
    (one,) = (await cli.ok("vendors", "breakers", "--json")).json
    assert (one["account"], one["app_id"], one["state"], one["failures"]) == ("zhima", APP, "open", 5)
    assert f"{APP} open" in (await cli.ok("vendors", "list")).out


async def test_testing_a_vendor_that_does_not_answer_is_1(cli: Cli) -> None:
    await cli.ok(*GOOD)
    ran = await cli("vendors", "test", "zhima")
    assert (ran.code, "access-key" in ran.err) == (1, False)
    ran = await cli("vendors", "test", "zhima", "--json")
    assert (ran.code, ran.json["ok"], bool(ran.json["code"])) == (1, False, True)


@pytest.mark.parametrize(
    ("code", "exit_code", "said"),
    [(14007, 0, "works"), (14003, 1, "clock"), (14001, 1, "Compare the settings"), (14500, 1, "14500")],
)
async def test_qiyu_says_whether_key_secret_and_clock_are_right(cli: Cli, code: int, exit_code: int, said: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"code": code, "message": "as told"})

    app = web.Application()
    app.router.add_route("POST", "/{path:.*}", answer)
    async with listen(app, "127.0.0.1", 0, "the vendor's port") as port:
        argv = ("vendors", "add", "qiyu", "--vendor", "qiyu", "--name", "七鱼", "--setting", "app_key=key")
        await cli.ok(*argv, "--setting", f"api_base=http://127.0.0.1:{port}", "--secret", "app_secret=secret")
        ran = await cli("vendors", "test", "qiyu")
        assert ran.code == exit_code, ran
        assert said in (ran.err or ran.out)
        doctor = (await cli("doctor", "--json")).json
    (found,) = [check for check in doctor if check["what"].startswith("vendor account qiyu: qiyu ")]
    assert found["status"] == ("fail" if exit_code else "ok")


async def test_the_doctor_looks_at_vendor_accounts(cli: Cli, database: Database) -> None:
    await cli.ok(*ADD, "--aes-key", AES_KEY)
    await cli.ok(*GOOD)
    await BreakerStore(database).save(Breaker(app_id=APP, account="zhima", since=real_now(), state="open", drill=True))

    async def about_zhima() -> dict[str, str]:
        found = (await cli("doctor", "--json")).json
        return {check["what"]: check["status"] for check in found if "vendor account zhima" in check["what"]}

    found = await about_zhima()
    assert [status for what, status in found.items() if "zhima refuses" in what] == ["fail"]
    assert [status for what, status in found.items() if "its push address is not known here" in what] == ["warn"]
    assert [status for what, status in found.items() if "its breaker is open" in what] == ["warn"]
    await cli.ok("vendors", "update", "zhima", "--disable")
    assert list((await about_zhima()).values()) == ["warn"]
    named = f"{APP}: entry: the vendor account zhima is disabled"
    apps = AppStore(database, Sealer([SECRET_KEYS]))
    app = await apps.get(APP)
    assert app is not None
    await apps.save(app.but(policy=app.policy.but(entry="vendor:zhima")))
    assert any(check["what"].startswith(named) for check in (await cli("doctor", "--json")).json)
    elsewhere = {what for check in (await cli("doctor", "--app", APP, "--json")).json if (what := check["what"])}
    assert any("vendor account zhima is disabled" in what for what in elsewhere)
