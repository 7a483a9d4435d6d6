"""What Zhima's staff do, and what developer mode tells of it, proved in each of three ways to wxdesk's own reader."""

import json
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from shared.conversation.ids import conversation_id
from shared.refusals import Forged
from shared.vendors.port import PushRequest
from shared.vendors.zhima.pushes import read_push
from shared.vendors.zhima.settings import ZhimaSettings
from tests.sandbox.box import APPID, OPENID
from tests.sandbox.receiver import Received
from tests.sandbox.zhima_box import KEY, ZhimaBox

TOKEN = "developer-token"
SECRET = "k" * 32


def settings(auth: Any) -> ZhimaSettings:
    return ZhimaSettings(
        app_id=APPID,
        push_url=SecretStr("http://127.0.0.1:9/push_pwd/mini_program/k"),
        developer_auth=auth,
        developer_token=SecretStr(TOKEN),
        developer_key=SecretStr(SECRET),
        ip_allow=("127.0.0.1",),
        wechatapp_id="211079",
    )


def request_of(zhima: ZhimaBox, received: Received, headers: dict[str, str]) -> PushRequest:
    now = zhima.box.running.parts.clock.now()
    return PushRequest(
        query=received.query,
        headers=headers,
        body=received.body,
        received_at=now + timedelta(seconds=1),
        remote="127.0.0.1",
        path_secret=None,
    )


async def served(zhima: ZhimaBox, **config: Any) -> None:
    url = zhima.box.receiver.url.partition("?")[0]
    await zhima.configure(developer_url=url, **config)
    await zhima.says()
    await zhima.does("accept")


async def test_who_takes_a_session_and_who_ends_it_is_told(zhima: ZhimaBox) -> None:
    await served(zhima, developer_auth="wechat_sig", developer_token=TOKEN)
    assert (await zhima.does("close")).body["state"] == "idle"
    events = await zhima.taken(2)
    assert [event["event"] for event in events] == ["system_notify_in_receive", "system_notify_out_receive"]
    assert all(event["accepted"] for event in events)
    bodies = [json.loads(push.body) for push in zhima.box.receiver.pushes]
    assert bodies == [event["body"] for event in events]
    session = str((await zhima.customer())["chat_session"])
    for body in bodies:
        told = (body["App_Type"], body["ToUserName"], body["StaffName"], body["StaffId"], body["ChatSessionId"])
        assert told == ("mini_program", OPENID, "小敏", None, session)
        assert (len(body["MsgId"]), int(body["MsgId"], 16) >= 0, "MsgType" in body) == (13, True, False)


async def test_our_reader_believes_the_signature(zhima: ZhimaBox) -> None:
    await served(zhima, developer_auth="wechat_sig", developer_token=TOKEN)
    await zhima.taken(1)
    request = request_of(zhima, zhima.box.receiver.pushes[0], {})
    (pushed,) = read_push("zhima", settings("wechat_sig"), request)
    assert (pushed.uid, pushed.event.event) == (conversation_id(APPID, OPENID), "started")
    await zhima.configure(developer_token="another")
    await zhima.does("close")
    await zhima.taken(2)
    with pytest.raises(Forged):
        read_push("zhima", settings("wechat_sig"), request_of(zhima, zhima.box.receiver.pushes[1], {}))


async def test_our_reader_believes_the_hmac(zhima: ZhimaBox) -> None:
    await served(zhima, developer_auth="hmac", developer_key=SECRET)
    await zhima.taken(1)
    (push,) = zhima.box.receiver.pushes
    request = request_of(zhima, push, push.headers)
    assert read_push("zhima", settings("hmac"), request)[0].event.event == "started"
    assert push.query == {}
    with pytest.raises(Forged):
        read_push("zhima", settings("hmac"), request_of(zhima, push, {**push.headers, "x-zhima-nonce": "1"}))


async def test_a_secret_stands_at_the_end_of_the_address(zhima: ZhimaBox) -> None:
    await served(zhima, developer_auth="path_secret", developer_key="callback", event_retries=[])
    await zhima.configure(developer_url=zhima.box.receiver.url.partition("/callback")[0])
    await zhima.does("close")
    events = await zhima.taken(2)
    assert [event["accepted"] for event in events] == [False, True]


async def test_what_is_not_taken_is_told_again(zhima: ZhimaBox) -> None:
    zhima.box.receiver.answer_in_turn(lambda _: web.Response(status=503))
    await served(zhima, event_retries=[0])
    (event,) = await zhima.taken(1)
    assert [attempt["status"] for attempt in event["attempts"]] == [503, 200]
    first, second = zhima.box.receiver.pushes
    assert first.body == second.body


async def test_events_are_spoilt_as_asked(zhima: ZhimaBox) -> None:
    await zhima.spoil(events={"duplicate": 1, "double_escape": True, "int_msg_id": True})
    await served(zhima, developer_auth="wechat_sig", developer_token=TOKEN)
    (event,) = await zhima.taken(1)
    assert len(event["attempts"]) == 2
    one, other = zhima.box.receiver.pushes
    assert one.body == other.body
    assert b'"StaffName":"\\\\u5c0f\\\\u654f"' in one.body
    (pushed,) = read_push("zhima", settings("wechat_sig"), request_of(zhima, one, {}))
    assert pushed.event.event == "started"
    assert pushed.event.stood.staff == "小敏"
    assert pushed.id == str(json.loads(one.body)["MsgId"])
    assert isinstance(json.loads(one.body)["MsgId"], int)


async def test_without_an_address_nothing_is_told(zhima: ZhimaBox) -> None:
    await zhima.says()
    await zhima.does("accept")
    assert (await zhima.state())["events"] == []


@pytest.mark.parametrize("action", ["say", "typing", "close"])
async def test_who_has_no_session_is_not_served(zhima: ZhimaBox, action: str) -> None:
    await zhima.enters()
    answer = await zhima.does(action, {"text": "x"} if action == "say" else {})
    assert answer.status == 409


async def test_only_who_is_there_accepts_and_only_once(zhima: ZhimaBox) -> None:
    await zhima.says()
    assert (await zhima.does("accept", {"staff_id": 127})).status == 409
    path = f"/zhima/products/{KEY}/staff/127"
    assert (await zhima.box.control("POST", path, {"online": True})).status == 200
    assert (await zhima.does("accept", {"staff_id": 127})).body["staff"] == "阿伟"
    assert (await zhima.does("accept")).status == 409
    assert [one["load"] for one in (await zhima.state())["staff"]] == [0, 1]


async def test_a_customer_who_never_wrote_is_not_there(zhima: ZhimaBox) -> None:
    assert (await zhima.does("accept", openid="oNobody")).status == 404
    assert (await zhima.box.control("GET", "/zhima/products/nobody")).status == 404


async def test_staff_who_take_customers_by_themselves(zhima: ZhimaBox) -> None:
    await zhima.configure(accepts_by_itself=True)
    await zhima.says()
    assert (await zhima.customer())["staff"] == "小敏"


async def test_sessions_have_numbers_of_their_own(zhima: ZhimaBox) -> None:
    numbers: list[int] = []
    for _ in range(2):
        await zhima.says(msg_id=len(numbers))
        numbers.append((await zhima.does("accept")).body["chat_session"])
        await zhima.does("close")
    assert len(set(numbers)) == 2


async def test_a_reset_leaves_only_what_was_set_up(zhima: ZhimaBox) -> None:
    await served(zhima, developer_auth="wechat_sig", developer_token=TOKEN)
    await zhima.does("say", {"text": "好"})
    await zhima.spoil(push=[{"http": 500}])
    assert (await zhima.box.control("POST", "/reset")).status == 200
    state = await zhima.state()
    told = [state[name] for name in ("customers", "received", "replies", "events", "token_fetches", "token")]
    assert told == [{}, [], [], [], [], None]
    assert (state["faults"]["push"], state["app_id"], len(state["staff"])) == ([], APPID, 2)
    assert (await zhima.says()).body == "success"
    assert len((await zhima.state())["received"]) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"reply_mode": "proxy"},
        {"developer_auth": "wechat_sig"},
        {"developer_auth": "hmac"},
        {"token_url": "ftp://x"},
        {"staff": [{"id": 1, "name": "一"}, {"id": 1, "name": "二"}]},
        {"unknown": 1},
    ],
)
async def test_a_product_that_cannot_work_is_refused(zhima: ZhimaBox, changes: dict[str, Any]) -> None:
    assert (await zhima.configure(**changes)).status == 422


async def test_nothing_shown_holds_a_secret(zhima: ZhimaBox) -> None:
    await served(zhima, developer_auth="hmac", developer_key=SECRET)
    await zhima.does("say", {"text": "好"})
    text = json.dumps(await zhima.state())
    token = zhima.box.running.parts.zhima.world.products[KEY].token
    assert token is not None
    assert not any(secret in text for secret in (SECRET, token.value, zhima.tokens.url))
