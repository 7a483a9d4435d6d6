from datetime import timedelta

import pytest

from shared.clock import real_now
from shared.conversation.model import Problem, Verdict
from shared.store.changes import Changes, Stamp
from shared.store.conversation_lists import ConversationLists
from shared.store.conversations import Commit, ConversationStore, Entry
from shared.store.driver import Database
from shared.store.history import History
from shared.store.messages import MessageStore
from shared.store.unsettled import Unsettled, UnsettledCommands
from tests.support.facts import CONVERSATION, NOON, Story, close, received


@pytest.fixture
def changes(either_database: Database) -> Changes:
    return Changes(either_database)


async def commit(database: Database, story: Story, *, written: bool = True) -> None:
    """The story's last decision, as the router commits it; `written` says whether it lived to write the messages."""
    decision = story.decisions[-1]
    entry = Entry(cause="c", version=story.conversation.version, messages=decision.messages, changes=decision.changes)
    since = story.conversation.version - 1
    assert await ConversationStore(database).commit([Commit(since, story.conversation, ("f",), (entry,))]) == []
    if written:
        await MessageStore(database).insert(decision.messages)


async def since(changes: Changes, stamp: Stamp, apps: list[str] | None = None) -> tuple[list[str], list[int]]:
    conversations = [one.conversation.id async for piece in changes.conversations_since(stamp, apps) for one in piece]
    messages = [one.seq async for piece in changes.messages_since(stamp, apps) for one in piece]
    return conversations, messages


async def test_what_changed_after_an_instant_is_found_and_nothing_before(
    either_database: Database, changes: Changes
) -> None:
    story, other = Story(), Story(openid="o2")
    story.tell(received())
    await commit(either_database, story)
    until = await changes.now()
    other.tell(received(openid="o2"))
    await commit(either_database, other)
    late = Stamp(until.seconds, until.counter + 1)
    assert (await since(changes, late))[0] == [other.conversation.id]
    assert await since(changes, until.earlier(60), ["wx-other"]) == ([], [])
    whole, _ = await since(changes, until.earlier(60))
    assert whole == [CONVERSATION, other.conversation.id]


async def test_every_change_before_now_is_seen_by_a_read_after_it(either_database: Database, changes: Changes) -> None:
    story = Story()
    before = await changes.now()
    for number in range(5):
        story.tell(received(f"{number}"))
        await commit(either_database, story)
        now = await changes.now()
        touched = await changes.touched_conversations(before, 10)
        assert [one.revision for one in touched] == [story.conversation.version]
        assert now > before


async def test_a_long_answer_comes_in_pieces(either_database: Database, changes: Changes) -> None:
    story = Story()
    story.tell(received())
    first = story.decisions[-1].messages[0]
    many = [first.model_copy(update={"id": f"m{seq}", "seq": seq, "msg_id": None}) for seq in range(1, 1202)]
    before = await changes.now()
    await MessageStore(either_database).insert(many)
    pieces = [piece async for piece in changes.messages_since(before, None)]
    assert len(pieces) >= 3
    assert [one.seq for piece in pieces for one in piece] == list(range(1, 1202))
    assert len(await changes.touched_messages(before, 100)) == 100
    assert len(await changes.messages(f"m{seq}" for seq in range(1, 1202))) == 1201


async def test_what_is_only_committed_stands_in_the_history(either_database: Database, changes: Changes) -> None:
    story = Story()
    story.tell(received("一"))
    await commit(either_database, story)
    story.tell(received("二"))
    await commit(either_database, story, written=False)
    page = await History(either_database).page(CONVERSATION)
    last = story.conversation.last_seq
    assert [one.seq for one in page.messages] == list(range(1, last + 1))
    assert page.last_seq == last
    (standing,) = await changes.conversations([CONVERSATION], pending=True)
    assert [one.seq for entry in standing.pending for one in entry.messages][-1] == last
    (lean,) = await changes.conversations([CONVERSATION])
    assert lean.pending == ()


async def test_a_command_is_remembered_until_it_is_settled_and_told_after(
    either_database: Database, changes: Changes
) -> None:
    commands = UnsettledCommands(either_database)
    await commands.note(Unsettled("c1", "lina", CONVERSATION))
    await commands.note(Unsettled("c1", "lina", CONVERSATION))
    await commands.note(Unsettled("c2", "omar", CONVERSATION), real_now() - timedelta(minutes=1))
    assert [one.command_id for one in await commands.unsettled()] == ["c1", "c2"]
    verdict = Verdict(command_id="c1", digest="d", at=NOON, problem=Problem(code="taken", detail="x"))
    before = await changes.now()
    await commands.settle("c1", verdict)
    await commands.settle("c1", verdict.model_copy(update={"problem": None}))
    assert [one.command_id for one in await commands.unsettled()] == ["c2"]
    (settled,) = await commands.settled_since(before, ["lina", "omar"])
    assert settled.verdict == verdict
    assert await commands.settled_since(before, ["omar"]) == []


async def test_a_verdict_is_read_alone(either_database: Database) -> None:
    lists = ConversationLists(either_database)
    decided = Story().with_agent()
    decided.tell(close(key="k1"))
    await ConversationStore(either_database).commit([Commit(0, decided.conversation, (), ())])
    found = await lists.verdict(CONVERSATION, "k1")
    assert found == decided.conversation.verdict_on("k1")
    assert await lists.verdict(CONVERSATION, "k2") is None
