import asyncio
import random
from typing import Any

import pytest

from services.console.cursor import Cursor, read_cursor
from shared.conversation.content import Text
from shared.conversation.model import Delivery, MessageChange, Party
from shared.store.changes import Stamp
from shared.store.conversations import STAMP, Commit, ConversationStore, Entry
from shared.store.messages import MessageStore
from tests.console.house import VIP_APP, Caller, Customer, House
from tests.console.screen import Screen
from tests.support.waiting import eventually


@pytest.fixture
def screen(lina: Caller) -> Screen:
    return Screen(lina)


async def stored(caller: Caller, customer: Customer) -> list[Any]:
    return list((await caller.get(f"/conversations/{customer.id}/messages", limit=200)).body["items"])


async def shows(screen: Screen, caller: Caller, customer: Customer) -> None:
    """Wait until the screen shows the conversation and its history as they are stored."""

    async def same() -> bool:
        assert screen.of(customer) == await stored(caller, customer)
        assert screen.conversations.get(customer.id) == await caller.conversation(customer)
        return True

    await eventually(same, within_seconds=30)


async def test_what_happens_is_told_as_it_is_stored(desk: House, lina: Caller, screen: Screen) -> None:
    async with screen.ready():
        customer = await desk.held_by(lina)
        (sent,) = (await lina.say(customer, "您好")).body["items"]
        await customer.settle(sent, "sent")
        await eventually(lambda: (screen.delivery(sent) or {}).get("state") == "sent")
        await shows(screen, lina, customer)
    assert screen.resets == 0


async def test_on_an_unbroken_socket_nothing_is_told_twice(desk: House, lina: Caller, screen: Screen) -> None:
    async with screen.ready():
        customers = [await desk.waiting(lina) for _ in range(3)]
        for number in range(10):
            await asyncio.gather(*(customer.say(f"{number}") for customer in customers))
        for customer in customers:
            await shows(screen, lina, customer)
        await desk.hint_all(customers)
        marker = await desk.waiting(lina)
        await shows(screen, lina, marker)
    assert set(screen.told.values()) == {1}


async def test_what_happened_while_away_is_told_on_return(desk: House, lina: Caller, screen: Screen) -> None:
    async with screen.ready():
        customer = await desk.held_by(lina)
        await shows(screen, lina, customer)
    (sent,) = (await lina.say(customer, "离开时")).body["items"]
    other = await desk.waiting(lina)
    async with screen.ready():
        await shows(screen, lina, customer)
        await shows(screen, lina, other)
        assert screen.messages[sent["id"]] == sent
    assert screen.resets == 0


async def test_cut_again_and_again_nothing_is_lost(desk: House, lina: Caller, screen: Screen) -> None:
    chance = random.Random(7)
    customers = [Customer(desk.publisher) for _ in range(6)]
    await screen.glance(1)

    async def talk() -> None:
        for number in range(40):
            await asyncio.gather(*(customer.say(f"第 {number} 条") for customer in customers))

    talking = asyncio.create_task(talk())
    while not talking.done():
        await screen.glance(chance.randrange(1, 30))
    await talking
    async with screen.ready():
        for customer in customers:
            await shows(screen, lina, customer)
            assert [one["seq"] for one in screen.of(customer)] == list(range(1, len(screen.of(customer)) + 1))
            texts = [one["text"] for one in screen.of(customer) if one["direction"] == "inbound"]
            assert texts == [f"第 {number} 条" for number in range(40)]
    assert screen.resets == 0


async def test_a_change_that_no_hint_told_is_told_all_the_same(desk: House, lina: Caller, screen: Screen) -> None:
    customer = await desk.held_by(lina)
    (sent,) = (await lina.say(customer)).body["items"]
    async with screen.ready():
        change = {"$inc": {"version": 1}, "$set": {"tags": ["退货"]}, "$currentDate": STAMP}
        await desk.database["conversations"].update_one({"_id": customer.id}, change)
        delivery = Delivery(state="refused", at=sent["at"], code="45015")
        unheard = MessageChange(message_id=sent["id"], revision=sent["revision"] + 9, delivery=delivery)
        await MessageStore(desk.database).change([unheard])
        await eventually(lambda: screen.conversations.get(customer.id, {}).get("tags") == ["退货"])
        await eventually(lambda: (screen.delivery(sent) or {}).get("code") == "45015")


async def commit_only(desk: House, customer: Customer) -> str:
    """A router commits a reply and dies before it writes the message."""
    store = ConversationStore(desk.database)
    conversation = await store.get(customer.id)
    last = await MessageStore(desk.database).get(customer.id, 1)
    assert conversation
    assert last
    version, seq = conversation.version + 1, conversation.last_seq + 1
    sender, text = Party(kind="agent", id="x"), Text(text="提交了，还没有写入")
    changed = {"id": f"{customer.id}:c:x:0", "seq": seq, "revision": version, "direction": "outbound", "cause": "c:x"}
    message = last.model_copy(update={**changed, "sender": sender, "content": text, "msg_id": None})
    after = conversation.model_copy(update={"version": version, "last_seq": seq})
    entry = Entry(cause="c:x", version=version, messages=(message,))
    assert await store.commit([Commit(conversation.version, after, ("x",), (entry,))]) == []
    return message.id


async def test_a_message_committed_but_not_written_is_told_now_and_on_return(
    desk: House, lina: Caller, screen: Screen
) -> None:
    customer = await desk.held_by(lina)
    away = Screen(lina)
    async with away.ready():
        pass
    async with screen.ready():
        message = await commit_only(desk, customer)
        await eventually(lambda: message in screen.messages)
    async with away.ready():
        assert away.messages[message] == screen.messages[message]
        assert away.conversations[customer.id]["last_seq"] == away.messages[message]["seq"]


async def test_an_app_of_another_group_is_told_to_nobody_else(desk: House, lina: Caller, screen: Screen) -> None:
    vip = await desk.agent(groups=("vip",))
    theirs = Screen(vip)
    async with screen.ready(), theirs.ready():
        hidden = await desk.waiting(vip, VIP_APP)
        await shows(theirs, vip, hidden)
        marker = await desk.waiting(lina)
        await shows(screen, lina, marker)
    assert hidden.id not in screen.conversations
    async with screen.ready():
        assert screen.of(hidden) == []
    assert screen.resets == 0


@pytest.mark.parametrize("told", ["", "nonsense", "é", "A" * 5000, 7, {}])
async def test_a_cursor_that_is_none_resets(desk: House, lina: Caller, told: Any) -> None:
    async with lina.live() as socket:
        await socket.send_json({"type": "hello", "cursor": told})
        if isinstance(told, str):
            assert (await socket.receive_json(timeout=20)) == {"type": "reset"}
            assert (await socket.receive_json(timeout=20))["type"] == "ready"
        else:
            await socket.receive(timeout=20)
            assert socket.close_code == 1002


async def test_a_cursor_too_old_or_of_another_access_resets(desk: House, lina: Caller, screen: Screen) -> None:
    async with screen.ready():
        pass
    fresh = read_cursor(str(screen.cursor))
    old = Cursor(Stamp(fresh.at.seconds - 50_000, 0), fresh.mark)
    foreign = Cursor(fresh.at, "00" * 6)
    for number, cursor in enumerate((old, foreign), 1):
        screen.cursor = cursor.encode()
        async with screen.ready():
            assert screen.resets == number
    async with screen.ready():
        assert screen.resets == 2


async def test_a_deleted_customer_is_taken_from_every_screen(desk: House, lina: Caller, screen: Screen) -> None:
    customer = await desk.waiting(lina)
    away = Screen(lina)
    async with away.ready():
        pass
    async with screen.ready():
        await customer.vanish()
        await eventually(lambda: screen.resets == 1)
    away.messages.clear()
    async with away.ready():
        assert away.resets == 1
        assert away.of(customer) == []


async def test_a_page_that_asks_whether_we_are_there_is_told(screen: Screen) -> None:
    async with screen.ready() as socket:
        await socket.send_json({"type": "ping"})
        await eventually(lambda: {"type": "pong"} in screen.others)


async def test_presence_typing_and_viewing_are_told_to_others(desk: House, lina: Caller, screen: Screen) -> None:
    omar = await desk.agent()
    his = Screen(omar)
    customer = await desk.waiting(lina)
    me = (await omar.get("/me")).body
    about = {"conversation_id": customer.id, "agent_id": me["id"], "name": me["name"]}
    async with screen.ready(), his.ready() as socket:
        await socket.send_json({"type": "viewing", "conversation_id": customer.id})
        await socket.send_json({"type": "typing", "conversation_id": customer.id})
        await eventually(lambda: {"type": "viewing", **about} in screen.others)
        await eventually(lambda: {"type": "typing", **about} in screen.others)
        await omar.call("PATCH", "/me", {"presence": "offline"})
        here = {"type": "presence", "agent_id": me["id"], "name": me["name"], "presence": "offline"}
        await eventually(lambda: here in screen.others and here in his.others)
    assert his.said("typing") == his.said("viewing") == []


async def test_a_socket_may_say_what_it_likes_about_what_it_sees(desk: House, lina: Caller, screen: Screen) -> None:
    boss = await desk.agent(role="supervisor")
    watcher, hidden = Screen(boss), await desk.waiting(boss, VIP_APP)
    seen = await desk.waiting(lina)
    async with watcher.ready(), screen.ready() as socket:
        await socket.send_str("{")
        await socket.send_str("[]")
        await socket.send_bytes(b"\x00")
        await socket.send_json({"type": "typing"})
        await socket.send_json({"type": "shouting", "conversation_id": seen.id})
        await socket.send_json({"type": "typing", "conversation_id": hidden.id})
        await socket.send_json({"type": "typing", "conversation_id": seen.id})
        await eventually(lambda: watcher.said("typing"))
        assert [one["conversation_id"] for one in watcher.said("typing")] == [seen.id]
        assert screen.closed is None
