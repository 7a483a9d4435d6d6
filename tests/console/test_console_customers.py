"""Customers by their openid: described by the mini program's own server, and deleted."""

from typing import Any

import pytest

from shared.clock import real_now
from shared.store.api_tokens import ApiTokenStore
from tests.console.house import APP, VIP_APP, Answer, Caller, Customer, House
from tests.console.screen import Screen
from tests.support.waiting import eventually

GOLD = {"name": "会员", "value": "金"}
CITY = {"name": "城市", "value": "杭州"}


@pytest.fixture
async def boss(desk: House) -> Caller:
    return await desk.agent(role="supervisor")


async def machine(desk: House, *scopes: Any, apps: Any = None) -> Caller:
    """The mini program's own server, with a token of its own."""
    text, _ = await ApiTokenStore(desk.database).make("shop", scopes, apps, now=real_now(), lasts=None)
    caller = desk.stranger()
    caller.headers = {"Authorization": f"Bearer {text}"}
    return caller


async def describe(caller: Caller, customer: Customer, body: Any) -> Answer:
    return await caller.call("PUT", f"/apps/{customer.app_id}/customers/{customer.openid}", body)


async def delete(caller: Caller, customer: Customer) -> Answer:
    return await caller.call("DELETE", f"/apps/{customer.app_id}/customers/{customer.openid}")


async def test_a_customer_is_described_before_they_write_and_known_when_they_do(desk: House, boss: Caller) -> None:
    customer = Customer(desk.publisher)
    answer = await describe(boss, customer, {"name": "王女士", "profile": [GOLD, CITY]})
    assert (answer.status, answer.body) == (
        200,
        {"id": customer.openid, "conversation_id": customer.id, "name": "王女士", "profile": [GOLD, CITY]},
    )
    found = await boss.conversation(customer)
    assert (found["session"], found["updated_at"]) == (None, None)
    await customer.say("转人工")

    async def wrote() -> bool:
        return (await boss.conversation(customer))["session"] is not None

    await eventually(wrote)
    found = await boss.conversation(customer)
    assert found["customer"] == {"id": customer.openid, "name": "王女士", "source": None, "profile": [GOLD, CITY]}


async def test_who_never_wrote_is_in_no_list(desk: House, boss: Caller) -> None:
    customer = Customer(desk.publisher)
    await describe(boss, customer, {"name": "没写过"})
    for view in ("all", "closed", "waiting", "mine"):
        items = (await boss.get("/conversations", view=view, limit=200)).body["items"]
        assert customer.id not in {item["id"] for item in items}


async def test_a_description_is_told_live_of_who_wrote_and_of_nobody_else(desk: House, boss: Caller) -> None:
    silent, customer = Customer(desk.publisher), await desk.waiting(boss)
    screen = Screen(boss)
    async with screen.ready():
        await describe(boss, silent, {"name": "没写过"})
        await describe(boss, customer, {"name": "王女士"})

        def named() -> bool:
            told = screen.conversations.get(customer.id)
            return told is not None and told["customer"]["name"] == "王女士"

        await eventually(named)
    async with screen.ready():
        assert silent.id not in screen.conversations
    assert screen.resets == 0


async def test_what_is_not_named_stays_and_null_takes_away(desk: House, boss: Caller) -> None:
    customer = await desk.waiting(boss)
    await describe(boss, customer, {"name": "王女士", "profile": [GOLD]})
    assert (await describe(boss, customer, {"profile": [CITY]})).body["name"] == "王女士"
    answer = await describe(boss, customer, {"name": None})
    assert (answer.body["name"], answer.body["profile"]) == (None, [CITY])
    assert (await describe(boss, customer, {"profile": []})).body["profile"] == []


async def test_of_many_descriptions_one_after_another_the_last_counts(desk: House, boss: Caller) -> None:
    customer = Customer(desk.publisher)
    for number in range(8):
        assert (await describe(boss, customer, {"name": f"{number}"})).body["name"] == f"{number}"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"nickname": "x"},
        {"name": "x" * 65},
        {"profile": [{"name": "x" * 41, "value": ""}]},
        {"profile": [{"name": "x", "value": "y" * 501}]},
        {"profile": [{"name": " ", "value": "y"}]},
        {"profile": [{"name": "x"}]},
        {"profile": [GOLD, GOLD]},
        {"profile": [{"name": f"{n}", "value": ""} for n in range(21)]},
        {"profile": None},
    ],
)
async def test_a_description_is_bounded(desk: House, boss: Caller, body: Any) -> None:
    answer = await describe(boss, Customer(desk.publisher), body)
    assert (answer.status, answer.code) == (422, "invalid")


async def test_an_openid_is_what_wechat_gives(desk: House, boss: Caller) -> None:
    answer = await boss.call("PUT", f"/apps/{APP}/customers/o%20x", {"name": "x"})
    assert (answer.status, answer.code) == (422, "invalid")
    assert (await boss.call("PUT", "/apps/wxffffffffffffffff/customers/o1", {"name": "x"})).code == "not_found"


async def test_an_agent_may_not_describe_and_only_an_admin_may_delete(desk: House, lina: Caller, boss: Caller) -> None:
    customer = await desk.waiting(lina)
    assert (await describe(lina, customer, {"name": "x"})).code == "forbidden"
    assert (await delete(lina, customer)).code == "forbidden"
    assert (await delete(boss, customer)).code == "forbidden"


async def test_the_mini_programs_server_describes_with_a_token_of_that_scope(desk: House, boss: Caller) -> None:
    customer, elsewhere = Customer(desk.publisher), Customer(desk.publisher, VIP_APP)
    shop = await machine(desk, "customers")
    assert (await describe(shop, customer, {"name": "王女士"})).body["name"] == "王女士"
    assert (await describe(await machine(desk, "read"), customer, {"name": "x"})).code == "forbidden"
    bound = await machine(desk, "customers", apps=(APP,))
    assert (await describe(bound, customer, {"profile": [GOLD]})).status == 200
    assert (await describe(bound, elsewhere, {"name": "x"})).code == "not_found"
    assert (await delete(shop, customer)).code == "forbidden"
    assert (await boss.conversation(customer))["customer"]["profile"] == [GOLD]


async def test_a_token_that_reads_sees_notes_and_sessions(desk: House, lina: Caller) -> None:
    customer, reader = await desk.waiting(lina), await machine(desk, "read")
    await lina.post(f"/conversations/{customer.id}/notes", {"text": "x"})
    assert len((await reader.get(f"/conversations/{customer.id}/notes")).body["items"]) == 1
    assert len((await reader.get(f"/conversations/{customer.id}/sessions")).body["items"]) == 1
    assert (await reader.post(f"/conversations/{customer.id}/notes", {"text": "x"})).code == "forbidden"


async def test_an_admin_deletes_a_customer_whole_and_that_stands_in_the_audit(desk: House, lina: Caller) -> None:
    admin = await desk.agent(role="admin")
    customer = await desk.held_by(lina)
    await describe(admin, customer, {"name": "王女士"})
    answer = await delete(admin, customer)
    assert (answer.status, answer.body) == (202, {"conversation_id": customer.id})

    async def gone() -> bool:
        left = await desk.database["messages"].count({"conversation": customer.id})
        return left == 0 and (await admin.get(f"/conversations/{customer.id}")).status == 404

    await eventually(gone)
    assert (await delete(admin, customer)).code == "not_found"
    (entry,) = (await admin.get("/audit", target=customer.id)).body["items"]
    assert (entry["action"], entry["by"]["id"]) == ("customer.deleted", (await admin.get("/me")).body["id"])
    assert customer.openid not in str(entry)
    assert (await lina.get("/me")).body["load"] == 0


async def test_a_deleted_customer_who_is_described_again_is_in_no_list(desk: House, boss: Caller) -> None:
    admin = await desk.agent(role="admin")
    customer = await desk.waiting(boss)
    assert (await delete(admin, customer)).status == 202

    async def gone() -> bool:
        return (await boss.get(f"/conversations/{customer.id}")).status == 404

    await eventually(gone)
    assert (await describe(boss, customer, {"name": "王女士"})).body["name"] == "王女士"
    assert (await boss.conversation(customer))["last_seq"] >= 1
    for view in ("all", "closed"):
        items = (await boss.get("/conversations", view=view, limit=200)).body["items"]
        assert customer.id not in {item["id"] for item in items}


async def test_deleting_who_is_not_there_is_not_found(desk: House) -> None:
    admin = await desk.agent(role="admin")
    assert (await delete(admin, Customer(desk.publisher))).code == "not_found"
