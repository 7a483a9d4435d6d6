"""Tags, notes, reading, and the sessions a conversation had."""

from typing import Any

import pytest

from tests.console.house import VIP_APP, Caller, Customer, House
from tests.support.waiting import eventually


async def me(caller: Caller) -> Any:
    return (await caller.get("/me")).body


async def put_tags(caller: Caller, customer: Customer, *tags: str) -> Any:
    return await caller.call("PUT", f"/conversations/{customer.id}/tags", {"tags": list(tags)})


async def note(caller: Caller, customer: Customer, text: str, **more: Any) -> Any:
    return await caller.post(f"/conversations/{customer.id}/notes", {"text": text, **more})


async def read(caller: Caller, customer: Customer, seq: int) -> Any:
    return await caller.post(f"/conversations/{customer.id}/read", {"seq": seq})


async def test_tags_stand_in_their_order_each_once_and_replace_those_before(desk: House, lina: Caller) -> None:
    customer = await desk.waiting(lina)
    answer = await put_tags(lina, customer, "退货", " VIP ", "退货")
    assert (answer.status, answer.body["tags"]) == (200, ["退货", "VIP"])
    assert (await put_tags(await desk.agent(), customer)).body["tags"] == []


@pytest.mark.parametrize("tags", [["x"] * 21, ["a\0"], ["a\u2029b"], ["x" * 41], [" "], [""], ["x", 1], "x", None])
async def test_tags_are_few_and_short(desk: House, lina: Caller, tags: Any) -> None:
    customer = await desk.waiting(lina)
    answer = await lina.call("PUT", f"/conversations/{customer.id}/tags", {"tags": tags})
    assert (answer.status, answer.code) == (422, "invalid")


async def test_a_note_is_seen_by_colleagues_newest_first(desk: House, lina: Caller) -> None:
    customer, omar = await desk.held_by(lina), await desk.agent()
    first = await note(omar, customer, "先查订单")
    assert first.status == 201
    (item,) = first.body["items"]
    assert (item["type"], item["text"], item["direction"]) == ("note", "先查订单", "system")
    assert item["from"] == {"kind": "agent", "id": (await me(omar))["id"], "name": (await me(omar))["name"]}
    await note(lina, customer, "已查")
    listed = (await lina.get(f"/conversations/{customer.id}/notes")).body
    assert ([one["text"] for one in listed["items"]], listed["next"]) == (["已查", "先查订单"], None)
    assert (await lina.conversation(customer))["preview"]["text"] == "转人工", "a note is nothing the customer said"


async def test_the_same_key_notes_once(desk: House, lina: Caller) -> None:
    customer = await desk.waiting(lina)
    first = await note(lina, customer, "一次", client_id="n1")
    again = await note(lina, customer, "一次", client_id="n1")
    assert (first.status, again.status) == (201, 200)
    assert first.body == again.body
    assert (await note(lina, customer, "另一个", client_id="n1")).code == "conflict"


async def test_a_closed_session_can_still_be_noted(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    await lina.post(f"/conversations/{customer.id}/close", {})
    assert (await note(lina, customer, "事后补记")).status == 201


@pytest.mark.parametrize("text", ["", "  ", "长" * 2001, 5, None])
async def test_a_note_says_something_and_not_too_much(desk: House, lina: Caller, text: Any) -> None:
    customer = await desk.waiting(lina)
    assert (await note(lina, customer, text)).code == "invalid"


async def test_a_note_given_with_a_transfer_is_among_the_notes(desk: House, lina: Caller) -> None:
    customer, omar = await desk.held_by(lina), await desk.agent()
    body = {"to": {"agent": (await me(omar))["id"]}, "note": "老客户"}
    assert (await lina.post(f"/conversations/{customer.id}/transfer", body)).status == 200
    listed = (await omar.get(f"/conversations/{customer.id}/notes")).body["items"]
    assert [one["text"] for one in listed] == ["老客户"]


async def test_reading_clears_what_was_unread_up_to_there(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    seen = (await lina.conversation(customer))["last_seq"]
    await customer.say("还在吗")

    async def two_unread() -> bool:
        return bool((await lina.conversation(customer))["unread"] == 2)

    await eventually(two_unread)
    answer = await read(lina, customer, seen)
    assert (answer.status, answer.body["unread"]) == (200, 2), "something came after what was seen"
    answer = await read(lina, customer, (await lina.conversation(customer))["last_seq"])
    assert (answer.status, answer.body["unread"]) == (200, 0)
    assert (await read(lina, customer, 10**9)).body["unread"] == 0


async def test_what_another_reads_stays_unread(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    before = await lina.conversation(customer)
    boss = await desk.agent(role="supervisor")
    answer = await read(boss, customer, before["last_seq"])
    assert (answer.status, answer.body["unread"], answer.body["version"]) == (200, 1, before["version"])


async def test_the_sessions_a_conversation_had_say_who_held_them(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    await lina.post(f"/conversations/{customer.id}/close", {"reason": "解决了"})
    await customer.say("又有问题")

    async def waits_again() -> bool:
        return await lina.state(customer) == "waiting"

    await eventually(waits_again)

    async def sessions() -> Any:
        return (await lina.get(f"/conversations/{customer.id}/sessions")).body["items"]

    async def recorded() -> bool:
        return len(await sessions()) == 2

    await eventually(recorded)
    current, ended = await sessions()
    assert (current["number"], current["state"], current["responder"], current["closed_at"]) == (
        2, "waiting", None, None,
    )  # fmt: skip
    assert (ended["number"], ended["state"], ended["reason"]) == (1, "closed", "解决了")
    assert ended["responder"]["id"] == (await me(lina))["id"]
    assert ended["closed_at"]


async def test_the_held_messages_are_counted(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    for number in range(5):
        assert (await lina.say(customer, f"{number}")).status == 201
    assert (await lina.conversation(customer))["held"] == 0
    assert (await lina.say(customer, "等您", if_closed="hold")).status == 201
    assert (await lina.conversation(customer))["held"] == 1
    listed = (await lina.get("/conversations", view="mine")).body["items"]
    assert [one["held"] for one in listed] == [1]


async def test_who_may_not_see_it_finds_nothing_to_mark(desk: House, lina: Caller) -> None:
    vip = await desk.agent(groups=("vip",))
    customer = await desk.waiting(vip, VIP_APP)
    for answer in (
        await put_tags(lina, customer, "x"),
        await note(lina, customer, "x"),
        await read(lina, customer, 1),
        await lina.get(f"/conversations/{customer.id}/notes"),
        await lina.get(f"/conversations/{customer.id}/sessions"),
    ):
        assert (answer.status, answer.code) == (404, "not_found")
    assert (await put_tags(vip, customer, "x")).status == 200
