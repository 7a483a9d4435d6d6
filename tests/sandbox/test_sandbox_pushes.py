"""Pushing for real: bodies and queries in every mode and format, resends, and what an answer must be."""

import json
from typing import Any

import pytest
from aiohttp import web
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import check_signature

from services.sandbox.wechat.phone import SERVICE_FAILURE
from services.sandbox.wechat.pushes import PushTiming
from shared.wechat.push_body import read_body, read_xml
from tests.sandbox.box import AES_KEY, APPID, JPEG, OPENID, TOKEN, Box, boxed, form
from tests.sandbox.receiver import Answers, Received

MODES = ["plain", "compat", "secure"]
FORMATS = ["json", "xml"]
GH_ID = "gh_97417a04a28d"
MARKUP = 'a<b & c>d ]]> "quoted" \\back\nsecond 👍🏽'


def opened(push: Received, mode: str) -> dict[str, Any]:
    """The message inside a push, as another implementation of WeChat's page reads it."""
    check_signature(TOKEN, push.query["signature"], push.query["timestamp"], push.query["nonce"])
    if mode == "plain":
        assert {"encrypt_type", "msg_signature"}.isdisjoint(push.query)
        return read_body(push.body, "json")
    assert push.query["encrypt_type"] == "aes"
    envelope = json.loads(push.body) if push.content_type == "application/json" else push.body
    crypto = WeChatCrypto(TOKEN, AES_KEY, APPID)
    signed = (push.query["msg_signature"], push.query["timestamp"], push.query["nonce"])
    return read_body(crypto.decrypt_message(envelope, *signed).encode(), "json")


def text_answer(text: str | bytes, status: int = 200) -> Answers:
    body = text.encode() if isinstance(text, str) else text
    return lambda _: web.Response(body=body, status=status)


def nothing(_: Received) -> None:
    """Never answers."""


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("written", FORMATS)
async def test_a_text_in_every_mode_and_format(mode: str, written: str) -> None:
    async with boxed(mode=mode, format=written, gh_id=GH_ID) as box:
        said = await box.say(MARKUP)
        [push] = box.receiver.pushes
        message = opened(push, mode)
    assert push.content_type == {"json": "application/json", "xml": "text/xml"}[written]
    assert (push.query["tenant"], push.query["openid"]) == ("7", OPENID)
    assert list(message) == ["ToUserName", "FromUserName", "CreateTime", "MsgType", "Content", "MsgId"]
    assert (message["ToUserName"], message["FromUserName"], message["Content"]) == (GH_ID, OPENID, MARKUP)
    assert str(message["MsgId"]) == said["msg_id"]
    assert int(said["msg_id"]) > 2**53
    assert isinstance(message["CreateTime"], int if written == "json" else str)


async def test_a_secure_body_tells_nothing_and_a_compat_body_all() -> None:
    async with boxed(mode="secure") as box:
        await box.say("geheim")
        assert list(json.loads(box.receiver.pushes[0].body)) == ["ToUserName", "Encrypt"]
    async with boxed(mode="compat", format="xml") as box:
        await box.say("offen")
        fields = read_xml(box.receiver.pushes[0].body)
        assert (fields["Content"], "Encrypt" in fields) == ("offen", True)


async def test_an_image_brings_its_url_and_media_id(box: Box) -> None:
    path = f"/apps/{APPID}/customers/{OPENID}/image"
    assert (await box.control("POST", path, data=form("file", JPEG))).body["accepted"] is True
    message = opened(box.receiver.pushes[0], "secure")
    assert list(message)[3:] == ["MsgType", "PicUrl", "MediaId", "MsgId"]
    async with box.session.get(message["PicUrl"]) as response:
        assert await response.read() == JPEG
    query = {"access_token": await box.token(), "media_id": message["MediaId"]}
    assert (await box.api("GET", "/cgi-bin/media/get", params=query)).body == JPEG
    assert (await box.phone())["items"][0]["media_url"] == message["PicUrl"]


async def test_a_card_with_and_without_cover(box: Box) -> None:
    card = {"title": "订单", "path": "pages/order?id=1"}
    await box.act("card", card)
    await box.act("card", card | {"image": "data:image/png;base64,iVBORw0KGgo="})
    bare, covered = (opened(push, "secure") for push in box.receiver.pushes)
    assert list(bare)[3:] == ["MsgType", "MsgId", "Title", "AppId", "PagePath", "ThumbUrl", "ThumbMediaId"]
    assert (bare["Title"], bare["AppId"], bare["PagePath"]) == ("订单", APPID, "pages/order?id=1")
    assert (bare["ThumbUrl"], bare["ThumbMediaId"]) == ("", "")
    assert covered["ThumbUrl"].startswith(box.running.url)
    assert covered["ThumbMediaId"]


async def test_entering_is_an_event_without_msg_id(box: Box) -> None:
    entered = await box.act("enter", {"session_from": '{"page":"订单"}'})
    assert (entered["msg_id"], entered["accepted"]) == (None, True)
    message = opened(box.receiver.pushes[0], "secure")
    assert list(message)[3:] == ["MsgType", "Event", "SessionFrom"]
    assert (message["Event"], message["SessionFrom"]) == ("user_enter_tempsession", '{"page":"订单"}')
    assert (await box.phone())["items"] == []


@pytest.mark.parametrize("answer", ["", "success"])
async def test_nothing_and_success_are_accepted(box: Box, answer: str) -> None:
    box.receiver.answer = text_answer(answer)
    said = await box.say()
    assert (said["accepted"], said["notice"]) == (True, None)
    [attempt] = said["attempts"]
    assert (attempt["status"], attempt["body"], attempt["error"]) == (200, answer, None)
    assert attempt["ms"] > 0


@pytest.mark.parametrize(
    "answer",
    [
        "success\n",
        '"success"',
        "ok",
        "{}",
        "<xml></xml>",
        '{"MsgType":"text","Content":"hi"}',
        '{"encrypt":"x","msgsignature":"y","timestamp":1,"nonce":"z"}',
    ],
)
async def test_a_malformed_answer_shows_the_notice_and_is_not_resent(box: Box, answer: str) -> None:
    box.receiver.answer = text_answer(answer)
    said = await box.say()
    assert (said["accepted"], said["notice"], len(said["attempts"])) == (False, SERVICE_FAILURE, 1)
    assert said["attempts"][0]["error"]
    items = (await box.phone())["items"]
    assert [(item["from"], item["text"]) for item in items] == [("customer", "你好"), ("notice", SERVICE_FAILURE)]


async def test_the_word_success_must_not_be_encrypted(box: Box) -> None:
    def encrypted(push: Received) -> web.Response:
        crypto = WeChatCrypto(TOKEN, AES_KEY, APPID)
        return web.Response(text=crypto.encrypt_message("success", push.query["nonce"]))

    await box.put_app(format="xml")
    box.receiver.answer = encrypted
    assert (await box.say())["notice"] == SERVICE_FAILURE


async def test_a_failed_answer_is_resent_with_the_same_message(box: Box) -> None:
    box.receiver.answer_in_turn(text_answer("", 503), text_answer("", 403))
    said = await box.say()
    assert [attempt["status"] for attempt in said["attempts"]] == [503, 403, 200]
    assert said["accepted"] is True
    pushes = box.receiver.pushes
    assert len({opened(push, "secure")["MsgId"] for push in pushes}) == 1
    assert len({opened(push, "secure")["CreateTime"] for push in pushes}) == 1
    assert len({push.query["nonce"] for push in pushes}) == 3
    assert len({push.query["msg_signature"] for push in pushes}) == 3


async def test_the_timestamp_of_a_resend_is_its_own(box: Box) -> None:
    def move_the_clock(_: Received) -> web.Response:
        box.running.parts.clock.offset_seconds += 100
        return web.Response(status=500)

    box.receiver.answer_in_turn(move_the_clock)
    await box.say()
    first, second = box.receiver.pushes
    assert int(second.query["timestamp"]) - int(first.query["timestamp"]) == 100
    assert opened(first, "secure")["CreateTime"] == opened(second, "secure")["CreateTime"]


async def test_after_three_resends_the_notice_is_shown(box: Box) -> None:
    box.receiver.answer = text_answer("", 500)
    said = await box.say()
    assert (len(said["attempts"]), said["accepted"], said["notice"]) == (4, False, SERVICE_FAILURE)
    assert [item["from"] for item in (await box.phone())["items"]] == ["customer", "notice"]


async def test_silence_is_given_up_in_time() -> None:
    async with boxed(PushTiming(timeout_seconds=0.1, resend_pauses_seconds=(0.0,))) as box:
        box.receiver.answer = nothing
        said = await box.say()
        box.receiver.release()
    assert [(attempt["status"], attempt["error"]) for attempt in said["attempts"]] == [
        (None, "no answer within 0.1 s"),
        (None, "no answer within 0.1 s"),
    ]


async def test_nobody_there_is_no_answer_either(box: Box) -> None:
    app = box.running.parts.world.apps[APPID]
    app.configure(app.config.model_copy(update={"callback_url": "http://127.0.0.1:1/nobody"}))
    said = await box.say()
    assert [attempt["status"] for attempt in said["attempts"]] == [None] * 4
    assert said["attempts"][0]["error"].startswith("no answer: ")


async def test_a_redirect_is_not_followed(box: Box) -> None:
    box.receiver.answer_in_turn(lambda _: web.Response(status=302, headers={"Location": box.receiver.url}))
    said = await box.say()
    assert [attempt["status"] for attempt in said["attempts"]] == [302, 200]


async def test_a_new_key_is_used_at_once(box: Box) -> None:
    other = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
    await box.put_app(aes_key=other)
    await box.say("neu")
    push = box.receiver.pushes[0]
    signed = (push.query["msg_signature"], push.query["timestamp"], push.query["nonce"])
    assert "neu" in WeChatCrypto(TOKEN, other, APPID).decrypt_message(json.loads(push.body), *signed)


async def test_a_customers_pushes_keep_their_order(box: Box) -> None:
    for n in range(30):
        assert (await box.say(str(n), wait="0"))["accepted"] is None
    await box.say("last")
    assert [opened(push, "secure")["Content"] for push in box.receiver.pushes] == [*map(str, range(30)), "last"]
    msg_ids = [int(item["msg_id"]) for item in (await box.phone())["items"]]
    assert msg_ids == sorted(msg_ids)


async def test_a_push_that_fails_does_not_hold_up_the_next() -> None:
    async with boxed(PushTiming(resend_pauses_seconds=(600.0,))) as box:
        box.receiver.answer_in_turn(text_answer("", 500))
        await box.say("first", wait="0")
        assert (await box.say("second"))["accepted"] is True
        assert (await box.control("GET", "/state")).body["pushes"] == {"in_flight": 1, "accepted": 1, "failed": 0}


async def test_saving_the_callback_url_is_checked(box: Box) -> None:
    [check] = box.receiver.checks
    check_signature(TOKEN, check.query["signature"], check.query["timestamp"], check.query["nonce"])
    assert set(check.query) == {"tenant", "signature", "timestamp", "nonce", "echostr"}


@pytest.mark.parametrize(
    "wrong", [text_answer("success"), text_answer("", 403), lambda r: web.Response(text=r.query["echostr"] + "\n")]
)
async def test_a_url_that_does_not_echo_is_not_saved(box: Box, wrong: Answers) -> None:
    box.receiver.answer_check = wrong
    answer = await box.put_app(mode="plain")
    assert (answer.status, answer.body["verified"]) == (422, False)
    assert {"error", "status", "body"} <= set(answer.body)
    await box.say()
    assert "Encrypt" in json.loads(box.receiver.pushes[0].body)
