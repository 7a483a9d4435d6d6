"""What Zhima takes: WeChat's pushes, from whoever signs them."""

import asyncio

import pytest
from aiohttp import ClientError

from tests.sandbox.box import APPID, OPENID
from tests.sandbox.zhima_box import KEY, PUSH, TEXT_XML, ZhimaBox


async def test_the_check_of_the_address_is_answered_with_its_echostr(zhima: ZhimaBox) -> None:
    answer = await zhima.box.api("GET", PUSH, params=zhima.signed(echostr="4711 &<"))
    assert (answer.status, answer.body) == (200, b"4711 &<")


@pytest.mark.parametrize("path", [PUSH, "/push_pwd/mini_program/nobody"])
async def test_a_check_with_another_token_or_key_gets_no_echo(zhima: ZhimaBox, path: str) -> None:
    token = "other" if path == PUSH else "xiaokefu"
    answer = await zhima.box.api("GET", path, params=zhima.signed(token, echostr="4711"))
    assert answer.body == b"signature verification failure"


async def test_xml_is_taken_and_shown(zhima: ZhimaBox) -> None:
    answer = await zhima.says("退款 <&]", msg_id=23456789012345678)
    assert (answer.status, answer.body) == (200, "success")
    customer = await zhima.customer()
    assert customer["state"] == "waiting"
    item = customer["items"][0]
    assert (item["sender"], item["text"], item["msg_id"]) == ("customer", "退款 <&]", "23456789012345678")


async def test_json_is_taken_and_shown(zhima: ZhimaBox) -> None:
    fields = {"FromUserName": OPENID, "CreateTime": 1795334400, "MsgType": "image", "MsgId": 7, "MediaId": "m"}
    assert (await zhima.push(fields | {"PicUrl": "http://127.0.0.1/p"})).body == "success"
    item = (await zhima.customer())["items"][0]
    assert (item["type"], item["url"], item["msg_id"]) == ("image", "http://127.0.0.1/p", "7")


async def test_a_repeat_is_taken_but_shown_once(zhima: ZhimaBox) -> None:
    for _ in range(3):
        assert (await zhima.says(msg_id=5)).body == "success"
    await zhima.says("第二条", msg_id=6)
    state = await zhima.state()
    assert [item["text"] for item in state["customers"][OPENID]["items"]] == ["你好", "第二条"]
    assert [one["is_new"] for one in state["received"]] == [True, False, False, True]


async def test_an_entrance_keeps_its_session_from_and_is_known_again(zhima: ZhimaBox) -> None:
    told = '{"nickName":"小 王","kefu":["127"]}'
    await zhima.enters(told)
    await zhima.enters(told)
    customer = await zhima.customer()
    assert (customer["session_from"], customer["state"], len(customer["items"])) == (told, "idle", 1)


async def test_a_strict_product_refuses_what_is_signed_wrongly(zhima: ZhimaBox) -> None:
    answer = await zhima.push(TEXT_XML.format(text="x", msg_id=1, openid=OPENID), token="other")
    assert answer.status == 403
    assert (await zhima.state())["received"] == []


async def test_another_takes_it_as_its_makers_product_does(zhima: ZhimaBox) -> None:
    await zhima.configure(strict=False)
    answer = await zhima.push(TEXT_XML.format(text="x", msg_id=1, openid=OPENID), token="other")
    assert (answer.status, answer.body) == (200, "success")
    assert len((await zhima.state())["received"]) == 1


async def test_a_key_that_nobody_has_is_answered_success_too(zhima: ZhimaBox) -> None:
    answer = await zhima.push(TEXT_XML.format(text="x", msg_id=1, openid=OPENID), "/push_pwd/mini_program/nobody")
    assert (answer.status, answer.body) == (200, "success")


@pytest.mark.parametrize(
    "body",
    ["", "<xml><FromUserName>", "{", "[1]", "7", '<!DOCTYPE x [<!ENTITY a "b">]><xml>&a;</xml>', '{"Encrypt": "x"}'],
)
async def test_what_cannot_be_read_is_dropped(zhima: ZhimaBox, body: str) -> None:
    assert (await zhima.push(body)).body == "success"
    assert (await zhima.state())["received"] == []


async def test_an_encrypted_half_is_no_harm_where_the_other_is_in_the_clear(zhima: ZhimaBox) -> None:
    fields = {"FromUserName": OPENID, "MsgType": "text", "Content": "明文", "MsgId": 9, "Encrypt": "x"}
    await zhima.push(fields)
    await zhima.push({"FromUserName": OPENID, "MsgType": "event", "Event": "x", "Encrypt": "x"})
    assert [item["text"] for item in (await zhima.customer())["items"]] == ["明文"]


async def test_pushes_stand_in_the_common_book(zhima: ZhimaBox) -> None:
    await zhima.says("一")
    await zhima.says("一")
    calls = await zhima.box.calls("/push_pwd")
    assert [(call["appid"], call["openid"], call["status"], call["delivered"]) for call in calls] == [
        (APPID, OPENID, 200, True),
        (APPID, OPENID, 200, False),
    ]


@pytest.mark.parametrize(
    ("fault", "status", "body", "taken"),
    [({"http": 502}, 502, "", 0), ({"body": "busy"}, 200, "busy", 1), ({"latency_ms": 1}, 200, "success", 1)],
)
async def test_faults_spoil_as_often_as_they_say(
    zhima: ZhimaBox, fault: dict[str, object], status: int, body: str, taken: int
) -> None:
    await zhima.spoil(push=[{**fault, "times": 1}])
    answer = await zhima.says(msg_id=1)
    assert (answer.status, answer.body) == (status, body)
    assert len((await zhima.state())["received"]) == taken
    assert (await zhima.says(msg_id=2)).body == "success"
    assert (await zhima.state())["faults"]["push"] == []


@pytest.mark.parametrize(("fault", "taken"), [("dead", 0), ("drop_answer", 1)])
async def test_a_connection_may_be_closed_before_or_after(zhima: ZhimaBox, fault: str, taken: int) -> None:
    await zhima.spoil(push=[{fault: True}])
    with pytest.raises((ClientError, ConnectionError)):
        await zhima.says()
    assert len((await zhima.state())["received"]) == taken
    assert (await zhima.box.calls("/push_pwd"))[0]["status"] is None


async def test_common_faults_hold_here_too(zhima: ZhimaBox) -> None:
    await zhima.box.control("PUT", "/faults", {"api": [{"path": "/push_pwd", "http": 500, "times": 1}]})
    assert (await zhima.says()).status == 500
    assert (await zhima.says()).status == 200


async def test_faults_that_say_two_things_or_nothing_are_refused(zhima: ZhimaBox) -> None:
    for fault in ({}, {"http": 500, "dead": True}):
        answer = await zhima.box.control("PUT", f"/zhima/products/{KEY}/faults", {"push": [fault]})
        assert answer.status == 422


async def test_many_at_once_are_each_taken_once(zhima: ZhimaBox) -> None:
    await asyncio.gather(*(zhima.says(str(n), msg_id=n // 2) for n in range(40)))
    assert (await zhima.customer())["said"] == 20
