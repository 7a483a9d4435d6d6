"""`wxdesk` against everything at once, found by the run.json that a local run writes: phone, desk, doctor."""

import asyncio
import json
import signal
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.run_file import describe, published
from deploy.local.seed import APP_ID
from services.console.cli import console_client
from shared.conversation.ids import conversation_id
from tests.cli.cli import ROOT, Cli, command
from tests.flow.town import Town, town
from tests.support.services import KEYS
from tests.support.waiting import eventually

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001"
    "a5f645400000000049454e44ae426082"
)


@pytest.fixture(scope="module")
async def running(
    module_amqp_url: str, mongo_url: str, module_mongo_db: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    servers = {"AMQP_URL": module_amqp_url, "MONGO_URL": mongo_url, "MONGO_DB": module_mongo_db}
    directory: Path = tmp_path_factory.mktemp("town")
    async with town({**servers, "WXDESK_SECRET_KEYS": KEYS}, directory) as made:
        with published(directory / "run.json", describe(made.plan, made.common, made.seeded, {})):
            yield made


@pytest.fixture
def local(running: Town, bare_cli: Cli) -> Cli:
    """Told nothing but where run.json is."""
    bare_cli.variables = {"DATA_DIR": running.common["DATA_DIR"]}
    return bare_cli


async def waiting(local: Cli, openid: str) -> str:
    """A customer who asked for a person; the id of their conversation, once it waits."""
    await local.ok("sandbox", "say", openid, "转人工")
    conversation = conversation_id(APP_ID, openid)

    async def is_waiting() -> bool:
        listed = (await local.ok("desk", "list", "--view", "waiting", "--as", "zhou", "--json")).json
        return conversation in {one["id"] for one in listed}

    await eventually(is_waiting)
    return conversation


async def test_the_phone_waits_for_the_bots_answer(local: Cli) -> None:
    ran = await local.ok("sandbox", "say", "o-phone", "什么时候发货？", "--wait", "30")
    assert "service: 订单在 48 小时内发货" in ran.out
    ran = await local.ok("sandbox", "enter", "o-enter", "--session-from", "home", "--wait", "30", "--json")
    assert ran.json["accepted"] is True
    assert [item["from"] for item in ran.json["items"]] == ["service"]
    shown = await local.ok("sandbox", "show", "o-phone")
    assert "customer: 什么时候发货？" in shown.out.splitlines()[0]
    assert "window: 4 until" in shown.out


async def test_every_kind_of_message_can_be_sent_from_the_phone(local: Cli, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(PNG)
    (tmp_path / "notes.txt").write_text("no picture")
    image = str(tmp_path / "picture.png")
    assert (await local.ok("sandbox", "image", "o-kinds", image, "--app", APP_ID, "--json")).json["accepted"] is True
    await local.ok("sandbox", "card", "o-kinds", "--title", "蓝色外套", "--path", "pages/item?id=7", "--image", image)
    items = (await local.ok("sandbox", "show", "o-kinds", "--json")).json["items"]
    mine = [item["type"] for item in items if item["from"] == "customer"]
    assert mine == ["image", "miniprogrampage"]
    assert "(card 蓝色外套 → pages/item?id=7)" in (await local.ok("sandbox", "show", "o-kinds")).out
    refused = await local("sandbox", "image", "o-kinds", str(tmp_path / "notes.txt"))
    assert refused.code == 1
    assert "JPEG, PNG or GIF" in refused.err
    assert (await local("sandbox", "image", "o-kinds", str(tmp_path / "nowhere.png"))).code == 2


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("show", "no/such openid"), "openid"),
        (("show", "o-1", "--app", "wx0000000000000000"), "no app wx0000000000000000"),
        (("show", "o-nothing", "--wait", "0.2"), "nothing arrived on the phone within 0.2 s"),
    ],
)
async def test_what_the_phone_cannot_do_is_1(local: Cli, argv: tuple[str, ...], said: str) -> None:
    ran = await local("sandbox", *argv)
    assert ran.code == 1
    assert said in ran.err


async def test_a_conversation_from_waiting_to_closed(local: Cli, tmp_path: Path) -> None:
    openid, own = "o-desk", ("--as", "zhou")
    conversation = await waiting(local, openid)
    await local.ok("desk", "accept", conversation, *own)
    taken = await local("desk", "accept", conversation, "--as", "wang", "--json")
    assert taken.code == 1
    assert "周敏" in json.loads(taken.err)["error"]
    (sent,) = (await local.ok("desk", "say", conversation, "您好，\n我是周敏", *own, "--json")).json
    assert (sent["type"], sent["from"]["id"]) == ("text", "zhou")
    (tmp_path / "picture.png").write_bytes(PNG)
    await local.ok("desk", "image", conversation, str(tmp_path / "picture.png"), *own)

    async def arrived() -> bool:
        out = (await local.ok("sandbox", "show", openid)).out
        return "service: 您好，\n      我是周敏" in out and "service: (image" in out

    await eventually(arrived)
    shown = (await local.ok("desk", "show", conversation, *own, "--json")).json
    assert shown["conversation"]["session"]["responder"]["name"] == "周敏"
    assert [message["seq"] for message in shown["messages"]] == list(range(1, len(shown["messages"]) + 1))
    assert (await local.ok("desk", "close", conversation, "--reason", "解决了", *own, "--json")).json["session"][
        "state"
    ] == "closed"
    too_long = await local("desk", "say", conversation, "长" * 1000, *own)
    assert "(text_too_long); --split sends it in parts" in too_long.err
    refused = await local("desk", "say", conversation, "还有吗", *own)
    assert refused.code == 1
    assert "(not_yours)" in refused.err


async def test_a_conversation_goes_from_hand_to_hand(local: Cli) -> None:
    own = ("--as", "zhou", "--json")
    conversation = await waiting(local, "o-hands")
    declined = await local("desk", "decline", conversation, *own)
    assert (declined.code, "(conflict)" in declined.err) == (1, True)
    await local.ok("desk", "accept", conversation, *own)
    given = (await local.ok("desk", "transfer", conversation, "--agent", "wang", "--note", "老客户", *own)).json
    assert given["session"]["responder"]["id"] == "wang"
    back = await local.ok("desk", "transfer", conversation, "--bot", "--as", "wang")
    assert back.out == f"Conversation {conversation} is with the bot.\n"
    refused = await local("desk", "transfer", conversation, "--official", *own)
    assert (refused.code, "to.official: " in refused.err) == (1, True)
    await local.ok("desk", "accept", conversation, *own)
    blocked = (await local.ok("desk", "block", conversation, *own)).json
    assert (blocked["blocked"], blocked["session"]["reason"]) == (True, "blocked")
    assert (await local.ok("desk", "unblock", conversation, *own)).json["blocked"] is False
    needing = (await local.ok("desk", "list", "--view", "attention", *own)).json
    assert conversation not in {one["id"] for one in needing}


DESK_REFUSALS: list[tuple[tuple[str, ...], dict[str, str], int, str]] = [
    (("show", "nosuchconversation", "--as", "zhou"), {}, 1, "(not_found)"),
    (("list", "--as", "zhou"), {"WXDESK_PASSWORD": "wrong"}, 1, "does not know zhou by this password"),
    (("list", "--as", "nobody"), {}, 2, "WXDESK_PASSWORD: missing"),
    (("list", "--as", "zhou", "--limit", "0"), {}, 1, "limit"),
]


@pytest.mark.parametrize(("argv", "variables", "code", "said"), DESK_REFUSALS)
async def test_what_the_desk_refuses_is_said(
    local: Cli, argv: tuple[str, ...], variables: dict[str, str], code: int, said: str
) -> None:
    local.variables |= variables
    ran = await local("desk", *argv)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


async def test_a_gateway_in_the_place_of_the_console_is_found_out(local: Cli, running: Town) -> None:
    local.variables["CONSOLE_URL"] = running.plan.url("gateway")
    ran = await local("desk", "list", "--as", "zhou")
    assert ran.code == 2
    assert "is not wxdesk's console; correct CONSOLE_URL" in ran.err


async def test_following_shows_what_comes_and_what_changes_until_ctrl_c(local: Cli) -> None:
    openid = "o-follow"
    conversation = await waiting(local, openid)
    await local.ok("desk", "accept", conversation, "--as", "zhou")
    following = await asyncio.create_subprocess_exec(
        *command("desk", "show", conversation, "--follow", "--as", "zhou", "--json"),
        env=local.process_environment(),
        cwd=ROOT,
        stdout=PIPE,
        stderr=PIPE,
    )
    seen: list[dict[str, Any]] = []
    await _until(following, seen, lambda: any(m["text"] == "session_assigned" for m in seen))
    await local.ok("sandbox", "say", openid, "在吗\x1b[2J")
    await local.ok("desk", "say", conversation, "在的", "--as", "zhou")
    await _until(following, seen, lambda: ("在的", "sent") in _states(seen))
    following.send_signal(signal.SIGINT)
    out, err = await following.communicate()
    assert (following.returncode, err) == (130, b"")
    assert b"\x1b" not in out
    assert [m["text"] for m in seen if m["direction"] == "inbound"] == ["转人工", "在吗\x1b[2J"]


async def test_following_goes_on_after_the_console_was_away(local: Cli, running: Town) -> None:
    openid = "o-away"
    conversation = await waiting(local, openid)
    following = await asyncio.create_subprocess_exec(
        *command("desk", "show", conversation, "--follow", "--as", "zhou", "--json"),
        env=local.process_environment(),
        cwd=ROOT,
        stdout=PIPE,
        stderr=PIPE,
    )
    seen: list[dict[str, Any]] = []
    await _until(following, seen, lambda: any(m["text"] == "session_waiting" for m in seen))
    await running.kill("console")
    await local.ok("sandbox", "say", openid, "还在吗")
    await running.start("console")
    await _until(following, seen, lambda: any(m["text"] == "还在吗" for m in seen))
    await local.ok("sandbox", "say", openid, "好的")
    await _until(following, seen, lambda: any(m["text"] == "好的" for m in seen))
    following.send_signal(signal.SIGINT)
    await following.communicate()
    assert [m["seq"] for m in seen] == sorted({m["seq"] for m in seen})


async def test_a_command_nobody_settles_is_3_and_is_done_once_later(
    local: Cli, running: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_client, "ASKED_AGAIN", 2)
    conversation = await waiting(local, "o-unsettled")
    await running.kill("router")
    ran = await local("desk", "accept", conversation, "--as", "zhou")
    await running.start("router")
    assert ran.code == 3
    assert "may still be carried out" in ran.err

    async def accepted() -> bool:
        shown = (await local.ok("desk", "show", conversation, "--as", "zhou", "--json")).json
        return [m["text"] for m in shown["messages"]].count("session_assigned") == 1

    await eventually(accepted, within_seconds=60)


async def test_following_ends_when_the_login_does(local: Cli) -> None:
    conversation = await waiting(local, "o-ended")
    following = await asyncio.create_subprocess_exec(
        *command("desk", "show", conversation, "--follow", "--as", "lina", "--json"),
        env=local.process_environment(),
        cwd=ROOT,
        stdout=PIPE,
        stderr=PIPE,
    )
    seen: list[dict[str, Any]] = []
    await _until(following, seen, lambda: bool(seen))
    await local.ok("agents", "password", "lina", "--password", "-", stdin="another password\n")
    _, err = await following.communicate()
    assert following.returncode == 1
    assert b"the login ended" in err


async def test_the_doctor_finds_nothing_wrong(local: Cli) -> None:
    await local.ok("sandbox", "say", "o-doctor", "你好")
    ran = await local("doctor", "--app", APP_ID, "--json")
    assert ran.code == 0, ran
    said = {check["what"]: check["status"] for check in ran.json}
    for part in (
        "MongoDB answers, replica set",
        "confirms writes by a majority",
        "the topology is as recorded",
        "16 router queues as agreed and listened to",
        "8 sender queues as agreed and listened to",
        "1 bot queue as agreed and listened to",
        "1 offers queue as agreed and listened to",
        "the secrets of 1 app open",
        "the gateway is ready",
        "the sender is ready",
        f"{APP_ID}: WeChat gives a token",
        f"{APP_ID}: the gateway answers WeChat's check",
    ):
        assert [status for what, status in said.items() if part in what] == ["ok"], (part, said)
    people = (await local.ok("doctor")).out
    assert {line.split()[0] for line in people.splitlines()} <= {"ok", "warn"}


async def test_the_doctor_names_a_service_that_is_down(local: Cli, running: Town) -> None:
    await running.kill("bot")
    ran = await local("doctor", "--json")
    await running.start("bot")
    assert ran.code == 1
    failed = [check["what"] for check in ran.json if check["status"] == "fail"]
    assert any(what.startswith("the bot at ") for what in failed)
    assert any("nobody listens on 1 of 1 bot queue" in what for what in failed)


def _states(seen: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(m["text"], m["delivery"]["state"]) for m in seen if m["delivery"]}


async def _until(process: asyncio.subprocess.Process, seen: list[dict[str, Any]], enough: Any) -> None:
    assert process.stdout is not None
    while not enough():
        line = await process.stdout.readline()
        assert line, "the command ended early"
        seen.append(json.loads(line))
