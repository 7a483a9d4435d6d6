"""`wxdesk apps` on a real database: what is refused, what is kept, what is never shown."""

import asyncio
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.console.administering.app_changes import AppChanges
from services.console.administering.app_fields import callback_fault
from services.console.cli.app_fields import read_policy
from services.console.cli.failures import Misused
from shared.bus.connection import linked
from shared.bus.live import listen
from shared.bus.topology import Topology, declare
from shared.clock import real_now
from shared.contracts.hints import LiveHint, SettingsChanged
from shared.store.apps import App, AppStore
from shared.store.audit import COMMAND_LINE, AuditLog
from shared.store.driver import Database
from shared.store.sealing import Sealer
from shared.store.vendor_accounts import VendorAccountStore
from tests.cli.cli import ADD, AES_KEY, APP, OTHER_AES_KEY, ROOT, SECRET_KEYS, SECRETS, Cli, command
from tests.support.waiting import eventually

KEYED = (*ADD, "--aes-key", AES_KEY)


def store(database: Database) -> AppStore:
    return AppStore(database, Sealer([SECRET_KEYS]))


async def stored(database: Database) -> App:
    app = await store(database).get(APP)
    assert app is not None
    return app


async def test_an_app_is_added_listed_and_shown(cli: Cli, database: Database) -> None:
    cli.variables["PUBLIC_BASE_URL"] = "https://kf.example.com/"
    ran = await cli.ok(*KEYED, "--gh-id", "gh_0123456789ab")
    url = f"https://kf.example.com/wechat/{APP}"
    assert url in ran.out
    assert "mp.weixin.qq.com" in ran.out
    app = await stored(database)
    assert (app.mode, app.format, app.gh_id, app.version, app.policy.version) == (
        "secure",
        "json",
        "gh_0123456789ab",
        1,
        1,
    )
    assert APP in (await cli.ok("apps", "list")).out
    (listed,) = (await cli.ok("apps", "list", "--json")).json
    shown = (await cli.ok("apps", "show", APP, "--json")).json
    assert {**listed, "settings": shown["settings"]} == shown
    assert (shown["secret"], shown["aes_key"], shown["previous_aes_key"]) == ("set", "set", None)
    assert shown["callback_url"] == url


@pytest.mark.parametrize("tail", [(), ("--json",)], ids=["people", "scripts"])
async def test_no_command_ever_shows_a_secret(cli: Cli, tail: tuple[str, ...]) -> None:
    said = []
    for argv in (
        KEYED,
        KEYED,  # refused: it exists
        ("apps", "list"),
        ("apps", "show", APP),
        ("apps", "update", APP, "--aes-key", OTHER_AES_KEY, "--secret", "second-secret"),
        ("apps", "remove", APP),
    ):
        ran = await cli(*argv, *tail)
        said.append(ran.out + ran.err)
    assert not [secret for secret in (*SECRETS, "second-secret") for text in said if secret in text]


REFUSED = [
    (("--appid", "wx123"), "--appid must be wx and 16"),
    (("--appid", "wx0123456789ABCDEF"), "--appid must be wx and 16"),
    (("--appid", "gh0123456789abcdef"), "--appid must be wx and 16"),
    (("--aes-key", AES_KEY[:-1]), "--aes-key: EncodingAESKey must be 43"),
    (("--aes-key", AES_KEY[:-1] + "="), "--aes-key: EncodingAESKey must be 43"),
    (("--secret", " "), "--secret is empty"),
    (("--token", "two words"), "--token must be one word"),
    (("--token", "esc\x1bape"), "--token must be one word"),
    (("--gh-id", "wx0123456789abcdef"), "--gh-id must be the original id"),
    (("--name", "  "), "--name must not be blank"),
    (("--settings", "[]"), "--settings must be one JSON object"),
    (("--settings", "@/nowhere/settings.json"), "cannot read /nowhere/settings.json"),
]


@pytest.mark.parametrize(("options", "said"), REFUSED)
async def test_what_wechat_could_not_work_with_is_2(cut_off_cli: Cli, options: tuple[str, ...], said: str) -> None:
    ran = await cut_off_cli(*KEYED, *options)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


@pytest.mark.parametrize("mode", ["compat", "secure"])
async def test_an_encrypted_mode_needs_a_key(cut_off_cli: Cli, mode: str) -> None:
    ran = await cut_off_cli(*ADD, "--mode", mode)
    assert ran.code == 2
    assert f"--aes-key: mode {mode} needs the EncodingAESKey" in ran.err


POLICY_MISTAKES = [
    ('{"welcom": "您好"}', "welcom: there is no such setting"),
    ('{"unmatched": {"replay": 1}}', "unmatched.replay: there is no such setting"),
    ('{"keyword_rules": [{"words": ["a"]}, {"words": [" "]}]}', "keyword_rules[1].words: must not be blank"),
    ('{"keyword_rules": [{"words": ["a"], "match": "regex"}]}', "keyword_rules[0].match: "),
    ('{"idle_close_seconds": {"bot": 1}}', "idle_close_seconds.bot: "),
    ('{"welcome": "%s"}' % ("长" * 683), "welcome: is 2049 bytes"),
    ('{"bot_budget": 6}', "bot_budget: "),
    ('{"welcome": ,}', "is not JSON: line 1, column 13"),
]


@pytest.mark.parametrize(("document", "said"), POLICY_MISTAKES)
def test_a_mistake_in_the_settings_is_named_by_its_place(document: str, said: str) -> None:
    with pytest.raises(Misused) as refused:
        read_policy(document)
    assert said in str(refused.value)


async def test_settings_that_make_no_sense_together_change_nothing(cli: Cli, database: Database) -> None:
    wrong = json.dumps({"rules": [{"name": "退款", "to": {"kind": "group", "name": "nowhere"}}]})
    said = "--settings rules[0].to.name: nobody is in the group nowhere; put agents into it first, or name another"
    added = await cli(*KEYED, "--settings", wrong)
    assert (added.code, said in added.err) == (2, True)
    assert await store(database).get(APP) is None
    await cli.ok(*KEYED)
    changed = await cli("apps", "update", APP, "--settings", wrong)
    assert (changed.code, said in changed.err) == (2, True)
    assert (await stored(database)).version == 1
    await cli.ok("agents", "add", "lina", "--name", "李娜", "--group", "nowhere")
    await cli.ok("apps", "update", APP, "--settings", wrong)
    assert (await stored(database)).policy.rules[0].to.name == "nowhere"


async def test_settings_survive_a_round_trip_through_a_file(cli: Cli, database: Database, tmp_path: Path) -> None:
    document = {
        "welcome": "您好！",
        "keyword_rules": [{"words": ["发货", "物流"], "reply": "48 小时内发货。"}],
        "assignment": {"groups": ["vip"]},
    }
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(document, ensure_ascii=False))
    await cli.ok(*KEYED, "--settings", f"@{file}")
    shown = (await cli.ok("apps", "show", APP, "--json")).json["settings"]
    assert (await stored(database)).policy.welcome == "您好！"
    file.write_text(json.dumps({**shown, "version": 77, "bot_budget": 1}))
    await cli.ok("apps", "update", APP, "--settings", f"@{file}")
    app = await stored(database)
    assert (app.policy.bot_budget, app.policy.welcome, app.policy.version) == (1, "您好！", app.version)


async def test_secrets_come_from_files_and_from_lines_of_standard_input(
    cli: Cli, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(AES_KEY + "\n")
    argv = (*ADD[:6], "--token", "-", "--secret", "-", "--aes-key", f"@{tmp_path / 'key'}")
    await cli.ok(*argv, stdin="the-secret\nthe-token\n")
    app = await stored(database)
    assert app.secret.get_secret_value() == "the-secret"
    assert app.token.get_secret_value() == "the-token"
    assert app.aes_key is not None
    assert app.aes_key.get_secret_value() == AES_KEY


async def test_on_a_terminal_a_secret_is_asked_for_and_not_shown(cli: Cli, database: Database) -> None:
    terminal, its_end = os.openpty()
    running = await asyncio.create_subprocess_exec(
        *command(*ADD, "--mode", "plain", "--secret", "-"),
        env=cli.process_environment(),
        cwd=ROOT,
        stdin=its_end,
        stdout=its_end,
        stderr=its_end,
        start_new_session=True,
    )
    os.close(its_end)
    shown = b""
    while b"secret: " not in shown:
        shown += await asyncio.to_thread(os.read, terminal, 1024)
    os.write(terminal, b"typed-secret\n")
    while more := await asyncio.to_thread(_read, terminal):
        shown += more
    os.close(terminal)
    assert (await running.wait(), b"typed-secret" in shown) == (0, False)
    assert (await stored(database)).secret.get_secret_value() == "typed-secret"


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1024)
    except OSError:  # the other end is closed
        return b""


async def test_a_line_that_is_not_there_is_2(cut_off_cli: Cli) -> None:
    ran = await cut_off_cli(*ADD[:6], "--secret", "-", "--token", "-", stdin="only one\n".replace(" ", "-"))
    assert ran.code == 2
    assert "--token is -, but standard input has no line for it" in ran.err


async def test_an_app_is_added_once(cli: Cli) -> None:
    await cli.ok(*KEYED)
    ran = await cli(*KEYED)
    assert ran.code == 1
    assert "exists already" in ran.err


@pytest.mark.parametrize("argv", [("show", APP), ("update", APP, "--name", "x"), ("remove", APP)], ids=" ".join)
async def test_an_app_that_is_not_there_is_1(cli: Cli, argv: tuple[str, ...]) -> None:
    ran = await cli("apps", *argv)
    assert ran.code == 1
    assert "wxdesk apps list" in ran.err


async def test_a_new_key_keeps_the_old_one_until_it_is_forgotten(cli: Cli, database: Database) -> None:
    await cli.ok(*KEYED)
    await cli.ok("apps", "update", APP, "--aes-key", AES_KEY)
    assert (await stored(database)).previous_aes_key is None
    await cli.ok("apps", "update", APP, "--aes-key", OTHER_AES_KEY)
    rotated = await stored(database)
    assert rotated.previous_aes_key is not None
    assert rotated.previous_aes_key.get_secret_value() == AES_KEY
    await cli.ok("apps", "update", APP, "--forget-previous-key", "--name", "新名")
    app = await stored(database)
    assert (app.previous_aes_key, app.name, app.version) == (None, "新名", 4)
    assert app.secret.get_secret_value() == SECRETS[0]


async def test_a_new_token_keeps_the_old_one_for_as_long_as_wanted(cli: Cli, database: Database) -> None:
    await cli.ok(*KEYED)
    changed = await cli.ok("apps", "update", APP, "--token", "token2", "--previous-hours", "3")
    assert "The old token stays good until" in changed.out
    rotated = await stored(database)
    assert rotated.previous_token is not None
    assert rotated.previous_token.get_secret_value() == SECRETS[1]
    assert rotated.previous_until is not None
    assert timedelta(hours=2) < rotated.previous_until - real_now() < timedelta(hours=4)
    assert rotated.previous_stands(real_now())
    assert not rotated.previous_stands(rotated.previous_until)
    shown = (await cli.ok("apps", "show", APP, "--json")).json
    assert (shown["previous_token"], shown["previous_aes_key"]) == ("set", None)
    await cli.ok("apps", "update", APP, "--forget-previous-key")
    app = await stored(database)
    assert (app.previous_token, app.previous_until) == (None, None)
    assert (await cli("apps", "update", APP, "--token", "t", "--previous-hours", "0")).code == 2


async def test_nothing_to_change_is_2(cut_off_cli: Cli) -> None:
    assert "nothing to change" in (await cut_off_cli("apps", "update", APP)).err


async def test_a_mode_without_its_key_is_refused_for_the_app_as_it_is(cli: Cli, database: Database) -> None:
    await cli.ok(*ADD, "--mode", "plain")
    assert (await cli("apps", "update", APP, "--mode", "secure")).code == 2
    await cli.ok("apps", "update", APP, "--mode", "secure", "--aes-key", AES_KEY)
    assert (await stored(database)).mode == "secure"


async def test_two_who_change_different_fields_at_once_both_succeed(cli: Cli, database: Database) -> None:
    await cli.ok(*KEYED)
    changes: list[dict[str, Any]] = [{"name": "甲"}, {"gh_id": "gh_1"}, {"format": "xml"}]
    accounts = VendorAccountStore(database, Sealer([SECRET_KEYS]))
    apps = AppChanges(database, store(database), accounts, COMMAND_LINE)
    await asyncio.gather(*(apps.change(APP, change) for change in changes))
    app = await stored(database)
    assert (app.name, app.gh_id, app.format, app.version) == ("甲", "gh_1", "xml", 4)


async def test_removing_stops_it_and_enabling_brings_it_back(cli: Cli, database: Database) -> None:
    await cli.ok(*KEYED)
    assert (await cli.ok("apps", "remove", APP, "--json")).json["enabled"] is False
    await cli.ok("apps", "remove", APP)
    assert not (await stored(database)).enabled
    await cli.ok("apps", "update", APP, "--enable")
    assert (await stored(database)).enabled


async def test_every_change_is_in_the_audit_without_a_secret(cli: Cli, database: Database) -> None:
    await cli.ok(*KEYED)
    settings = '{"welcome": "您好"}'
    await cli.ok("apps", "update", APP, "--aes-key", OTHER_AES_KEY, "--name", "新名", "--settings", settings)
    await cli.ok("apps", "remove", APP)
    await cli.ok("apps", "remove", APP, "--purge", "--yes", APP)
    entries, _ = await AuditLog(database).page(target=APP)
    assert {entry.by for entry in entries} == {COMMAND_LINE}
    actions = ["app.removed", "app.changed", "app.settings_changed", "app.changed", "app.added"]
    assert [entry.action for entry in entries] == actions
    changed = {change.field: (change.before, change.after) for change in entries[3].changes}
    assert changed == {"name": ("演示", "新名"), "aes_key": ("set", "changed"), "previous_aes_key": (None, "set")}
    assert entries[2].changes[0].after == "您好"
    assert not [secret for secret in SECRETS if secret in str(await database["audit"].find({}))]


async def test_a_change_is_announced(cli: Cli, amqp_url: str) -> None:
    heard: list[LiveHint] = []
    ready = asyncio.Event()

    async def subscribed() -> None:
        ready.set()

    async with linked(amqp_url, "test") as link:
        await declare(link, Topology(router_partitions=1, sender_partitions=1))
        listening = asyncio.create_task(listen(link, ("settings_changed",), heard.append, subscribed=subscribed))
        await ready.wait()
        ran = await cli.ok(*KEYED)
        await eventually(lambda: SettingsChanged(what="apps") in heard)
        listening.cancel()
    assert ran.err == ""


async def test_without_a_broker_the_change_stands_and_is_said_to_be_late(cli: Cli, database: Database) -> None:
    del cli.variables["AMQP_URL"]
    ran = await cli.ok(*KEYED)
    assert "find out by themselves" in ran.err
    assert (await stored(database)).name == "演示"


async def test_secrets_sealed_with_a_lost_key_are_said_to_be_and_entered_again(cli: Cli) -> None:
    await cli.ok(*KEYED)
    cli.variables["WXDESK_SECRET_KEYS"] = SECRET_KEYS[::-1].lstrip("=") + "="
    (shown,) = (await cli.ok("apps", "list", "--json")).json
    assert (shown["secret"], shown["aes_key"], shown["previous_aes_key"]) == ("unreadable", "unreadable", None)
    renamed = (await cli.ok("apps", "update", APP, "--name", "新名", "--secret", "f" * 32, "--json")).json
    assert (renamed["secret"], renamed["token"], renamed["name"]) == ("set", "unreadable", "新名")
    await cli.ok("apps", "update", APP, "--token", "t", "--aes-key", OTHER_AES_KEY)
    assert (await cli.ok("apps", "show", APP, "--json")).json["aes_key"] == "set"
    assert (await cli.ok("apps", "show", APP, "--json")).json["previous_aes_key"] is None


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://kf.example.com/wechat/x", None),
        ("https://kf.example.com:443/wechat/x", None),
        ("http://1.2.3.4/wechat/x", None),
        ("http://kf.example.com:80/x", None),
        ("http://kf.example.com:8080/x", "WeChat takes http on port 80 only"),
        ("https://kf.example.com:80/x", "WeChat takes https on port 443 only"),
        ("kf.example.com/x", "it must begin with http:// or https:// and name a host"),
        ("https:///x", "it must begin with http:// or https:// and name a host"),
        ("http://h:999999/x", "it is no URL"),
    ],
)
def test_wechat_takes_only_these_callback_urls(url: str, fault: str | None) -> None:
    assert callback_fault(url) == fault
