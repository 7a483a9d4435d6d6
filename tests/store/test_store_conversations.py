import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shared.conversation.model import COMMITS_KEPT, Conversation
from shared.store.conversations import Commit, ConversationStore, Entry
from shared.store.driver import Database
from tests.support.facts import CONVERSATION, NOON, Story, at, claimed, deleted, described, received


@pytest.fixture
def conversations(either_database: Database) -> ConversationStore:
    return ConversationStore(either_database)


def commit_of(story: Story, since: int = 0, name: str = "f1") -> Commit:
    decision = story.decisions[-1]
    entry = Entry(
        cause=name,
        version=decision.conversation.version,
        messages=decision.messages,
        changes=decision.changes,
        commands=decision.commands,
    )
    return Commit(since, decision.conversation, (name,), (entry,))


async def test_what_was_committed_is_what_is_loaded(conversations: ConversationStore) -> None:
    story = Story().with_agent()
    commit = commit_of(story)
    assert await conversations.commit([commit]) == []
    loaded = (await conversations.load([CONVERSATION]))[CONVERSATION]
    assert loaded.conversation == story.conversation.but(commits=(("f1",),))
    assert loaded.pending == {"f1": commit.entries[0]}


async def test_the_loser_of_a_race_is_named_and_writes_nothing(conversations: ConversationStore) -> None:
    story, other = Story(), Story(openid="o2")
    story.tell(received("先"))
    other.tell(received("x", openid="o2"))
    await conversations.commit([commit_of(story)])
    late = Story()
    late.tell(received("后"))
    assert await conversations.commit([commit_of(other), commit_of(late, since=0)]) == [1]
    assert await conversations.get(other.conversation.id) is not None
    stored = await conversations.get(CONVERSATION)
    assert stored is not None
    assert stored.preview == story.conversation.preview


async def test_only_the_last_commits_are_remembered(conversations: ConversationStore) -> None:
    story = Story()
    for number in range(COMMITS_KEPT + 2):
        story.tell(received(f"{number}"))
        stored = await conversations.get(CONVERSATION)
        story.conversation = story.conversation.but(commits=stored.commits if stored else ())
        commit = commit_of(story, since=number, name=f"f{number}")
        await conversations.commit([Commit(number, story.conversation, commit.facts, ())])
    stored = await conversations.get(CONVERSATION)
    assert stored is not None
    assert stored.commits == (("f2",), ("f3",), ("f4",), ("f5",))


async def test_a_commit_leaves_alone_what_others_keep_in_the_document(
    conversations: ConversationStore, either_database: Database
) -> None:
    story = Story()
    story.tell(received())
    await conversations.commit([commit_of(story)])
    await either_database["conversations"].update_one({"_id": CONVERSATION}, {"$set": {"timer": {"until": NOON}}})
    story.tell(received())
    await conversations.commit([commit_of(story, since=1)])
    doc = await either_database["conversations"].find_one({"_id": CONVERSATION})
    assert doc is not None
    assert doc["timer"] == {"until": NOON}


async def test_every_commit_is_stamped_by_the_servers_clock(
    conversations: ConversationStore, either_database: Database
) -> None:
    stamps = []
    story = Story()
    for since in range(3):
        story.tell(received())
        await conversations.commit([commit_of(story, since)])
        doc = await either_database["conversations"].find_one({"_id": CONVERSATION})
        assert doc is not None
        stamps.append(doc["changed_at"])
    assert stamps == sorted(set(stamps))


async def test_a_due_timer_is_claimed_by_one(conversations: ConversationStore) -> None:
    story = Story()
    story.tell(received())
    await conversations.commit([commit_of(story)])
    due_at = story.conversation.due_at
    assert due_at is not None
    assert await conversations.claim_due(due_at - timedelta(seconds=1)) == []
    claims = await asyncio.gather(*(conversations.claim_due(due_at) for _ in range(4)))
    assert sum(len(claim) for claim in claims) == 1
    await conversations.release_timer(CONVERSATION, due_at)
    assert len(await conversations.claim_due(due_at)) == 1


async def test_a_new_due_time_is_free_whoever_claimed_the_old_one(conversations: ConversationStore) -> None:
    story = Story()
    story.tell(received())
    await conversations.commit([commit_of(story)])
    assert len(await conversations.claim_due(at(86_400))) == 1
    story.tell(claimed(command="k"))
    await conversations.commit([commit_of(story, since=1)])
    assert len(await conversations.claim_due(at(300_000))) == 1


async def test_timers_already_claimed_do_not_stand_in_the_way_of_others(conversations: ConversationStore) -> None:
    for openid, seconds in (("o1", 0.0), ("o2", 5.0)):
        story = Story(openid=openid)
        story.tell(received(openid=openid, seconds=seconds))
        await conversations.commit([Commit(0, story.conversation, (), ())])
    first = await conversations.claim_due(at(86_400), limit=1)
    second = await conversations.claim_due(at(86_400), limit=1)
    assert len({timer.conversation_id for timer in (*first, *second)}) == 2


async def test_what_is_quiet_for_longest_comes_first_and_the_deleted_not_at_all(
    conversations: ConversationStore,
) -> None:
    def one(name: str, **fields: Any) -> Conversation:
        given = {"app_id": "wx1", "version": 1, "updated_at": NOON, **fields}
        return Conversation(id=name, openid=name, **given)

    kept = [
        one("new", updated_at=at(100)),
        one("old", updated_at=at(-50)),
        one("older", updated_at=at(-60), described_at=at(500)),
        one("elsewhere", app_id="wx2", updated_at=at(-70)),
        one("gone", updated_at=None, deleted_at=at(-1), erased_at=at(-1)),
        one("just_at", updated_at=at(0)),
        one("described", updated_at=None, described_at=at(-90)),
        one("described_late", updated_at=None, described_at=at(90)),
        one("nothing", updated_at=None),
    ]
    await conversations.commit([Commit(0, conversation, (), ()) for conversation in kept])
    found = await conversations.quiet("wx1", at(0), limit=10)
    assert [(quiet.conversation_id, quiet.at) for quiet in found] == [
        ("older", at(-60)),
        ("old", at(-50)),
        ("described", at(-90)),
    ]
    assert [quiet.conversation_id for quiet in await conversations.quiet("wx1", at(0), limit=1)] == ["older"]


async def test_a_described_customer_is_what_was_committed(conversations: ConversationStore) -> None:
    story = Story()
    story.tell(described("王女士", fields={"会员": "金"}, seconds=1.25), deleted(seconds=2), described("新", seconds=3))
    await conversations.commit([commit_of(story)])
    stored = await conversations.get(CONVERSATION)
    assert stored is not None
    assert stored == story.conversation.but(commits=(("f1",),))
