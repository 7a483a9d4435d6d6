import pytest

from shared.conversation.content import Image, Note, Text
from shared.conversation.model import Conversation, Delivery, DeliveryState, MessageChange
from shared.store.conversations import Commit, ConversationStore, Entry
from shared.store.driver import Database
from shared.store.history import History
from shared.store.messages import MessageStore, SeqTaken
from tests.support.facts import APP, CONVERSATION, NOON, message


@pytest.fixture
def messages(either_database: Database) -> MessageStore:
    return MessageStore(either_database)


def delivered(seq: int, state: DeliveryState, revision: int) -> MessageChange:
    delivery = Delivery(state=state, at=NOON)
    return MessageChange(message_id=f"{CONVERSATION}:m:{seq}:0", revision=revision, delivery=delivery)


async def state_of(messages: MessageStore, seq: int) -> str | None:
    found = await messages.get(CONVERSATION, seq)
    return found.delivery.state if found and found.delivery else None


async def test_an_insert_never_overwrites(messages: MessageStore) -> None:
    await messages.insert([message(1, text="原文")])
    await messages.insert([message(1, text="改了"), message(2)])
    stored = await messages.page(CONVERSATION)
    assert [m.content for m in stored] == [Text(text="原文"), Text(text="你好")]


async def test_two_messages_for_one_place_are_an_alarm(messages: MessageStore) -> None:
    await messages.insert([message(1)])
    with pytest.raises(SeqTaken):
        await messages.insert([message(1, id="another")])


async def test_a_change_counts_only_with_a_newer_revision(messages: MessageStore) -> None:
    await messages.insert([message(1, state="sending")])
    await messages.change([delivered(1, "unknown", revision=5)])
    await messages.change([delivered(1, "sent", revision=4)])
    assert await state_of(messages, 1) == "unknown"
    await messages.change([delivered(1, "sent", revision=6)])
    assert await state_of(messages, 1) == "sent"


async def test_a_late_unknown_does_not_hide_what_is_known(messages: MessageStore) -> None:
    await messages.insert([message(1, state="sending")])
    await messages.change([delivered(1, "sent", revision=5), delivered(1, "unknown", revision=6)])
    assert await state_of(messages, 1) == "sent"


async def test_content_that_became_known_replaces_what_was_there(messages: MessageStore) -> None:
    await messages.insert([message(1)])
    image = Image(media_id="x", width=640, height=480)
    change = MessageChange(message_id=f"{CONVERSATION}:m:1:0", revision=9, content=image)
    await messages.change([change])
    found = await messages.get(CONVERSATION, 1)
    assert found is not None
    assert (found.content, found.revision) == (image, 9)


async def test_a_mark_stands_beside_the_delivery(messages: MessageStore) -> None:
    await messages.insert([message(1, state="sending")])
    await messages.change([delivered(1, "unknown", revision=5)])
    await messages.change([MessageChange(message_id=f"{CONVERSATION}:m:1:0", revision=6, mark="sent:Lina")])
    found = await messages.get(CONVERSATION, 1)
    assert found is not None
    assert found.delivery is not None
    assert (found.delivery.state, found.delivery.mark) == ("unknown", "sent:Lina")


async def test_inserts_and_changes_are_stamped_by_the_servers_clock_in_order(
    messages: MessageStore, either_database: Database
) -> None:
    await messages.insert([message(1, state="sending"), message(2)])
    await messages.change([delivered(1, "sent", revision=5)])
    docs = await either_database["messages"].find({}, sort=[("changed_at", 1)])
    assert [doc["seq"] for doc in docs] == [2, 1]
    assert all(doc["changed_at"].time > 0 for doc in docs)


async def test_pages_go_both_ways(messages: MessageStore) -> None:
    await messages.insert([message(seq) for seq in range(1, 11)])
    assert [m.seq for m in await messages.page(CONVERSATION, limit=3)] == [8, 9, 10]
    assert [m.seq for m in await messages.page(CONVERSATION, before_seq=4, limit=2)] == [2, 3]
    assert [m.seq for m in await messages.page(CONVERSATION, after_seq=7, limit=2)] == [8, 9]


async def test_which_of_these_are_there(messages: MessageStore) -> None:
    await messages.insert([message(1)])
    assert await messages.existing([f"{CONVERSATION}:m:1:0", f"{CONVERSATION}:m:2:0"]) == {f"{CONVERSATION}:m:1:0"}


async def test_notes_are_found_among_everything_else_newest_first(
    messages: MessageStore, either_database: Database
) -> None:
    said = [message(seq, content=(Note if seq % 3 == 0 else Text)(text=f"{seq}")) for seq in range(1, 13)]
    await messages.insert(said)
    assert [note.seq for note in await messages.notes(CONVERSATION, 3)] == [12, 9, 6]
    assert await messages.notes("another", 3) == []
    history = History(either_database)
    assert [note.seq for note in await history.notes(CONVERSATION, 2)] == [12, 9]


async def test_a_note_that_is_committed_and_not_written_yet_is_among_the_notes(
    messages: MessageStore, either_database: Database
) -> None:
    await messages.insert([message(1), message(2, content=Note(text="写了"))])
    pending = Entry(cause="m:3", version=3, messages=(message(3, content=Note(text="还没写")),))
    conversation = Conversation(id=CONVERSATION, app_id=APP, openid="o1", version=3, last_seq=3)
    await ConversationStore(either_database).commit([Commit(0, conversation, ("f3",), (pending,))])
    history = History(either_database)
    assert [note.seq for note in await history.notes(CONVERSATION, 10)] == [3, 2]
    assert [note.seq for note in await history.notes(CONVERSATION, 1)] == [3]
