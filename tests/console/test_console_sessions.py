import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.console.house import VIP_APP, Caller, House


async def me(caller: Caller) -> Any:
    return (await caller.get("/me")).body


async def responder(caller: Caller, customer: Any) -> Any:
    return (await caller.conversation(customer))["session"]["responder"]


async def test_accepting_makes_the_agent_the_responder_and_again_changes_nothing(desk: House, lina: Caller) -> None:
    customer = await desk.waiting(lina)
    first = await lina.accept(customer)
    assert first.status == 200
    assert first.body["session"]["state"] == "agent"
    assert first.body["session"]["responder"]["id"] == (await me(lina))["id"]
    assert first.body["session"]["waiting_since"] is None
    assert (await lina.accept(customer)).status == 200
    assert (await me(lina))["load"] == 1


async def test_the_slower_one_is_told_who_was_faster(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    refused = await (await desk.agent()).accept(customer)
    holder = await me(lina)
    assert (refused.status, refused.code) == (409, "taken")
    assert refused.body["by"] == {"id": holder["id"], "name": holder["name"]}


async def test_of_many_who_accept_at_once_one_gets_it(desk: House, lina: Caller) -> None:
    customer = await desk.waiting(lina)
    callers = [lina, *[await desk.agent() for _ in range(4)]]
    answers = await asyncio.gather(*(caller.accept(customer) for caller in callers))
    assert Counter(answer.status for answer in answers) == {200: 1, 409: 4}
    winner = await responder(lina, customer)
    assert {answer.body["by"]["id"] for answer in answers if answer.status == 409} == {winner["id"]}
    assert sum([(await me(caller))["load"] for caller in callers]) == 1


async def test_nobody_gets_more_than_their_capacity(desk: House) -> None:
    caller = await desk.agent(capacity=1)
    await desk.held_by(caller)
    refused = await caller.accept(await desk.waiting(caller))
    assert (refused.status, refused.code) == (409, "at_capacity")
    assert (await me(caller))["load"] == 1


async def test_a_closed_session_is_nobodys(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    closed = await lina.post(f"/conversations/{customer.id}/close", {"reason": "解决了"})
    assert closed.status == 200
    assert (closed.body["session"]["state"], closed.body["session"]["reason"]) == ("closed", "解决了")
    assert closed.body["session"]["closed_at"]
    assert (await me(lina))["load"] == 0
    assert (await lina.accept(customer)).code == "conflict"
    assert (await lina.say(customer)).code == "not_yours"
    assert (await lina.post(f"/conversations/{customer.id}/close", {})).code == "not_yours"


async def test_the_same_key_closes_once_and_only_that(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    path = f"/conversations/{customer.id}/close"
    assert (await lina.post(path, {"reason": "a"}, key="k")).status == 200
    assert (await lina.post(path, {"reason": "a"}, key="k")).status == 200
    other = await lina.post(path, {"reason": "b"}, key="k")
    assert (other.status, other.code) == (409, "conflict")


async def test_a_supervisor_may_end_and_move_what_is_anothers(desk: House, lina: Caller) -> None:
    boss = await desk.agent(role="supervisor")
    ended, moved = await desk.held_by(lina), await desk.held_by(lina)
    stranger = await desk.agent()
    assert (await stranger.post(f"/conversations/{ended.id}/close", {})).code == "not_yours"
    assert (await boss.post(f"/conversations/{ended.id}/close", {})).status == 200
    body = {"to": {"agent": (await me(stranger))["id"]}}
    assert (await boss.post(f"/conversations/{moved.id}/transfer", body)).status == 200
    assert (await responder(lina, moved))["id"] == (await me(stranger))["id"]


async def test_a_session_goes_to_a_colleague_with_a_note(desk: House, lina: Caller) -> None:
    customer, omar = await desk.held_by(lina), await desk.agent()
    body = {"to": {"agent": (await me(omar))["id"]}, "note": "老客户，先查订单"}
    answer = await lina.post(f"/conversations/{customer.id}/transfer", body)
    assert answer.status == 200
    assert answer.body["session"]["responder"]["id"] == (await me(omar))["id"]
    items = (await omar.get(f"/conversations/{customer.id}/messages")).body["items"]
    (note,) = [item for item in items if item["type"] == "note"]
    assert (note["text"], note["direction"]) == ("老客户，先查订单", "system")
    assert ((await me(lina))["load"], (await me(omar))["load"]) == (0, 1)


async def test_a_colleague_without_room_gets_nothing(desk: House, lina: Caller) -> None:
    customer, full = await desk.held_by(lina), await desk.agent(capacity=0)
    answer = await lina.post(f"/conversations/{customer.id}/transfer", {"to": {"agent": (await me(full))["id"]}})
    assert (answer.status, answer.code) == (409, "at_capacity")
    assert (await responder(lina, customer))["id"] == (await me(lina))["id"]


async def test_a_session_goes_back_in_line_for_a_group_or_to_the_bot(desk: House, lina: Caller) -> None:
    await desk.agent(groups=("returns",))
    grouped, botted = await desk.held_by(lina), await desk.held_by(lina)
    answer = await lina.post(f"/conversations/{grouped.id}/transfer", {"to": {"group": "returns"}})
    assert (answer.status, answer.body["session"]["state"]) == (200, "waiting")
    answer = await lina.post(f"/conversations/{botted.id}/transfer", {"to": {"bot": True}})
    assert (answer.status, answer.body["session"]["state"]) == (200, "bot")
    assert (await me(lina))["load"] == 0


async def test_a_session_is_not_put_in_line_for_a_group_that_may_not_see_it(desk: House) -> None:
    vip = await desk.agent(groups=("vip",))
    await desk.agent(groups=("cellar",))
    await desk.agent(groups=("cellar", "vip"), enabled=False)
    customer = await desk.waiting(vip, VIP_APP)
    assert (await vip.accept(customer)).status == 200
    path, body = f"/conversations/{customer.id}/transfer", {"to": {"group": "cellar"}}
    refused = await vip.post(path, body)
    assert (refused.status, refused.code) == (422, "invalid")
    assert refused.body["detail"] == "to.group: nobody in this group serves this app."
    assert (await responder(vip, customer))["id"] == (await me(vip))["id"]
    await desk.agent(groups=("cellar", "vip"))
    assert (await vip.post(path, body)).body["session"]["state"] == "waiting"


@pytest.mark.parametrize(
    "to",
    [
        {},
        {"agent": "nobody"},
        {"group": "nobody is in it"},
        {"agent": "a", "bot": True},
        {"bot": False},
        {"vendor": "qiyu"},
        {"official": True},
        {"moon": True},
    ],
)
async def test_nobody_is_sent_where_nobody_is(desk: House, lina: Caller, to: Any) -> None:
    customer = await desk.held_by(lina)
    answer = await lina.post(f"/conversations/{customer.id}/transfer", {"to": to})
    assert (answer.status, answer.code) == (422, "invalid")
    assert (await responder(lina, customer))["id"] == (await me(lina))["id"]


async def test_a_session_is_not_given_to_who_may_not_see_it(desk: House, lina: Caller) -> None:
    vip = await desk.agent(groups=("vip",))
    customer = await desk.waiting(vip, VIP_APP)
    assert (await vip.accept(customer)).status == 200
    answer = await vip.post(f"/conversations/{customer.id}/transfer", {"to": {"agent": (await me(lina))["id"]}})
    assert (answer.status, answer.code) == (422, "invalid")
