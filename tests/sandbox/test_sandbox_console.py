"""Handing a customer to WeChat's own console by passive reply, and what is pushed meanwhile."""

import json
import time
from typing import Any

import pytest
from aiohttp import web
from wechatpy.crypto import WeChatCrypto

from services.sandbox.wechat.phone import SERVICE_FAILURE
from shared.wechat.push_body import read_xml
from tests.sandbox.box import AES_KEY, APPID, OPENID, TOKEN, Answer, Box, boxed
from tests.sandbox.receiver import Answers, Received, success

GH_ID = "gh_97417a04a28d"


def transfer(**changes: Any) -> dict[str, Any]:
    fields = {
        "ToUserName": OPENID,
        "FromUserName": GH_ID,
        "CreateTime": int(time.time()),
        "MsgType": "transfer_customer_service",
    }
    return fields | changes


def as_xml(fields: dict[str, Any]) -> str:
    return "<xml>" + "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items()) + "</xml>"


def sealed(text: str, nonce: str, written: str) -> str:
    """An encrypted reply, made by another implementation of WeChat's page."""
    envelope: str = WeChatCrypto(TOKEN, AES_KEY, APPID).encrypt_message(text, nonce)
    return envelope if written == "xml" else json.dumps(read_xml(envelope.encode()))


def replying(fields: dict[str, Any], *, written: str, encrypted: bool) -> Answers:
    text = json.dumps(fields) if written == "json" else as_xml(fields)

    def answer(push: Received) -> web.Response:
        return web.Response(text=sealed(text, push.query["nonce"], written) if encrypted else text)

    return answer


async def console(box: Box, action: str, **fields: Any) -> Answer:
    path = f"/apps/{APPID}/customers/{OPENID}/console"
    return await box.control("POST", path, {"action": action} | fields)


async def hand_over(box: Box) -> None:
    await box.put_app(gh_id=GH_ID)
    box.receiver.answer_in_turn(replying(transfer(), written="json", encrypted=True))
    assert (await box.say("人工"))["accepted"] is True


@pytest.mark.parametrize(
    ("mode", "written", "encrypted", "state"),
    [
        ("plain", "json", False, "queued"),
        ("plain", "xml", False, "queued"),
        ("plain", "json", True, "none"),
        ("compat", "json", False, "queued"),
        ("compat", "xml", True, "queued"),
        ("secure", "json", True, "queued"),
        ("secure", "xml", True, "queued"),
        ("secure", "json", False, "none"),
    ],
)
async def test_a_transfer_must_come_as_configured(*, mode: str, written: str, encrypted: bool, state: str) -> None:
    async with boxed(mode=mode, format=written, gh_id=GH_ID) as box:
        box.receiver.answer = replying(transfer(), written=written, encrypted=encrypted)
        said = await box.say("人工")
        assert (await box.phone())["console"] == state
    assert said["accepted"] is (state == "queued")
    assert said["notice"] == (None if state == "queued" else SERVICE_FAILURE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ToUserName": GH_ID, "FromUserName": OPENID},
        {"MsgType": "text", "Content": "hi"},
        {"CreateTime": None},
    ],
    ids=["not swapped", "a text", "no time"],
)
async def test_a_wrong_transfer_shows_the_notice(wrong: dict[str, Any]) -> None:
    async with boxed(mode="plain", gh_id=GH_ID) as box:
        box.receiver.answer = replying(transfer(**wrong), written="json", encrypted=False)
        assert (await box.say())["notice"] == SERVICE_FAILURE
        assert (await box.phone())["console"] == "none"


async def test_xml_under_a_json_configuration_shows_the_notice() -> None:
    async with boxed(mode="plain", format="json", gh_id=GH_ID) as box:
        box.receiver.answer = replying(transfer(), written="xml", encrypted=False)
        assert (await box.say())["notice"] == SERVICE_FAILURE


async def test_an_event_cannot_be_transferred() -> None:
    async with boxed(mode="plain", gh_id=GH_ID) as box:
        box.receiver.answer = replying(transfer(), written="json", encrypted=False)
        assert (await box.act("enter"))["notice"] == SERVICE_FAILURE
        assert (await box.phone())["console"] == "none"


async def test_queued_messages_are_pushed_and_held_ones_are_not(box: Box) -> None:
    await hand_over(box)
    await box.say("while queued")
    assert len(box.receiver.pushes) == 2
    assert (await console(box, "accept")).body == {"console": "held"}
    held = await box.say("while held")
    assert (held["accepted"], held["attempts"], len(box.receiver.pushes)) == (False, [], 2)
    assert held["msg_id"]
    await box.act("enter")
    assert len(box.receiver.pushes) == 3, "an event is never the console's"


async def test_the_console_speaks_and_closes(box: Box) -> None:
    await hand_over(box)
    await console(box, "accept")
    await console(box, "say", text="我是人工")
    assert [(item["from"], item["text"]) for item in (await box.phone(after=1))["items"]] == [("service", "我是人工")]
    assert (await console(box, "close")).body == {"console": "none"}
    assert (await box.say("back"))["accepted"] is True


async def test_the_console_lets_go_after_half_an_hour(box: Box) -> None:
    await hand_over(box)
    await console(box, "accept")
    await box.advance(29 * 60)
    assert (await box.say())["attempts"] == []
    await box.advance(60)
    assert (await box.phone())["console"] == "none"
    assert (await box.say())["accepted"] is True


@pytest.mark.parametrize(("action", "text"), [("accept", None), ("close", None), ("say", "hello")])
async def test_the_console_cannot_do_this_now(box: Box, action: str, text: str | None) -> None:
    answer = await console(box, action, text=text)
    assert (answer.status, "error" in answer.body) == (409, True)


async def test_a_repeated_transfer_changes_nothing_while_held(box: Box) -> None:
    await hand_over(box)
    box.receiver.answer = replying(transfer(), written="json", encrypted=True)
    await box.say("again")
    assert (await console(box, "accept")).body == {"console": "held"}
    box.receiver.answer = success
    assert (await box.phone())["console"] == "held"
