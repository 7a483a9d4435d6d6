import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shared.clock import real_now
from shared.conversation.content import Event, Unsupported
from tests.console.house import Caller, Customer, House
from tests.support.waiting import eventually


async def messages(caller: Caller, customer: Customer, **page: int) -> Any:
    return (await caller.get(f"/conversations/{customer.id}/messages", **page)).body


async def seqs(caller: Caller, customer: Customer, **page: int) -> list[int]:
    return [message["seq"] for message in (await messages(caller, customer, **page))["items"]]


async def delivery(caller: Caller, customer: Customer, seq: int) -> Any:
    found = await messages(caller, customer, after_seq=seq - 1, limit=1)
    return found["items"][0]["delivery"]


async def settled(caller: Caller, customer: Customer, message: Any, outcome: Any, **more: Any) -> None:
    await customer.settle(message, outcome, **more)

    async def known() -> bool:
        return bool((await delivery(caller, customer, message["seq"]))["state"] == outcome)

    await eventually(known)


async def test_a_text_is_sent_and_shown_as_it_is(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    me = (await lina.get("/me")).body
    answer = await lina.say(customer, "您好 😀", client_id="mine")
    assert answer.status == 201
    (sent,) = answer.body["items"]
    assert sent["from"] == {"kind": "agent", "id": me["id"], "name": me["name"]}
    assert (sent["type"], sent["text"], sent["direction"]) == ("text", "您好 😀", "outbound")
    assert (sent["delivery"]["state"], sent["client_id"], sent["session_id"]) == ("sending", "mine", f"{customer.id}.1")
    assert [sent["image"], sent["card"], sent["link"], sent["event"]] == [None] * 4
    assert (await messages(lina, customer))["items"][-1] == sent
    shown = await lina.conversation(customer)
    assert (shown["quota"]["remaining"], shown["unread"], shown["last_seq"]) == (4, 0, sent["seq"])


async def test_the_same_client_id_sends_once(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    first = await lina.say(customer, "一次", client_id="once")
    again = await lina.say(customer, "一次", client_id="once")
    assert (first.status, again.status) == (201, 200)
    assert again.body == first.body
    other = await lina.say(customer, "两次", client_id="once")
    assert (other.status, other.code) == (409, "conflict")
    assert (await lina.conversation(customer))["last_seq"] == first.body["items"][0]["seq"]


async def test_a_verdict_forgotten_is_no_second_message(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    first = await lina.say(customer, "一次", client_id="once")
    await desk.database["conversations"].update_one({"_id": customer.id}, {"$set": {"verdicts": []}})
    again = await lina.say(customer, "一次", client_id="once")
    assert (again.status, again.body) == (200, first.body)
    assert (await lina.say(customer, "两次", client_id="once")).code == "conflict"


async def test_a_double_click_is_one_message(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    answers = await asyncio.gather(*(lina.say(customer, "一次", client_id="once") for _ in range(4)))
    assert {answer.status for answer in answers} <= {200, 201}
    assert len({answer.body["items"][0]["id"] for answer in answers}) == 1
    assert (await lina.conversation(customer))["quota"]["remaining"] == 4


async def test_the_key_may_come_as_a_header(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    body = {"type": "text", "text": "好"}
    path = f"/conversations/{customer.id}/messages"
    first, again = await lina.post(path, body, key="header"), await lina.post(path, body, key="header")
    assert (first.status, again.status) == (201, 200)
    assert first.body["items"][0]["client_id"] == "header"
    without, besides = await lina.post(path, body), await lina.post(path, body)
    assert without.body["items"][0]["seq"] < besides.body["items"][0]["seq"]
    assert (await lina.post(path, body, key="k" * 201)).code == "invalid"


async def test_only_the_responder_may_answer(desk: House, lina: Caller) -> None:
    waiting = await desk.waiting(lina)
    assert (await lina.say(waiting)).code == "not_yours"
    held = await desk.held_by(await desk.agent())
    refused = await lina.say(held)
    assert (refused.status, refused.code) == (403, "not_yours")
    boss = await desk.agent(role="supervisor")
    assert (await boss.say(held)).code == "not_yours"


async def test_a_text_too_long_is_sent_in_parts_only_if_asked(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    text = "。".join("这是一句话" * 20 for _ in range(10))
    refused = await lina.say(customer, text)
    assert (refused.status, refused.code, refused.body["limit_bytes"]) == (422, "text_too_long", 2048)
    answer = await lina.say(customer, text, split=True)
    assert answer.status == 201
    parts = answer.body["items"]
    assert len(parts) == refused.body["parts"] == 2
    assert "".join(part["text"] for part in parts) == text
    assert [part["seq"] for part in parts] == [parts[0]["seq"], parts[0]["seq"] + 1]
    assert (await lina.conversation(customer))["quota"]["remaining"] == 3


async def test_what_wechat_would_never_take_whole_is_refused(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    refused = await lina.say(customer, "字" * 5000, split=True)
    assert (refused.status, refused.code, refused.body["parts"]) == (422, "text_too_long", 8)


async def test_a_used_up_quota_says_so_with_its_numbers(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    for _ in range(5):
        assert (await lina.say(customer)).status == 201
    refused = await lina.say(customer, client_id="sixth")
    assert (refused.status, refused.code) == (409, "quota_used")
    assert (refused.body["quota"]["remaining"], refused.body["quota"]["grant"]) == (0, "message")
    assert refused.body["quota"]["deadline"].endswith("Z")
    assert (await lina.say(customer, client_id="sixth")).body == refused.body


async def test_a_closed_window_says_so(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    past = (real_now() - timedelta(hours=1)).replace(microsecond=0)
    grants = {"$set": {"ledger.grants.0.deadline": past}}
    await desk.database["conversations"].update_one({"_id": customer.id}, grants)
    assert (await lina.conversation(customer))["quota"] is None
    refused = await lina.say(customer)
    assert (refused.status, refused.code) == (409, "window_closed")
    assert refused.body["quota"] == {"remaining": 0, "grant": None, "deadline": None}


async def test_a_held_message_goes_when_the_customer_writes_or_is_discarded(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    for _ in range(5):
        (sent,) = (await lina.say(customer)).body["items"]
        await settled(lina, customer, sent, "sent")
    held = [(await lina.say(customer, f"稍后 {n}", if_closed="hold")).body["items"][0] for n in range(2)]
    assert [message["delivery"]["state"] for message in held] == ["held", "held"]
    path = f"/conversations/{customer.id}/messages/{held[0]['seq']}/discard"
    discarded = await lina.post(path)
    assert (discarded.status, discarded.body["delivery"]["state"]) == (200, "discarded")
    assert (await lina.post(path)).code == "conflict"
    await customer.say("在吗")

    async def released() -> bool:
        return bool((await delivery(lina, customer, held[1]["seq"]))["state"] == "sending")

    await eventually(released)
    assert (await delivery(lina, customer, held[0]["seq"]))["state"] == "discarded"


async def test_an_unknown_message_is_marked_or_sent_again_as_a_new_one(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    (sent,) = (await lina.say(customer, "收到了吗")).body["items"]
    path = f"/conversations/{customer.id}/messages/{sent['seq']}"
    assert (await lina.post(f"{path}/resend")).code == "conflict"
    assert (await lina.post(f"{path}/mark-sent")).code == "conflict"
    await settled(lina, customer, sent, "unknown")
    marked = await lina.post(f"{path}/mark-sent")
    assert marked.status == 200
    assert marked.body["delivery"]["state"] == "unknown"
    assert marked.body["delivery"]["mark"].startswith("sent:Agent")
    resent, again = await lina.post(f"{path}/resend", key="r"), await lina.post(f"{path}/resend", key="r")
    assert (resent.status, again.status, again.body) == (200, 200, resent.body)
    assert (resent.body["resend_of"], resent.body["text"]) == (sent["seq"], "收到了吗")
    assert resent.body["seq"] > sent["seq"]


async def test_a_refusal_of_wechat_is_shown_with_its_code(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    (sent,) = (await lina.say(customer)).body["items"]
    await settled(lina, customer, sent, "refused", code="45015", reason="window", window_closed=True)
    shown = await delivery(lina, customer, sent["seq"])
    assert (shown["code"], shown["reason"]) == ("45015", "window")
    assert (await lina.conversation(customer))["quota"]["remaining"] == 0


async def test_what_was_settled_is_not_judged_again(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    (sent,) = (await lina.say(customer)).body["items"]
    await settled(lina, customer, sent, "unknown")
    path = f"/conversations/{customer.id}/messages/{sent['seq']}/mark-sent"
    assert (await lina.post(path, key="m")).status == 200
    await settled(lina, customer, sent, "sent")
    assert (await lina.post(path, key="m")).status == 200
    assert (await lina.post(path, key="n")).code == "conflict"


@pytest.mark.parametrize("what", ["resend", "discard", "mark-sent"])
async def test_a_message_that_is_not_there_cannot_be_mended(desk: House, lina: Caller, what: str) -> None:
    customer = await desk.held_by(lina)
    assert (await lina.post(f"/conversations/{customer.id}/messages/999/{what}")).code == "not_found"
    assert (await lina.post(f"/conversations/{customer.id}/messages/1/{what}")).code == "conflict"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": "text"},
        {"type": "text", "text": " \n "},
        {"type": "text", "text": "a", "image": {"media_id": "x"}},
        {"type": "image", "text": "a"},
        {"type": "voice", "text": "a"},
        {"type": "text", "text": "a", "client_id": ""},
        {"type": "text", "text": "a", "if_closed": "never"},
        {"type": "link", "link": {"title": "t", "url": "javascript:alert(1)"}},
        {"type": "card", "card": {"title": "t", "path": "p"}},
        {"type": "image", "image": {"media_id": "nothing"}},
    ],
)
async def test_what_is_no_message_is_refused(desk: House, lina: Caller, body: Any) -> None:
    customer = await desk.held_by(lina)
    answer = await lina.post(f"/conversations/{customer.id}/messages", body)
    assert (answer.status, answer.code) == (422, "invalid")


async def test_a_link_is_sent_whole(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    link = {"title": "帮助", "description": "如何退货", "url": "https://example.com/help?a=1"}
    body = {"type": "link", "link": link}
    (sent,) = (await lina.post(f"/conversations/{customer.id}/messages", body)).body["items"]
    assert sent["link"] == {**link, "media_id": None}


async def test_the_history_is_read_in_pages(desk: House, lina: Caller) -> None:
    customer = await desk.waiting(lina)
    for number in range(6):
        await customer.say(f"第 {number} 条")

    async def whole() -> bool:
        return bool((await messages(lina, customer))["last_seq"] >= 8)

    await eventually(whole)
    last = (await messages(lina, customer))["last_seq"]
    assert await seqs(lina, customer) == list(range(1, last + 1))
    assert await seqs(lina, customer, limit=3) == [last - 2, last - 1, last]
    assert await seqs(lina, customer, after_seq=2, limit=3) == [3, 4, 5]
    assert await seqs(lina, customer, before_seq=5, limit=3) == [2, 3, 4]
    assert await seqs(lina, customer, after_seq=last) == []
    assert await seqs(lina, customer, before_seq=1) == []
    answer = await lina.get(f"/conversations/{customer.id}/messages", after_seq=1, before_seq=3)
    assert (answer.status, answer.code) == (422, "invalid")


async def test_a_message_committed_but_not_written_yet_is_read_all_the_same(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    whole = await messages(lina, customer)
    (sent,) = (await lina.say(customer, "还没有写入")).body["items"]
    assert await desk.database["messages"].delete_one({"_id": sent["id"]}) == 1
    assert (await messages(lina, customer))["items"] == [*whole["items"], sent]
    assert await seqs(lina, customer, after_seq=sent["seq"] - 1) == [sent["seq"]]
    assert sent["seq"] not in await seqs(lina, customer, before_seq=sent["seq"])
    assert (await lina.say(customer, "还没有写入", client_id=sent["client_id"])).body["items"] == [sent]


async def test_events_and_what_we_do_not_know_are_shown_by_name(desk: House, lina: Caller) -> None:
    customer = await desk.waiting(lina)
    await customer.say(content=Event(name="user_authorize", detail={"n": 1}))
    await customer.say(content=Unsupported(name="voice", raw={"MediaId": "x"}))

    async def shown() -> Any:
        items = (await messages(lina, customer))["items"]
        return items if items[-1]["type"] == "unsupported" else None

    *_, event, unsupported = await eventually(shown)
    assert event["event"] == {"name": "user_authorize", "detail": {"n": 1}}
    assert (unsupported["text"], unsupported["event"]) == ("voice", None)
