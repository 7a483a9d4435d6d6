from typing import Any

import pytest

from tests.console.house import Caller, Customer, House
from tests.support.waiting import eventually


async def test_an_agent_is_shown_with_load_and_groups(desk: House) -> None:
    caller = await desk.agent(groups=("night", "vip"), capacity=3)
    await desk.held_by(caller)
    me = (await caller.get("/me")).body
    assert (me["id"], me["role"], me["groups"]) == (me["login"], "agent", ["night", "vip"])
    assert (me["presence"], me["capacity"], me["load"], me["auto_accept"]) == ("away", 3, 1, True)
    assert "password_hash" not in me


async def test_what_is_left_out_stays(desk: House, lina: Caller) -> None:
    assert (await lina.call("PATCH", "/me", {"capacity": 9})).body["capacity"] == 9
    changed = (await lina.call("PATCH", "/me", {"auto_accept": False})).body
    assert (changed["capacity"], changed["auto_accept"], changed["presence"]) == (9, False, "away")
    assert (await lina.get("/me")).body == changed
    assert (await lina.call("PATCH", "/me", {})).body == changed


@pytest.mark.parametrize(
    "body", [{"presence": "asleep"}, {"capacity": -1}, {"capacity": 201}, {"role": "admin"}, {"capacity": "many"}, []]
)
async def test_what_is_no_change_of_mine_is_refused(desk: House, lina: Caller, body: Any) -> None:
    before = (await lina.get("/me")).body
    answer = await lina.call("PATCH", "/me", body)
    assert (answer.status, answer.code) == (422, "invalid")
    assert (await lina.get("/me")).body == before


async def test_who_comes_online_gets_who_waits(desk: House) -> None:
    caller = await desk.agent(capacity=200)
    customer = await desk.waiting(caller)
    await caller.call("PATCH", "/me", {"presence": "online"})

    async def assigned() -> Any:
        session = (await caller.conversation(customer))["session"]
        return session["state"] == "agent" and session["responder"]["id"]

    assert await eventually(assigned) == (await caller.get("/me")).body["id"]
    await caller.call("PATCH", "/me", {"presence": "offline"})


async def test_who_is_away_gets_nobody(desk: House, lina: Caller) -> None:
    customer = Customer(desk.publisher)
    await customer.say("转人工")

    async def waits() -> bool:
        return await lina.state(customer) == "waiting"

    await eventually(waits)
    assert (await lina.get("/me")).body["load"] == 0
