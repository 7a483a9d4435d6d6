"""Searching through the console: what agents find, in which apps, page by page."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from shared.clock import real_now
from shared.conversation.content import Card, Link
from tests.console.house import VIP_APP, Caller, Customer, House
from tests.support.waiting import eventually

_numbers = itertools.count(1)


def rare() -> str:
    """Two characters that no other test writes."""
    number = next(_numbers)
    return chr(0x5000 + number) + chr(0x6000 + number)


async def search(caller: Caller, q: str, **more: Any) -> Any:
    answer = await caller.get("/search/messages", q=q, **more)
    assert answer.status == 200, answer.body
    return answer.body


async def found(caller: Caller, q: str, **more: Any) -> list[str]:
    return [hit["message"]["text"] for hit in (await search(caller, q, **more))["items"]]


async def comes_to(caller: Caller, q: str, texts: list[str], **more: Any) -> None:
    """What is said is found within a moment: the index follows the history."""

    async def same() -> bool:
        return await found(caller, q, **more) == texts

    await eventually(same)


async def test_what_customers_and_agents_said_is_found_with_its_conversation(desk: House, lina: Caller) -> None:
    word = rare()
    customer = await desk.held_by(lina)
    await customer.say(f"{word}什么时候发货")
    await lina.say(customer, f"您的{word}明天发")
    await comes_to(lina, word, [f"您的{word}明天发", f"{word}什么时候发货"])
    page = await search(lina, word)
    assert page["next"] is None
    shown = await lina.conversation(customer)
    assert [hit["conversation"] for hit in page["items"]] == [shown, shown]
    history = (await lina.get(f"/conversations/{customer.id}/messages")).body["items"]
    assert [hit["message"] for hit in page["items"]] == [history[-1], history[-2]]
    me = (await lina.get("/me")).body
    assert await found(lina, word, agent=me["id"]) == [f"您的{word}明天发"]


async def test_cards_and_links_are_found_by_their_titles(desk: House, lina: Caller) -> None:
    word = rare()
    customer = Customer(desk.publisher)
    await customer.say(content=Card(title=f"{word}新品", path="pages/x"))
    await customer.say(content=Link(title="说明", description=f"如何{word}", url="https://example.com"))

    async def both() -> bool:
        return [hit["message"]["type"] for hit in (await search(lina, word))["items"]] == ["link", "card"]

    await eventually(both)


async def test_an_agent_finds_nothing_of_other_peoples_apps(desk: House, lina: Caller) -> None:
    word = rare()
    mine, theirs = Customer(desk.publisher), Customer(desk.publisher, VIP_APP)
    await mine.say(f"{word}一")
    await theirs.say(f"{word}二")
    boss = await desk.agent(role="supervisor")
    vera = await desk.agent(groups=("vip",))
    for caller in (boss, vera):
        await comes_to(caller, word, [f"{word}二", f"{word}一"])
    assert await found(lina, word) == [f"{word}一"]
    assert await found(vera, word, app=VIP_APP) == [f"{word}二"]
    assert await found(vera, word, conversation=mine.id) == [f"{word}一"]
    for asked in ({"app": VIP_APP}, {"conversation": theirs.id}, {"conversation": "nonesuch"}):
        assert (await lina.get("/search/messages", q=word, **asked)).code == "not_found"
        assert (await lina.get("/search/messages", q=word[0], **asked)).code == "not_found"
    assert (await desk.stranger().get("/search/messages", q=word)).code == "login_required"


async def test_pages_follow_each_other(desk: House, lina: Caller) -> None:
    word = rare()
    customer = Customer(desk.publisher)
    for number in range(5):
        await customer.say(f"{word}{number}")
    await comes_to(lina, word, [f"{word}{number}" for number in (4, 3, 2, 1, 0)])
    for query in (word, word[0]):
        first = await search(lina, query, limit=3)
        second = await search(lina, query, limit=3, cursor=first["next"])
        told = [hit["message"]["text"] for page in (first, second) for hit in page["items"]]
        assert told == [f"{word}{number}" for number in (4, 3, 2, 1, 0)]
        assert second["next"] is None


async def test_only_of_a_time(desk: House, lina: Caller) -> None:
    word = rare()
    await Customer(desk.publisher).say(word)
    await comes_to(lina, word, [word])
    hour = timedelta(hours=1)
    assert await found(lina, word, **{"from": (real_now() - hour).isoformat()}) == [word]
    assert await found(lina, word, **{"from": (real_now() + hour).isoformat()}) == []
    assert await found(lina, word, to=(real_now() - hour).isoformat()) == []


async def test_a_changed_message_is_found_by_its_new_words(desk: House, lina: Caller) -> None:
    before, after = rare(), rare()
    customer = Customer(desk.publisher)
    await customer.say(before)
    await comes_to(lina, before, [before])
    hit = (await search(lina, before))["items"][0]["message"]
    await desk.database["messages"].update_one(
        {"_id": hit["id"]},
        {
            "$set": {"content.text": after, "revision": hit["revision"] + 1},
            "$currentDate": {"changed_at": {"$type": "timestamp"}},
        },
    )
    await comes_to(lina, after, [after])
    assert await found(lina, before) == []


async def test_a_forgotten_customer_is_not_found_again(desk: House, lina: Caller) -> None:
    word = rare()
    customer, other = Customer(desk.publisher), Customer(desk.publisher)
    await customer.say(f"{word}甲")
    await other.say(f"{word}乙")
    await comes_to(lina, word, [f"{word}乙", f"{word}甲"])
    await customer.vanish()
    await comes_to(lina, word, [f"{word}乙"])

    async def nothing_left() -> bool:
        return await desk.database["search"].count({"conversation": customer.id}) == 0

    await eventually(nothing_left)
    assert (await lina.get("/search/messages", q=word, conversation=customer.id)).code == "not_found"


async def test_what_only_a_late_hand_indexes_of_a_forgotten_customer_is_never_shown(desk: House, lina: Caller) -> None:
    word = rare()
    customer = Customer(desk.publisher)
    await customer.say(word)
    await comes_to(lina, word, [word])
    posting = await desk.database["search"].find_one({"conversation": customer.id})
    assert posting is not None
    await customer.vanish()
    await comes_to(lina, word, [])
    await desk.database["search"].update_one({"_id": posting["_id"]}, {"$set": posting}, upsert=True)
    assert await found(lina, word) == []


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"q": ""},
        {"q": " \u3000 "},
        {"q": "字" * 101},
        {"q": "字", "limit": 0},
        {"q": "字", "limit": 101},
        {"q": "字", "cursor": "nothing"},
        {"q": "字", "cursor": "0"},
        {"q": "字", "cursor": "-1"},
        {"q": "字", "from": "2026-11-22T00:00:00"},
        {"q": "字", "begin": "2026-11-22T00:00:00Z"},
        {"q": "字", "other": "x"},
    ],
)
async def test_what_cannot_be_meant_is_refused(lina: Caller, asked: dict[str, Any]) -> None:
    assert (await lina.get("/search/messages", **asked)).code == "invalid"


async def test_customers_are_found_by_name_tag_and_openid(desk: House, lina: Caller) -> None:
    name, tag = rare(), rare()
    mine, theirs = Customer(desk.publisher), Customer(desk.publisher, VIP_APP)
    for customer in (mine, theirs):
        await customer.say()
    boss = await desk.agent(role="supervisor")
    for customer in (mine, theirs):
        body = {"name": f"{name}先生"}
        path = f"/apps/{customer.app_id}/customers/{customer.openid}"
        assert (await boss.call("PUT", path, body)).status == 200
        tags = {"tags": [tag]}

        async def tagged(customer: Customer = customer, tags: Any = tags) -> bool:
            return (await boss.call("PUT", f"/conversations/{customer.id}/tags", tags)).status == 200

        await eventually(tagged)
    for query in (name, tag, f"{name}先", mine.openid):
        answer = await lina.get("/search/customers", q=query)
        assert [one["id"] for one in answer.body["items"]] == [mine.id]
        assert answer.body["next"] is None
    everyone = (await boss.get("/search/customers", q=tag)).body["items"]
    assert [one["id"] for one in everyone] == [theirs.id, mine.id]
    assert (await boss.get("/search/customers", q=tag, app=VIP_APP)).body["items"] == everyone[:1]
    assert (await lina.get("/search/customers", q=tag, app=VIP_APP)).code == "not_found"


async def test_a_hit_shows_the_delivery_as_it_is_now(desk: House, lina: Caller) -> None:
    word = rare()
    customer = await desk.held_by(lina)
    answer = await lina.say(customer, word)
    await comes_to(lina, word, [word])
    (sent,) = answer.body["items"]
    await customer.settle(sent, "sent")

    async def settled() -> bool:
        (hit,) = (await search(lina, word))["items"]
        return bool(hit["message"]["delivery"]["state"] == "sent")

    await eventually(settled)
