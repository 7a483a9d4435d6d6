from typing import Any

import pytest

from tests.console.house import APP, VIP_APP, Caller, Customer, House
from tests.support.waiting import eventually


async def ids(caller: Caller, view: str, **more: Any) -> list[str]:
    page = (await caller.get("/conversations", view=view, limit=200, **more)).body
    return [item["id"] for item in page["items"]]


async def test_a_waiting_session_is_shown_whole(desk: House, lina: Caller) -> None:
    customer = await desk.waiting(lina, text="转人工，谢谢")
    shown = await lina.conversation(customer)
    assert shown["app"] == {"id": customer.app_id, "name": "店铺"}
    assert shown["customer"] == {"id": customer.openid, "name": None, "source": None, "profile": []}
    assert shown["preview"] == {"type": "text", "text": "转人工，谢谢", "direction": "inbound"}
    assert (shown["unread"], shown["held"], shown["tags"]) == (1, 0, [])
    assert shown["session"]["id"] == f"{customer.id}.1"
    assert (shown["session"]["state"], shown["session"]["responder"]) == ("waiting", None)
    assert shown["session"]["waiting_since"].endswith("Z")
    assert (shown["quota"]["remaining"], shown["quota"]["grant"]) == (5, "message")


async def test_who_only_entered_has_two_messages_and_a_source(desk: House, lina: Caller) -> None:
    customer = Customer(desk.publisher)
    await customer.enter("order=42")

    async def shown() -> Any:
        answer = await lina.get(f"/conversations/{customer.id}")
        return answer.body if answer.status == 200 else None

    conversation = await eventually(shown)
    assert conversation["customer"]["source"] == "order=42"
    assert (conversation["quota"]["remaining"], conversation["quota"]["grant"]) == (2, "entering")


async def test_each_view_shows_what_its_name_says(desk: House, lina: Caller) -> None:
    omar = await desk.agent()
    waiting, mine, his, closed = [await desk.waiting(lina) for _ in range(4)]
    assert (await lina.accept(mine)).status == 200
    assert (await omar.accept(his)).status == 200
    assert (await lina.accept(closed)).status == 200
    assert (await lina.post(f"/conversations/{closed.id}/close", {"reason": "done"})).status == 200
    ours = {waiting.id, mine.id, his.id, closed.id}
    shown = {view: ours & set(await ids(lina, view)) for view in ("waiting", "mine", "all", "closed")}
    assert shown == {"waiting": {waiting.id}, "mine": {mine.id}, "all": ours, "closed": {closed.id}}


async def test_counts_come_with_every_list(desk: House, lina: Caller) -> None:
    await desk.held_by(lina)
    page = (await lina.get("/conversations", view="mine")).body
    assert page["counts"]["mine"] == 1
    assert page["counts"]["all"] == len(await ids(lina, "all"))
    assert page["counts"]["waiting"] == len(await ids(lina, "waiting"))


async def test_who_waits_longest_comes_first_else_what_changed_last(desk: House, lina: Caller) -> None:
    first, second = await desk.waiting(lina), await desk.waiting(lina)
    waiting = await ids(lina, "waiting")
    assert waiting.index(first.id) < waiting.index(second.id)
    everything = await ids(lina, "all")
    assert everything.index(second.id) < everything.index(first.id)


@pytest.mark.parametrize("view", ["waiting", "all"])
async def test_pages_together_are_the_whole_list(desk: House, lina: Caller, view: str) -> None:
    for _ in range(5):
        await desk.waiting(lina)
    whole, paged, cursor = await ids(lina, view), [], None
    while True:
        page = (await lina.get("/conversations", view=view, limit=2, **({"cursor": cursor} if cursor else {}))).body
        assert len(page["items"]) <= 2
        paged += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert paged == whole


async def test_a_cursor_is_taken_as_it_was_given_or_not_at_all(desk: House, lina: Caller) -> None:
    await desk.waiting(lina)
    await desk.waiting(lina)
    cursor = (await lina.get("/conversations", view="waiting", limit=1)).body["next"]
    for view, told in (("all", cursor), ("waiting", "nonsense"), ("waiting", cursor[:-4])):
        answer = await lina.get("/conversations", view=view, cursor=told)
        assert (answer.status, answer.code) == (422, "invalid")


async def test_a_list_can_be_of_one_app(desk: House) -> None:
    boss = await desk.agent(role="supervisor")
    here, there = await desk.waiting(boss), await desk.waiting(boss, VIP_APP)
    assert here.id not in await ids(boss, "all", app=VIP_APP)
    assert there.id in await ids(boss, "all", app=VIP_APP)
    assert there.id not in await ids(boss, "all", app=APP)


async def test_an_app_of_another_group_does_not_exist(desk: House, lina: Caller) -> None:
    boss, vip = await desk.agent(role="supervisor"), await desk.agent(groups=("vip", "night"))
    customer = await desk.waiting(boss, VIP_APP)
    for sees in (boss, vip):
        assert customer.id in await ids(sees, "waiting")
        assert (await sees.conversation(customer))["id"] == customer.id
    assert customer.id not in await ids(lina, "waiting")
    path = f"/conversations/{customer.id}"
    for answer in (
        await lina.get(path),
        await lina.get(f"{path}/messages"),
        await lina.get(f"{path}/decisions"),
        await lina.get("/conversations", app=VIP_APP),
        await lina.accept(customer),
        await lina.say(customer),
        await lina.post(f"{path}/close", {}),
        await lina.post(f"{path}/messages/1/resend"),
    ):
        assert (answer.status, answer.code) == (404, "not_found")
    assert await boss.state(customer) == "waiting"


async def test_a_conversation_nobody_heard_of_is_not_found(desk: House, lina: Caller) -> None:
    assert (await lina.get("/conversations/nothing")).code == "not_found"


async def test_a_deleted_customer_is_gone(desk: House, lina: Caller) -> None:
    customer = await desk.held_by(lina)
    await customer.vanish()

    async def gone() -> bool:
        return (await lina.get(f"/conversations/{customer.id}")).status == 404

    await eventually(gone)
    assert customer.id not in await ids(lina, "all")
    assert (await lina.get(f"/conversations/{customer.id}/messages")).status == 404


async def test_assignments_are_explained(desk: House) -> None:
    free = await desk.agent(presence="online", capacity=200)
    customer = Customer(desk.publisher)
    await customer.say("转人工")

    async def decisions() -> Any:
        answer = await free.get(f"/conversations/{customer.id}/decisions")
        return answer.status == 200 and answer.body["items"]

    decided = (await eventually(decisions))[0]
    me = (await free.get("/me")).body
    assert (decided["agent_id"], decided["rule"]) == (me["id"], "least_loaded")
    assert [(one["agent_id"], one["capacity"]) for one in decided["candidates"]] == [(me["id"], 200)]
    assert decided["candidates"][0]["load"] < 200
    await desk.agents.update(me["id"], presence="offline")


async def test_a_removed_app_leaves_its_history_to_supervisors(desk: House, lina: Caller) -> None:
    boss = await desk.agent(role="admin")
    customer = await desk.waiting(boss)
    where, gone = {"_id": customer.id}, {"$set": {"app_id": "wx-removed"}}
    await desk.database["conversations"].update_one(where, gone)
    assert (await boss.conversation(customer))["app"] == {"id": "wx-removed", "name": "wx-removed"}
    assert (await lina.get(f"/conversations/{customer.id}")).status == 404
