"""Pushes given to Zhima over HTTP: how they are signed and addressed, and what its answers mean."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import ClientSession, DummyCookieJar
from structlog.testing import capture_logs

from deploy.local.ports import free_port
from shared.conversation.content import Event, Text
from shared.conversation.model import CUSTOMER, Message
from shared.conversation.vendor_facts import Stood
from shared.failures import Misconfigured, Refused, SendFailure, Unavailable
from shared.store.vendor_accounts import VendorAccount
from shared.vendors.port import Connection, Customer, Port, Relayed
from shared.vendors.registry import VENDORS
from shared.wechat.crypto import signature
from tests.vendors.zhima_receiver import APP_ID, TOKEN, receiver, zhima_account

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
OPENID = "o9AgO5Kd5ggOC-bXrbNODIiE3bGY"
CUSTOMER_OF_OURS = Customer(uid="u" * 26, app_id=APP_ID, app_name="店", openid=OPENID)
ORIGINAL = (
    "<xml>\n  <ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[" + OPENID + "]]></FromUserName>"
    '<CreateTime>1753862400</CreateTime><MsgType>event</MsgType><SessionFrom><![CDATA[{"kefu":["126"],"x":"<a&b>"}]]>'
    "</SessionFrom><Unknown2030><a>1</a></Unknown2030></xml>"
)


def message(original: str | None = ORIGINAL, **changes: Any) -> Message:
    fields = {
        "id": "m:1",
        "conversation": CUSTOMER_OF_OURS.uid,
        "app_id": APP_ID,
        "seq": 1,
        "revision": 1,
        "direction": "inbound",
        "sender": CUSTOMER,
        "content": Text(text="你好"),
        "at": NOW,
        "cause": "m:24912345678901234",
        "msg_id": "24912345678901234",
        "original": original,
    }
    return Message.model_validate({**fields, **changes})


@asynccontextmanager
async def port_to(account: VendorAccount, *, answer_seconds: float = 20) -> AsyncIterator[tuple[Port, list[str]]]:
    """With the endpoints that were paced."""
    paced: list[str] = []

    async def pace(endpoint: str) -> None:
        paced.append(endpoint)

    async with ClientSession(cookie_jar=DummyCookieJar()) as http:
        parts = Connection(now=lambda: NOW, pace=pace, answer_seconds=answer_seconds)
        yield VENDORS["zhima"].connect(account, http, parts), paced


async def failure_of(port: Port) -> SendFailure:
    with pytest.raises(SendFailure) as raised:
        await port.relay(CUSTOMER_OF_OURS, Relayed(message()))
    return raised.value


async def test_a_push_arrives_as_wechat_would_send_it() -> None:
    async with receiver() as zhima, port_to(zhima_account(zhima.url)) as (port, paced):
        await port.relay(CUSTOMER_OF_OURS, Relayed(message()))
        assert [one.body for one in zhima.arrived] == [ORIGINAL.encode()]
        query = zhima.arrived[0].query
        assert query["openid"] == OPENID
        assert query["timestamp"] == str(int(NOW.timestamp()))
        assert query["signature"] == signature(TOKEN, query["timestamp"], query["nonce"])
        assert set(query) == {"signature", "timestamp", "nonce", "openid"}, "no encrypt_type: it is in the clear"
        assert zhima.arrived[0].content_type == "text/xml; charset=utf-8"
        assert paced == ["push"]


async def test_an_address_with_a_query_keeps_it_letter_for_letter() -> None:
    async with receiver("/push?key=a%2Fb%2Bc&x=1") as zhima, port_to(zhima_account(zhima.url)) as (port, _):
        await port.relay(CUSTOMER_OF_OURS, Relayed(message()))
        query = zhima.arrived[0].query
        assert (query["key"], query["x"], query["openid"]) == ("a/b+c", "1", OPENID)


async def test_again_is_the_same_push_signed_anew() -> None:
    async with receiver() as zhima, port_to(zhima_account(zhima.url)) as (port, _):
        for _ in range(2):
            await port.relay(CUSTOMER_OF_OURS, Relayed(message(None)))
        first, second = zhima.arrived
        assert first.body == second.body
        assert b"<MsgId>24912345678901234</MsgId>" in first.body
        assert first.query["nonce"] != second.query["nonce"]


async def test_json_goes_out_as_json_where_zhima_takes_that() -> None:
    account = {"settings": {"format": "json"}}
    async with receiver() as zhima, port_to(zhima_account(zhima.url, **account)) as (port, _):
        await port.relay(CUSTOMER_OF_OURS, Relayed(message('{"MsgId": 1}')))
        assert zhima.arrived[0].body == b'{"MsgId": 1}'
        assert zhima.arrived[0].content_type == "application/json; charset=utf-8"


@pytest.mark.parametrize("answer", ["", "success", " success\n"])
async def test_success_or_nothing_is_taken(answer: str) -> None:
    async with receiver() as zhima, port_to(zhima_account(zhima.url)) as (port, _):
        zhima.answers = [(200, answer)]
        await port.relay(CUSTOMER_OF_OURS, Relayed(message()))


@pytest.mark.parametrize(
    "reply", ["<xml><MsgType>transfer_customer_service</MsgType></xml>", '{"MsgType": "text", "Content": "秘密"}']
)
async def test_a_passive_reply_is_taken_and_ignored(reply: str) -> None:
    async with receiver() as zhima, port_to(zhima_account(zhima.url)) as (port, _):
        zhima.answers = [(200, reply)]
        with capture_logs() as logs:
            await port.relay(CUSTOMER_OF_OURS, Relayed(message()))
    assert [log["event"] for log in logs] == ["passive_reply_ignored"]
    assert "秘密" not in str(logs)


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (200, "signature verification failure", Unavailable, "not_taken"),
        (200, "<html>login</html>", Unavailable, "not_taken"),
        (500, "success", Unavailable, "http_500"),
        (503, "", Unavailable, "http_503"),
        (429, "", Unavailable, "http_429"),
        (400, "", Refused, "http_400"),
        (413, "", Refused, "http_413"),
        (403, "", Misconfigured, "http_403"),
        (404, "", Misconfigured, "http_404"),
        (302, "", Misconfigured, "http_302"),
    ],
)
async def test_what_else_it_answers(status: int, body: str, kind: type[SendFailure], code: str) -> None:
    async with receiver() as zhima, port_to(zhima_account(zhima.url)) as (port, _):
        zhima.answers = [(status, body)]
        failure = await failure_of(port)
    assert type(failure) is kind
    assert failure.code == code
    assert "push_pwd" not in f"{failure!r}{failure.reason}{failure.words}"


async def test_a_lost_answer_is_tried_again_since_zhima_knows_repeats() -> None:
    async with receiver() as zhima, port_to(zhima_account(zhima.url)) as (port, _):
        zhima.answers = [None]
        failure = await failure_of(port)
        assert isinstance(failure, Unavailable)
        assert failure.code == "unreachable"
        zhima.answers = []
        await port.relay(CUSTOMER_OF_OURS, Relayed(message()))
        assert {one.body for one in zhima.arrived} == {ORIGINAL.encode()}


async def test_nobody_there_is_tried_again_and_tells_no_address() -> None:
    async with port_to(zhima_account(f"http://127.0.0.1:{free_port()}/secret-key")) as (port, _):
        failure = await failure_of(port)
    assert isinstance(failure, Unavailable)
    assert failure.__cause__ is None
    assert "secret-key" not in f"{failure!r}{failure.__context__!r}"


async def test_another_token_is_a_setting() -> None:
    async with receiver() as zhima:
        zhima.token = "mine"
        async with port_to(zhima_account(zhima.url)) as (port, _):
            assert isinstance(await failure_of(port), Misconfigured)
        async with port_to(zhima_account(zhima.url, secrets={"push_token": "mine"})) as (port, _):
            await port.relay(CUSTOMER_OF_OURS, Relayed(message()))


async def test_the_probe_is_wechats_own_check() -> None:
    async with receiver() as zhima, port_to(zhima_account(zhima.url)) as (port, paced):
        assert await port.probe() == "echostr"
        assert (zhima.checks, zhima.arrived, paced) == (1, [], ["probe"])
        zhima.answers = [(200, "something else")]
        with pytest.raises(Misconfigured, match="no_echo"):
            await port.probe()
        zhima.answers = [(500, "")]
        with pytest.raises(Unavailable):
            await port.probe()


async def test_what_zhima_knows_nothing_of() -> None:
    """Nobody there is asked: neither for staff, nor for a place in line."""
    async with receiver() as zhima, port_to(zhima_account(zhima.url)) as (port, _):
        assert await port.introduce(CUSTOMER_OF_OURS, (), wants_person=True) == Stood(standing="person")
        assert await port.ask_place(CUSTOMER_OF_OURS) == Stood(standing="person")
        await port.leave_line(CUSTOMER_OF_OURS)
        with pytest.raises(Refused, match="no_grades"):
            await port.grade(CUSTOMER_OF_OURS, "1", 100)
        assert zhima.arrived == []


async def test_a_customer_who_entered_is_told_of() -> None:
    entered = Event(name="user_enter_tempsession", detail={"session_from": "商品页"})
    async with receiver() as zhima, port_to(zhima_account(zhima.url)) as (port, _):
        await port.relay(CUSTOMER_OF_OURS, Relayed(message(None, content=entered, msg_id=None)))
        body = zhima.arrived[0].body.decode()
    assert re.search(r"<Event><!\[CDATA\[user_enter_tempsession]]></Event>", body)
    assert "MsgId" not in body


def test_an_account_serves_one_app_only() -> None:
    zhima = VENDORS["zhima"]
    bridge = zhima.bridge(zhima_account(), APP_ID, down=True)
    assert bridge is not None
    assert (bridge.account, bridge.vendor, bridge.down, bridge.takes_events) == ("zhima-main", "zhima", True, True)
    assert (bridge.answers_calls, bridge.shows_replies, bridge.rates, bridge.passes_originals) == (
        False,
        False,
        False,
        True,
    )
    assert zhima.bridge(zhima_account(), "wxother", down=False) is None
    proxied = zhima.bridge(zhima_account(settings={"reply_path": "proxy"}), APP_ID, down=False)
    assert proxied is not None
    assert proxied.shows_replies
    assert zhima.acknowledge() == (200, "success")
    assert zhima.limits(zhima_account(settings={"calls_per_second": 7})) == (7, 7)
