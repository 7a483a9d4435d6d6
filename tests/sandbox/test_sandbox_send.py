"""`/cgi-bin/message/custom/send`: what it checks, in which order, and what the phone then shows."""

import json
from typing import Any

import pytest

from tests.sandbox.box import NOW, OPENID, PNG, SEND, Box, form, text_message

CLOSED, USED = 45015, 45047


def message(kind: Any, **fields: Any) -> dict[str, Any]:
    return {"touser": OPENID, "msgtype": kind, **fields}


BODIES: dict[str, tuple[bytes, int]] = {
    "no body": (b"", 44002),
    "not JSON": (b"touser=me", 47001),
    "a JSON list": (b"[]", 47001),
    "no touser": (b'{"msgtype": "text"}', 40003),
    "openid of nobody": (json.dumps(text_message(openid="oNobody")).encode(), 40003),
    "no msgtype": (json.dumps({"touser": OPENID}).encode(), 40008),
    "unknown msgtype": (json.dumps(message("telegram")).encode(), 40008),
    "msgtype no text": (json.dumps(message(["text"])).encode(), 40008),
    "transfer": (json.dumps(message("transfer_customer_service")).encode(), 45162),
    "voice": (json.dumps(message("voice", voice={"media_id": "x"})).encode(), 48008),
    "msgmenu": (json.dumps(message("msgmenu")).encode(), 48008),
    "empty text": (json.dumps(message("text", text={"content": ""})).encode(), 44004),
    "text missing": (json.dumps(message("text")).encode(), 44004),
    "text no object": (json.dumps(message("text", text="hello")).encode(), 47001),
    "2049 bytes": (json.dumps(text_message("a" * 2049)).encode(), 45002),
    "683 characters, 2049 bytes": (json.dumps(text_message("客" * 683), ensure_ascii=False).encode(), 45002),
    "link to another mini program": (
        json.dumps(text_message("<a data-miniprogram-appid='wxother'>x</a>")).encode(),
        45086,
    ),
    "unknown media": (json.dumps(message("image", image={"media_id": "nothing"})).encode(), 40007),
    "card without title": (json.dumps(message("miniprogrampage", miniprogrampage={})).encode(), 40097),
    "AI flag 2": (json.dumps(text_message() | {"aimsgcontext": {"is_ai_msg": 2}}).encode(), 40097),
    "window never opened": (json.dumps(text_message()).encode(), CLOSED),
}


@pytest.mark.parametrize("case", BODIES)
async def test_refuses(box: Box, case: str) -> None:
    body, errcode = BODIES[case]
    answer = await box.api("POST", SEND, params={"access_token": await box.token()}, data=body)
    assert (answer.status, answer.errcode) == (200, errcode)
    assert (await box.phone())["items"] == []


async def test_checks_in_order(box: Box) -> None:
    """Each request has every fault that comes later; the first one in WeChat's order is answered."""
    worst = {"touser": "oNobody", "msgtype": "telegram"}
    assert (await box.api("GET", SEND)).errcode == 43002
    assert (await box.api("POST", SEND, json=worst)).errcode == 41001
    assert (await box.post(SEND, worst, token="no token!")).errcode == 40014
    assert (await box.post(SEND, worst, token="x" * 139)).errcode == 40001
    assert (await box.post(SEND, worst)).errcode == 40003
    assert (await box.post(SEND, worst | {"touser": OPENID})).errcode == 40008
    assert (await box.send("")).errcode == 44004
    assert (await box.send("fine")).errcode == CLOSED


async def test_limits_come_before_the_body(box: Box) -> None:
    token = await box.token()
    await box.put_app(knobs={"minute_limit": 1, "day_limit": 2})
    assert [(await box.post(SEND, {}, token)).errcode for _ in range(2)] == [40003, 45011]
    await box.advance(60)
    assert (await box.post(SEND, {}, token)).errcode == 40003
    await box.advance(60)
    assert (await box.post(SEND, {}, token)).errcode == 45009


async def test_permission_comes_before_the_limits(box: Box) -> None:
    token = await box.token()
    await box.put_app(knobs={"minute_limit": 0, "disabled_apis": ["/cgi-bin/message/custom"]})
    assert (await box.post(SEND, {}, token)).errcode == 48001


async def test_foreign_types_can_be_refused_the_other_way(box: Box) -> None:
    await box.put_app(knobs={"foreign_type_errcode": 40200})
    assert (await box.post(SEND, message("voice"))).errcode == 40200


async def test_a_chunked_body_is_refused_by_status(box: Box) -> None:
    async def pieces() -> Any:
        yield b"{}"

    answer = await box.api("POST", SEND, data=pieces())
    assert (answer.status, answer.body) == (412, b"")
    assert [call["status"] for call in await box.calls(SEND)] == [412]


async def test_errors_look_like_wechats(box: Box) -> None:
    answer = await box.send()
    assert answer.headers["Content-Type"] == "application/json; encoding=utf-8"
    words, _, rid = answer.body["errmsg"].partition(" rid: ")
    assert words == "response out of time limit or subscription is canceled"
    first, second, third = rid.split("-")
    assert int(first, 16) == NOW.timestamp()
    assert len(second) == len(third) == 8


async def test_a_text_reaches_the_phone(box: Box) -> None:
    await box.say()
    assert (await box.send("你好 👍🏽")).body == {"errcode": 0, "errmsg": "ok"}
    phone = await box.phone(after=1)
    assert [(item["n"], item["from"], item["type"], item["text"]) for item in phone["items"]] == [
        (2, "service", "text", "你好 👍🏽")
    ]
    assert phone["window"]["remaining"] == 4


async def test_text_of_2048_bytes_is_taken_and_labelled_as_asked(box: Box) -> None:
    await box.say()
    assert (await box.send("a" * 2048, aimsgcontext={"is_ai_msg": 1})).errcode == 0
    assert (await box.phone(after=1))["items"][0]["ai_label"] is True


@pytest.mark.parametrize(("shows", "shown"), [(False, "你\n\\u597d"), (True, "\\u4f60\n\\u597d")])
async def test_escaped_text_can_be_shown_as_escapes(box: Box, *, shows: bool, shown: str) -> None:
    await box.put_app(knobs={"shows_escapes": shows})
    await box.say()
    body = b'{"touser":"%s","msgtype":"text","text":{"content":"\\u4f60\\n\\\\u597d"}}' % OPENID.encode()
    assert (await box.api("POST", SEND, params={"access_token": await box.token()}, data=body)).errcode == 0
    assert (await box.phone(after=1))["items"][0]["text"] == shown


async def test_image_card_and_link_reach_the_phone(box: Box) -> None:
    await box.say()
    media_id = (await box.upload()).body["media_id"]
    card = {"title": "订单", "pagepath": "pages/order?id=1", "thumb_media_id": media_id}
    link = {"title": "活动", "description": "d", "url": "https://example.com/", "thumb_url": ""}
    for sent in (
        message("image", image={"media_id": media_id}),
        message("miniprogrampage", miniprogrampage=card),
        message("link", link=link),
    ):
        assert (await box.post(SEND, sent)).errcode == 0
    image, shown, linked = (await box.phone(after=1))["items"]
    async with box.session.get(image["media_url"]) as response:
        assert (response.content_type, await response.read()) == ("image/png", PNG)
    assert (shown["card"]["title"], shown["card"]["path"]) == ("订单", "pages/order?id=1")
    assert linked["link"] == link


async def test_media_older_than_three_days_is_unknown(box: Box) -> None:
    media_id = (await box.upload()).body["media_id"]
    await box.advance(3 * 86400)
    await box.say()
    assert (await box.post(SEND, message("image", image={"media_id": media_id}))).errcode == 40007


async def test_five_then_the_quota_is_used_then_the_window_closes(box: Box) -> None:
    await box.say()
    assert [(await box.send()).errcode for _ in range(6)] == [0, 0, 0, 0, 0, USED]
    await box.advance(48 * 3600)
    assert (await box.send()).errcode == USED
    await box.advance(1)
    assert (await box.send()).errcode == CLOSED


async def test_entering_gives_two_in_a_minute(box: Box) -> None:
    await box.act("enter", {"session_from": "page=1"})
    assert [(await box.send()).errcode for _ in range(3)] == [0, 0, USED]
    await box.advance(61)
    assert (await box.send()).errcode == CLOSED


async def test_the_same_content_twice_can_be_refused(box: Box) -> None:
    await box.put_app(knobs={"same_content_seconds": 10})
    await box.say()
    assert [(await box.send("a")).errcode, (await box.send("a")).errcode, (await box.send("b")).errcode] == [
        0,
        40258,
        0,
    ]
    await box.send("a")
    await box.advance(10)
    assert (await box.send("a")).errcode == 0


async def test_the_business_path_wants_a_businessid(box: Box) -> None:
    await box.say()
    path = "/cgi-bin/message/custom/business/send"
    assert (await box.post(path, text_message())).errcode == 40101
    assert (await box.post(path, text_message() | {"businessid": "1"})).errcode == 0


async def test_a_customer_of_another_app_is_unknown(box: Box) -> None:
    await box.say()
    await box.put_app("wx0000000000000002")
    query = {"grant_type": "client_credential", "appid": "wx0000000000000002", "secret": "0123456789abcdef" * 2}
    token = (await box.api("GET", "/cgi-bin/token", params=query)).body["access_token"]
    assert (await box.send(token=token)).errcode == 40003


async def test_an_unknown_path_is_an_error_like_any_other(box: Box) -> None:
    assert (await box.post("/cgi-bin/message/custom/sendd", {})).errcode == 40066


async def test_upload_and_get(box: Box) -> None:
    uploaded = await box.upload()
    assert uploaded.body["type"] == "image"
    query = {"access_token": await box.token(), "media_id": uploaded.body["media_id"]}
    got = await box.api("GET", "/cgi-bin/media/get", params=query)
    assert (got.headers["Content-Type"], got.body) == ("image/png", PNG)
    assert got.headers["Content-disposition"] == f'attachment; filename="{uploaded.body["media_id"]}.png"'
    assert (await box.api("GET", "/cgi-bin/media/get", params=query | {"media_id": "x"})).errcode == 40007


@pytest.mark.parametrize(
    ("kind", "data", "errcode"),
    [
        ("voice", PNG, 40004),
        ("image", b"", 44001),
        ("image", PNG + b"x" * 2 * 1024 * 1024, 45001),
        ("image", PNG + b"x" * 12 * 1024 * 1024, 45001),
        ("image", b"%PDF-1.7", 40005),
    ],
    ids=["voice", "nothing", "over 2 MiB", "over 12 MiB", "PDF"],
)
async def test_upload_refuses(box: Box, kind: str, data: bytes, errcode: int) -> None:
    assert (await box.upload(data, kind)).errcode == errcode


async def test_upload_wants_the_field_media_with_a_filename(box: Box) -> None:
    query = {"access_token": await box.token(), "type": "image"}
    for data in (form("file", PNG), {"media": "no file"}, b"raw"):
        assert (await box.api("POST", "/cgi-bin/media/upload", params=query, data=data)).errcode == 41005
