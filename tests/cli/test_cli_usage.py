"""How every command ends: exit codes, sentences on standard error, quiet ends."""

import asyncio
import json
import os
import signal
import socket
from asyncio.subprocess import PIPE

import pytest

from tests.cli.cli import ADD, AES_KEY, APP, ROOT, SECRET_KEYS, Cli, command

NOUNS = ("apps", "vendors", "agents", "desk", "dead", "sandbox", "doctor")

USAGE = [
    (),
    ("nonsense",),
    ("apps",),
    ("apps", "nonsense"),
    ("apps", "show"),
    ("apps", "list", "--jso"),
    ("apps", "add", "--appid", APP),
    (*ADD, "--mode", "open"),
    (*ADD, "--format", "yaml"),
    ("agents", "add", "lina"),
    ("agents", "add", "lina", "--name", "x", "--role", "boss"),
    ("agents", "add", "lina", "--name", "x", "--capacity", "many"),
    ("desk", "list"),
    ("desk", "list", "--as", "lina", "--view", "old"),
    ("desk", "say", "ID", "--as", "lina"),
    ("desk", "transfer", "ID", "--as", "lina"),
    ("desk", "transfer", "ID", "--as", "lina", "--bot", "--official"),
    ("desk", "transfer", "ID", "--as", "lina", "--bot", "--vendor", "qiyu"),
    ("apps", "switch", APP),
    ("apps", "switch", APP, "--to", "bot", "--sessions", "some"),
    ("vendors", "add", "zhima", "--name", "x"),
    ("vendors", "drill", "zhima"),
    ("vendors", "drill", "zhima", "--app", APP, "--seconds", "soon"),
    ("agents", "update", "lina", "--away-after", "soon"),
    ("dead", "replay"),
    ("dead", "replay", "ID", "--all"),
    ("sandbox", "say", "OPENID"),
    ("sandbox", "show", "OPENID", "--wait", "soon"),
]


@pytest.mark.parametrize("argv", USAGE, ids=" ".join)
async def test_wrong_usage_is_2_and_says_where_help_is(bare_cli: Cli, argv: tuple[str, ...]) -> None:
    ran = await bare_cli(*argv)
    assert (ran.code, ran.out) == (2, "")
    assert "--help`" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("argv", [("--help",), *((noun, "--help") for noun in NOUNS)], ids=" ".join)
async def test_help_is_there_for_everything(bare_cli: Cli, argv: tuple[str, ...]) -> None:
    assert "usage: wxdesk" in (await bare_cli.ok(*argv)).out


MISSING = [
    (("apps", "list"), "MONGO_URL: missing"),
    (("apps", "list"), "WXDESK_SECRET_KEYS: missing"),
    (("agents", "list"), "MONGO_URL: missing"),
    (("dead", "list"), "MONGO_URL: missing"),
    (("doctor",), "MONGO_URL: missing"),
    (("sandbox", "show", "o1"), "SANDBOX_URL: missing"),
    (("desk", "list", "--as", "lina"), "WXDESK_PASSWORD: missing"),
]


@pytest.mark.parametrize(("argv", "said"), MISSING)
async def test_missing_settings_are_2_and_named(bare_cli: Cli, argv: tuple[str, ...], said: str) -> None:
    ran = await bare_cli(*argv)
    assert ran.code == 2
    assert said in ran.err


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"MONGO_URL": "postgres://x"}, "must begin with mongodb://"),
        ({"MONGO_URL": "mongodb://"}, "MONGO_URL is malformed"),
        ({"MONGO_URL": "mongodb://a:s3cret:c@h/"}, "MONGO_URL is malformed"),
        ({"MONGO_URL": "mongodb://h/", "WXDESK_SECRET_KEYS": "short"}, "32 url-safe base64 bytes"),
    ],
)
async def test_settings_that_make_no_sense_are_2(bare_cli: Cli, variables: dict[str, str], said: str) -> None:
    bare_cli.variables |= {"WXDESK_SECRET_KEYS": SECRET_KEYS, **variables}
    ran = await bare_cli("apps", "list")
    assert ran.code == 2
    assert said in ran.err
    assert "s3cret" not in ran.err


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    "argv",
    [
        ("apps", "list"),
        ("agents", "list"),
        ("dead", "list"),
        ("desk", "list", "--as", "lina"),
        ("sandbox", "show", "o1"),
    ],
    ids=" ".join,
)
async def test_a_server_out_of_reach_is_3(bare_cli: Cli, argv: tuple[str, ...]) -> None:
    nobody = f"127.0.0.1:{unused_port()}"
    bare_cli.variables |= {"MONGO_URL": f"mongodb://u:s3cret@{nobody}/", "WXDESK_SECRET_KEYS": SECRET_KEYS}
    bare_cli.variables |= {"CONSOLE_URL": f"http://{nobody}", "SANDBOX_URL": f"http://{nobody}", "WXDESK_PASSWORD": "x"}
    ran = await bare_cli(*argv)
    assert ran.code == 3
    assert "does not answer" in ran.err
    assert nobody in ran.err
    assert "s3cret" not in ran.err


async def test_a_login_mongodb_does_not_know_is_2(cli: Cli, mongo_url: str) -> None:
    cli.variables["MONGO_URL"] = mongo_url.replace("mongodb://", "mongodb://nobody:s3cret@")
    ran = await cli("agents", "list")
    assert ran.code == 2
    assert "does not accept the login in MONGO_URL" in ran.err
    assert "s3cret" not in ran.err


async def test_with_json_a_failure_is_json_too(bare_cli: Cli) -> None:
    ran = await bare_cli("agents", "add", "Not A Login", "--name", "x", "--json")
    assert ran.out == ""
    assert json.loads(ran.err) == {"error": json.loads(ran.err)["error"], "exit_code": 2}


@pytest.mark.parametrize("argv", [("--json", "agents", "list"), ("agents", "list", "--json")], ids=" ".join)
async def test_json_may_stand_before_the_noun_or_at_the_end(cli: Cli, argv: tuple[str, ...]) -> None:
    assert (await cli.ok(*argv)).json == []


@pytest.mark.parametrize("argv", [("agents", "list", "--json"), ("--help",)], ids=" ".join)
async def test_a_reader_that_goes_away_is_no_error(cli: Cli, argv: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    running = await asyncio.create_subprocess_exec(
        *command(*argv), env=cli.process_environment(), cwd=ROOT, stdout=writing, stderr=PIPE
    )
    os.close(writing)
    _, err = await running.communicate()
    assert (err.decode(), running.returncode) == ("", 141)


async def test_ctrl_c_is_quiet(cli: Cli) -> None:
    await cli.ok(*ADD, "--aes-key", AES_KEY)
    running = await asyncio.create_subprocess_exec(
        *command("apps", "remove", APP, "--purge"),
        env=cli.process_environment(),
        cwd=ROOT,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    assert running.stderr is not None
    await running.stderr.readuntil(b"go on: ")
    running.send_signal(signal.SIGINT)
    assert (await running.stderr.read()).strip() == b""
    assert await running.wait() == 130


async def test_a_terminal_of_another_encoding_shows_escapes(cli: Cli) -> None:
    await cli.ok("agents", "add", "lina", "--name", "李娜", "--password", "long enough")
    running = await asyncio.create_subprocess_exec(
        *command("agents", "list"),
        env={**cli.process_environment(), "PYTHONIOENCODING": "ascii"},
        cwd=ROOT,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await running.communicate()
    assert (running.returncode, err) == (0, b"")
    assert b"\\u674e\\u5a1c" in out
