"""A restored database: what was under way is unknown, what was decided is in the history, nothing is to be sent."""

from datetime import timedelta
from typing import Any

import pytest

from shared.bus.topology import Topology
from shared.clock import real_now
from shared.contracts import vendor_lane
from shared.conversation.commands import EraseCustomer, SendMessage
from shared.conversation.content import Text
from shared.conversation.model import Conversation, Held, Message
from shared.store.backup.under_way import CODE, UnderWay
from shared.store.conversations import Commit, ConversationStore, Entry
from shared.store.driver import Database
from shared.store.messages import MessageStore
from shared.store.sends import Attempt, Begin, Called, SendStore, Settlement, StoredSend
from shared.store.topology import agree_on_topology, hold_publishing, publishing_held
from tests.support.facts import APP, CONVERSATION, NOON, OPENID, Story, message, reply

NOW = real_now().replace(microsecond=0)


async def told(database: Database, send: str) -> StoredSend:
    row = await SendStore(database).get(send)
    assert row is not None
    return row


async def delivery(database: Database, name: str) -> str:
    found = await MessageStore(database).by_id(name)
    assert found is not None
    assert found.delivery is not None
    return found.delivery.state


def row(name: str, **fields: Any) -> StoredSend:
    more = {"expires_at": NOW + timedelta(hours=1), "trace_id": "t", "place": (1, 0)}
    return StoredSend(id=name, conversation=CONVERSATION, app_id=APP, **{**more, **fields})


def command(name: str) -> SendMessage:
    return SendMessage(
        conversation_id=CONVERSATION,
        app_id=APP,
        trace_id="t",
        send_id=name,
        openid=OPENID,
        content=Text(text="您好"),
        place=(1, 0),
        expires_at=NOW + timedelta(hours=1),
    )


async def settle(database: Database) -> int:
    return (await UnderWay(database, NOW).settle()).unknown


def is_unknown(stored: StoredSend) -> bool:
    """Settled so, and to be told by whoever looks next."""
    settled = stored.settlement
    return (
        stored.state == "settled"
        and stored.due_at == NOW
        and settled is not None
        and (settled.outcome, settled.code) == ("unknown", CODE)
        and stored.command is None
    )


async def test_what_a_decision_still_had_to_do_is_done_but_nothing_is_sent(database: Database) -> None:
    """As if the router had died between its commit and what follows from it."""
    story = Story().with_agent()
    before = story.conversation
    decision = story.tell(reply("您好"))
    entry = Entry(
        cause="c", version=decision.conversation.version, messages=decision.messages, commands=decision.commands
    )
    await ConversationStore(database).commit([Commit(0, decision.conversation, ("c",), (entry,))])
    assert before.last_seq < decision.conversation.last_seq
    assert await settle(database) == 1
    (ours,) = [one for one in decision.messages if one.direction == "outbound"]
    stored = await told(database, ours.id)
    assert is_unknown(stored)
    assert stored.place == next(one.place for one in decision.commands if isinstance(one, SendMessage))
    loaded = (await ConversationStore(database).load([CONVERSATION]))[CONVERSATION]
    assert loaded.pending == {}
    assert loaded.conversation.last_seq == decision.conversation.last_seq
    assert await MessageStore(database).existing([one.id for one in decision.messages]) == {
        one.id for one in decision.messages
    }


async def test_who_was_to_be_erased_is(database: Database) -> None:
    await MessageStore(database).insert([message(1), message(2)])
    erase = EraseCustomer(conversation_id=CONVERSATION, app_id=APP, trace_id="t", last_seq=2)
    conversation = Conversation(id=CONVERSATION, app_id=APP, openid=OPENID, version=1)
    entry = Entry(cause="e", version=1, commands=(erase,))
    await ConversationStore(database).commit([Commit(0, conversation, ("e",), (entry,))])
    await settle(database)
    assert await database["messages"].count({}) == 0


async def test_what_was_held_leaves_no_more_by_itself(database: Database) -> None:
    held = message(1, state="held")
    await MessageStore(database).insert([held])
    kept = Held(message_id=held.id, content=Text(text="您好"))
    conversation = Conversation(id=CONVERSATION, app_id=APP, openid=OPENID, version=1, last_seq=1, held=(kept,))
    await ConversationStore(database).commit([Commit(0, conversation, ("h",), ())])
    assert await settle(database) == 1
    assert await delivery(database, held.id) == "unknown"
    loaded = await ConversationStore(database).get(CONVERSATION)
    assert loaded is not None
    assert loaded.held == ()


async def test_sends_that_waited_are_unknown(database: Database) -> None:
    waiting = row("s1", state="deferred", due_at=NOON, why="gate", command=command("s1"))
    await SendStore(database).write([Begin(waiting)])
    await MessageStore(database).insert([message(1, state="sending", id="s1")])
    assert await settle(database) == 1
    assert is_unknown(await told(database, "s1"))


async def test_a_message_whose_command_was_in_a_queue_is_unknown(database: Database) -> None:
    await MessageStore(database).insert([message(1, state="sending"), message(2, state="sent"), message(3)])
    assert await settle(database) == 1
    assert await database["sends"].count({}) == 1
    lost = await told(database, message(1).id)
    assert is_unknown(lost)
    assert lost.lane is None


async def test_an_attempt_under_way_ends_by_its_own_deadline(database: Database) -> None:
    attempt = Attempt(id="a", at=NOON, deadline=NOON)
    started = row("s1", state="started", due_at=NOON, attempt=attempt)
    await SendStore(database).write([Begin(started)])
    await MessageStore(database).insert([message(1, state="sending", id="s1")])
    await settle(database)
    assert await told(database, "s1") == started


async def test_an_outcome_that_was_not_heard_is_told_again(database: Database) -> None:
    sent = row("s1", state="settled", settlement=Settlement(outcome="sent", at=NOON))
    heard = row("s2", state="settled", settlement=Settlement(outcome="sent", at=NOON))
    await SendStore(database).write([Begin(sent), Begin(heard)])
    shown = [message(1, state="sending", id="s1"), message(2, state="sent", id="s2")]
    await MessageStore(database).insert(shown)
    assert await settle(database) == 0
    assert await told(database, "s1") == sent.but(due_at=NOW)
    assert await told(database, "s2") == heard


def relayed(seq: int) -> Message:
    return message(seq, state="sending", id=f"m{seq}", direction="inbound")


async def test_what_was_on_its_way_to_a_vendor_is_unknown_too(database: Database) -> None:
    called = Called(vendor="qiyu", account="q", call="relay", bridging=1, message_id="m1")
    heard = called.but(message_id="m2")
    settlement = Settlement(outcome="sent", at=NOON)
    rows = [
        row("c1", state="deferred", due_at=NOON, why="unavailable", called=called),
        row("c2", state="settled", settlement=settlement, called=heard, place=(2, 0)),
    ]
    await SendStore(database).write([Begin(one) for one in rows])
    await MessageStore(database).insert([relayed(1), relayed(2), relayed(3)])
    assert await settle(database) == 2
    stored = await told(database, "c1")
    assert is_unknown(stored)
    assert stored.lane == vendor_lane("qiyu", "q")
    assert (await told(database, "c2")).due_at == NOW
    assert [await delivery(database, name) for name in ("m1", "m2", "m3")] == ["sending", "sending", "unknown"]


@pytest.mark.parametrize("times", [1, 2])
async def test_again_it_comes_to_the_same(database: Database, times: int) -> None:
    await MessageStore(database).insert([message(1, state="sending")])
    for _ in range(times):
        await UnderWay(database, NOW).settle()
    assert is_unknown(await told(database, message(1).id))
    assert await database["sends"].count({}) == 1


async def test_a_change_of_the_topology_that_had_begun_is_called_off(database: Database) -> None:
    await agree_on_topology(database, Topology())
    await hold_publishing(database, NOW)
    await settle(database)
    assert await publishing_held(database) == (Topology(), None)
