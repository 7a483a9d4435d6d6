"""The control API: who may use it, how it says no, clock, phone, reset and state."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientSession

from services.sandbox.clock import SandboxClock, TooFar
from shared.clock import FixedClock
from shared.outage import Outage
from tests.sandbox.box import APPID, OPENID, SEND, Box, boxed, form, until

CUSTOMER = f"/apps/{APPID}/customers/{OPENID}"
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", f"/apps/{APPID}", {}, 422),
        ("POST", "/apps/wx404/customers", {}, 404),
        ("POST", f"/apps/{APPID}/customers", {"openid": "has spaces"}, 422),
        ("POST", f"/apps/{APPID}/customers", {"colour": "red"}, 422),
        ("POST", f"/apps/{APPID}/customers/oNobody/say", {"text": "hi"}, 404),
        ("POST", f"{CUSTOMER}/say", {}, 422),
        ("POST", f"{CUSTOMER}/say", {"text": ""}, 422),
        ("POST", f"{CUSTOMER}/say?wait=2", {"text": "hi"}, 422),
        ("POST", f"{CUSTOMER}/enter", {"session_from": "x" * 1025}, 422),
        ("POST", f"{CUSTOMER}/card", {"title": "t"}, 422),
        ("POST", f"{CUSTOMER}/card", {"title": "t", "path": "p", "image": "%%%"}, 422),
        ("POST", f"{CUSTOMER}/card", {"title": "t", "path": "p", "image": "aGVsbG8="}, 415),
        ("POST", f"{CUSTOMER}/image", {}, 422),
        ("POST", f"{CUSTOMER}/tap", {"n": 1}, 422),
        ("POST", f"{CUSTOMER}/console", {"action": "dance"}, 422),
        ("POST", f"{CUSTOMER}/console", {"action": "say"}, 422),
        ("GET", f"{CUSTOMER}/phone?wait_seconds=61", None, 422),
        ("GET", f"{CUSTOMER}/phone?after=x", None, 422),
        ("GET", "/calls?after=-1", None, 422),
        ("POST", "/clock", {}, 422),
        ("POST", "/clock", {"advance_seconds": 1, "at": "2026-11-22T08:00:00Z"}, 422),
        ("POST", "/clock", {"at": "2026-11-22T08:00:00"}, 422),
        ("POST", "/clock", {"advance_seconds": 1e300}, 422),
        ("GET", "/nothing", None, 404),
        ("DELETE", "/clock", None, 405),
    ],
)
async def test_no_is_said_in_json(box: Box, method: str, path: str, body: Any, status: int) -> None:
    answer = await box.control(method, path, body)
    assert (answer.status, bool(answer.body["error"])) == (status, True)


async def test_what_is_no_json_is_said_to_be_none(box: Box) -> None:
    assert (await box.control("POST", f"{CUSTOMER}/say", data=b"text=hi")).status == 400


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example:8082"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]
)
async def test_web_pages_from_elsewhere_are_refused(box: Box, headers: dict[str, str]) -> None:
    assert (await box.control("GET", "/state", headers=headers)).status == 403
    assert (await box.control("GET", "/state", headers={"Origin": box.running.url})).status == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"aes_key": "short"},
        {"aes_key": ""},
        {"mode": "secret"},
        {"format": "yaml"},
        {"callback_url": "ftp://127.0.0.1/"},
        {"callback_url": "http://127.0.0.1:99999/"},
        {"secret": ""},
        {"knobs": {"colour": 1}},
    ],
)
async def test_a_wrong_configuration_is_refused_by_name_without_repeating_it(box: Box, changes: dict[str, Any]) -> None:
    answer = await box.put_app(**changes)
    assert (answer.status, bool(answer.body["fields"])) == (422, True)
    assert "short" not in str(answer.body)


async def test_a_customer_is_made_up_or_named_and_kept(box: Box) -> None:
    made = await box.control("POST", f"/apps/{APPID}/customers")
    assert (made.status, len(made.body["openid"])) == (201, 28)
    await box.say()
    again = await box.control("POST", f"/apps/{APPID}/customers", {"openid": OPENID, "name": "小明"})
    assert (again.status, again.body) == (201, {"openid": OPENID})
    assert len((await box.phone())["items"]) == 1


async def test_the_clock_moves_windows(box: Box) -> None:
    assert (await box.control("GET", "/clock")).body == {"now": "2026-11-22T08:00:00Z", "offset_seconds": 0}
    await box.say()
    after = (await box.control("POST", "/clock", {"advance_seconds": 48 * 3600 + 1})).body
    assert after == {"now": "2026-11-24T08:00:01Z", "offset_seconds": 172801}
    assert (await box.phone())["window"]["remaining"] == 0


async def test_the_clock_is_set(box: Box) -> None:
    moved = (await box.control("POST", "/clock", {"at": "2026-11-22T17:00:00+08:00"})).body
    assert moved == {"now": "2026-11-22T09:00:00Z", "offset_seconds": 3600}


class Shelf:
    """Keeps an offset, or is out of reach."""

    def __init__(self) -> None:
        self.kept: list[float] = []
        self.is_away = False

    async def save_offset(self, seconds: float) -> None:
        if self.is_away:
            raise Outage("away")
        self.kept.append(seconds)


async def test_an_offset_that_cannot_be_kept_is_not_taken() -> None:
    shelf = Shelf()
    clock = SandboxClock(shelf, FixedClock(NOW))
    await clock.advance(60)
    await clock.set_to(NOW + timedelta(hours=1))
    shelf.is_away = True
    with pytest.raises(Outage):
        await clock.advance(1)
    assert (clock.now(), shelf.kept) == (NOW + timedelta(hours=1), [60, 3600])


async def test_the_clock_stays_within_ten_years() -> None:
    clock = SandboxClock(real=FixedClock(NOW))
    with pytest.raises(TooFar):
        await clock.set_to(NOW + timedelta(days=4000))
    assert clock.now() == NOW


async def test_the_phone_waits_for_what_comes(box: Box) -> None:
    await box.say()
    looking = asyncio.create_task(box.phone(after=1, wait_seconds=30))
    [customer] = box.running.parts.world.apps[APPID].customers.values()
    await until(lambda: bool(customer.phone._waiters))
    await box.send("here")
    assert [item["text"] for item in (await looking)["items"]] == ["here"]


async def test_the_phone_does_not_wait_for_what_is_there_or_for_ever(box: Box) -> None:
    await box.say()
    assert len((await box.phone(wait_seconds=60))["items"]) == 1
    assert (await box.phone(after=1, wait_seconds=0.01))["items"] == []


async def test_the_phone_shows_window_and_console(box: Box) -> None:
    empty = await box.phone()
    assert empty == {"items": [], "typing": False, "window": {"remaining": 0, "deadline": None}, "console": "none"}
    await box.say("你好")
    phone = await box.phone()
    assert phone["window"]["remaining"] == 5
    [item] = phone["items"]
    assert (item["n"], item["from"], item["type"], item["text"]) == (1, "customer", "text", "你好")
    assert {"at", "media_url", "card", "link", "ai_label"} <= set(item)
    until_deadline = datetime.fromisoformat(phone["window"]["deadline"]) - datetime.fromisoformat(item["at"])
    assert until_deadline == timedelta(hours=48)


async def test_tapping_opens_what_service_sent(box: Box) -> None:
    await box.say()
    media_id = (await box.upload()).body["media_id"]
    card = {"title": "订单", "pagepath": "pages/order?id=1&a=", "thumb_media_id": media_id}
    await box.post(SEND, {"touser": OPENID, "msgtype": "miniprogrampage", "miniprogrampage": card})
    await box.send(f'<a href="https://e.x" data-miniprogram-appid="{APPID}" data-miniprogram-path="p/x?b=2">x</a>')
    await box.send('<a href="https://e.x/?a=1&amp;b=2">x</a>')
    opened = [(await box.act("tap", {"n": n}))["opened"] for n in (2, 3, 4)]
    assert opened == [
        {"path": "pages/order", "query": {"id": "1", "a": ""}},
        {"path": "p/x", "query": {"b": "2"}},
        {"url": "https://e.x/?a=1&b=2"},
    ]
    assert len(box.receiver.pushes) == 1, "WeChat hears nothing of it"


async def test_state_tells_windows_and_tokens(box: Box) -> None:
    token = await box.token()
    await box.say()
    [app] = (await box.control("GET", "/state")).body["apps"]
    [customer] = app["customers"]
    assert (customer["openid"], customer["window"]["remaining"]) == (OPENID, 5)
    assert [(known["value"], known["alive"]) for known in app["tokens"]] == [(token, True)]
    assert "secret" not in app
    assert "aes_key" not in app


async def test_reset_forgets_all_but_the_configuration(box: Box) -> None:
    await box.token()
    await box.advance(3600)
    await box.control("PUT", "/faults", {"push": {"duplicate": 1, "delay_ms": 60_000}})
    await box.say(wait="0")
    state = (await box.control("POST", "/reset")).body
    [app] = state["apps"]
    assert (app["appid"], app["customers"], app["tokens"]) == (APPID, [], [])
    assert (state["offset_seconds"], state["faults"]["push"]["duplicate"], await box.calls()) == (0, 0, [])
    assert state["pushes"] == {"in_flight": 0, "accepted": 0, "failed": 0}
    assert box.receiver.pushes == []


async def test_who_waits_for_a_push_is_answered_at_a_reset(box: Box) -> None:
    await box.control("PUT", "/faults", {"push": {"delay_ms": 60_000}})
    saying = asyncio.create_task(box.say())
    await until(lambda: box.running.parts.pusher.counts.in_flight == 1)
    await box.control("POST", "/reset")
    assert (await saying)["accepted"] is None


async def test_stopping_answers_those_who_wait_and_drops_what_is_under_way() -> None:
    async with ClientSession() as outside:
        async with boxed() as box:
            box.session = outside
            await box.control("PUT", "/faults", {"push": {"delay_ms": 60_000}})
            saying = asyncio.create_task(box.say())
            looking = asyncio.create_task(box.phone(after=1, wait_seconds=60))
            [customer] = box.running.parts.world.apps[APPID].customers.values()
            await until(lambda: box.running.parts.pusher.counts.in_flight == 1 and bool(customer.phone._waiters))
        assert (await saying)["accepted"] is None
        assert (await looking)["items"] == []


async def test_a_picture_must_be_one(box: Box) -> None:
    answer = await box.control("POST", f"{CUSTOMER}/image", data=form("file", b"%PDF-1.7"))
    assert answer.status == 415


async def test_the_front_page_says_what_this_is(box: Box) -> None:
    assert b"sandbox" in (await box.api("GET", "/")).body
