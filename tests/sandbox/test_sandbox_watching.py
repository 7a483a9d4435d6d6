"""What the phone page lives on: many phones in one long poll, the push book, the newest calls, a short state."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from tests.sandbox.box import APPID, OPENID, SEND, TYPING, Box, until
from tests.sandbox.receiver import Received, success

OTHER = "oOther"


async def look(box: Box, *looks: str, wait_seconds: float = 0) -> Any:
    query = "&".join(f"look={one}" for one in looks)
    return (await box.control("GET", f"/phones?wait_seconds={wait_seconds}&{query}")).body


def of(after: int = 0, version: str = "", openid: str = OPENID) -> str:
    return f"{APPID},{openid},{after},{version}"


async def seen(box: Box) -> Any:
    """The phone of the one customer, from its beginning."""
    [phone] = (await look(box, of()))["items"]
    return phone


async def watching(box: Box, *looks: str) -> asyncio.Task[Any]:
    """A look that waits, from the moment on that it does wait."""
    looking = asyncio.create_task(look(box, *looks, wait_seconds=30))
    customers = box.running.parts.world.apps[APPID].customers.values()
    await until(lambda: any(customer.phone._watchers for customer in customers))
    return looking


async def test_a_first_look_sees_all_there_is(box: Box) -> None:
    await box.say("你好")
    phone = await seen(box)
    assert (phone["openid"], phone["gone"], phone["begins"]) == (OPENID, False, True)
    assert [item["text"] for item in phone["items"]] == ["你好"]
    assert phone["window"] == {"remaining": 5, "deadline": "2026-11-24T08:00:00Z"}
    assert phone["console"] == {"state": "none", "held_until": None}


async def test_who_has_seen_all_is_not_told_again(box: Box) -> None:
    await box.say()
    phone = await seen(box)
    answer = await look(box, of(1, phone["version"]))
    assert (answer["items"], answer["life"]) == ([], phone["version"].partition(".")[0])


async def test_only_what_is_new_comes(box: Box) -> None:
    await box.say("one")
    phone = await seen(box)
    await box.send("two")
    [later] = (await look(box, of(1, phone["version"])))["items"]
    assert ([item["text"] for item in later["items"]], later["begins"]) == (["two"], False)


async def test_one_look_waits_for_any_of_many(box: Box) -> None:
    await box.control("POST", f"/apps/{APPID}/customers", {"openid": OTHER})
    phones = {phone["openid"]: phone for phone in (await look(box, of(), of(openid=OTHER)))["items"]}
    looking = await watching(box, *(of(0, phone["version"], openid) for openid, phone in phones.items()))
    await box.say("hier", openid=OTHER, wait="0")
    assert [phone["openid"] for phone in (await looking)["items"]] == [OTHER]


async def test_the_typing_notice_wakes_who_watches(box: Box) -> None:
    await box.say()
    phone = await seen(box)
    token = await box.token()
    looking = await watching(box, of(1, phone["version"]))
    await box.post(TYPING, {"touser": OPENID, "command": "Typing"}, token)
    [typed] = (await looking)["items"]
    assert (typed["typing_until"], typed["items"]) == ("2026-11-22T08:00:15Z", [])
    await box.advance(16)
    assert (await seen(box))["typing_until"] is None


async def test_moving_the_clock_wakes_who_watches(box: Box) -> None:
    await box.say()
    looking = await watching(box, of(1, (await seen(box))["version"]))
    await box.advance(48 * 3600 + 1)
    [phone] = (await looking)["items"]
    assert phone["window"]["remaining"] == 0


async def test_the_console_wakes_who_watches(box: Box) -> None:
    await box.put_app(mode="plain", aes_key="", gh_id="gh_97417a04a28d")
    reply = {"ToUserName": OPENID, "FromUserName": "gh_97417a04a28d", "CreateTime": 1}
    transfer = reply | {"MsgType": "transfer_customer_service"}
    box.receiver.answer_in_turn(lambda _: web.json_response(transfer))
    await box.say()
    phone = await seen(box)
    looking = await watching(box, of(1, phone["version"]))
    assert phone["console"]["state"] == "queued"
    assert [one["verdict"] for one in phone["pushes"][0]["attempts"]] == ["transferred"]
    await box.act("console", {"action": "accept"})
    [held] = (await looking)["items"]
    assert held["console"] == {"state": "held", "held_until": "2026-11-22T08:30:00Z"}


async def test_a_reset_lets_go_and_the_customer_is_gone(box: Box) -> None:
    await box.say()
    phone = await seen(box)
    looking = await watching(box, of(1, phone["version"]))
    await box.control("POST", "/reset")
    answer = await looking
    assert answer["items"] == [{"appid": APPID, "openid": OPENID, "gone": True}]
    assert answer["life"] != phone["version"].partition(".")[0]


async def test_numbering_that_went_back_begins_again(box: Box) -> None:
    await box.say("before")
    await box.say("before too")
    phone = await seen(box)
    await box.control("POST", "/reset")
    await box.control("POST", f"/apps/{APPID}/customers", {"openid": OPENID})
    await box.say("after")
    [again] = (await look(box, of(2, phone["version"])))["items"]
    assert (again["begins"], [item["text"] for item in again["items"]]) == (True, ["after"])


async def test_the_push_book_tells_every_attempt(box: Box) -> None:
    def broken(_: Received) -> web.Response:
        return web.Response(status=500, text="oh")

    box.receiver.answer_in_turn(broken, success)
    await box.say("one")
    box.receiver.answer = lambda _: web.Response(text="what?")
    await box.act("enter")
    said, entered = (await seen(box))["pushes"]
    assert (said["kind"], said["accepted"], said["msg_id"] is not None) == ("text", True, True)
    assert [(one["verdict"], one["status"]) for one in said["attempts"]] == [("unanswered", 500), ("accepted", 200)]
    assert (entered["kind"], entered["accepted"], entered["msg_id"]) == ("user_enter_tempsession", False, None)
    assert [one["verdict"] for one in entered["attempts"]] == ["malformed"]


async def test_a_push_under_way_is_neither_accepted_nor_failed(box: Box) -> None:
    await box.control("PUT", "/faults", {"push": {"delay_ms": 60_000}})
    await box.say(wait="0")
    [push] = (await seen(box))["pushes"]
    assert (push["accepted"], push["attempts"]) == (None, [])


@pytest.mark.parametrize("query", ["look=a,b", "look=a,b,x,", "wait_seconds=61", "colour=red", "look=a,b,0,&" * 51])
async def test_a_look_that_cannot_be_read_is_refused(box: Box, query: str) -> None:
    answer = await box.control("GET", f"/phones?{query.rstrip('&')}")
    assert (answer.status, bool(answer.body["error"])) == (422, True)


async def test_the_newest_calls_of_one_customer(box: Box) -> None:
    await box.say()
    for text in ("one", "two", "three"):
        await box.send(text)
    calls = (await box.control("GET", f"/calls?last=2&appid={APPID}&openid={OPENID}")).body["items"]
    assert [call["body"]["text"]["content"] for call in calls] == ["two", "three"]
    assert (await box.control("GET", "/calls?last=5&openid=oNobody")).body["items"] == []
    newest = (await box.control("GET", f"/calls?last=1&path={SEND}")).body["items"]
    assert newest == calls[-1:]


@pytest.mark.parametrize("query", ["openid=o1", "last=0", "last=5&after=3", "appid=wx"])
async def test_calls_are_asked_for_in_one_way(box: Box, query: str) -> None:
    assert (await box.control("GET", f"/calls?{query}")).status == 422


async def test_a_short_state_names_the_customers_heard_of_last(box: Box) -> None:
    for openid in (OTHER, "oQuiet"):
        await box.control("POST", f"/apps/{APPID}/customers", {"openid": openid})
    await box.say()
    await box.advance(60)
    await box.say(openid=OTHER)
    state = (await box.control("GET", "/state?customers=2")).body
    [app] = state["apps"]
    assert ([customer["openid"] for customer in app["customers"]], app["customer_count"]) == ([OPENID, OTHER], 3)
    assert (await box.control("GET", "/state?customers=0")).body["apps"][0]["customers"] == []


async def test_the_state_tells_the_calls_of_the_day(box: Box) -> None:
    await box.put_app(name="演示小程序", knobs={"day_limit": 10})
    await box.say()
    await box.send()
    [app] = (await box.control("GET", "/state")).body["apps"]
    assert app["name"] == "演示小程序"
    assert {"path": SEND, "used": 1, "limit": 10} in app["calls_today"]
    assert {"path": "/cgi-bin/media/upload", "used": 0, "limit": 10} in app["calls_today"]


async def test_each_link_of_a_text_opens_its_own_page(box: Box) -> None:
    await box.say()
    first = f'<a href="https://e.x" data-miniprogram-appid="{APPID}" data-miniprogram-path="p/one?a=1">1</a>'
    await box.send(f'{first} <a href="https://e.x/two">2</a>')
    opened = [(await box.act("tap", {"n": 2, "link": link}))["opened"] for link in (0, 1)]
    assert opened == [{"path": "p/one", "query": {"a": "1"}}, {"url": "https://e.x/two"}]
    assert (await box.control("POST", f"/apps/{APPID}/customers/{OPENID}/tap", {"n": 2, "link": 2})).status == 422
