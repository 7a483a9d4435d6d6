from typing import Any

import pytest

from shared.conversation.model import Conversation, Handover
from shared.conversation.policy import Policy
from shared.store.conversations import Commit, ConversationStore
from shared.store.driver import Database
from shared.store.waiting_line import PIECE, WaitingLine
from tests.support.facts import Story, claimed, close, received

AGENTS_FIRST = Policy(entry="agents")


@pytest.fixture
def conversations(either_database: Database) -> ConversationStore:
    return ConversationStore(either_database)


def waiting(openid: str, **session: Any) -> Conversation:
    story = Story(AGENTS_FIRST, openid=openid)
    story.tell(received(openid=openid))
    current = story.conversation.session
    assert current is not None
    return story.conversation.but(session=current.but(**session))


async def test_only_who_waits_for_an_agent_is_in_line_with_what_assignment_asks(
    either_database: Database, conversations: ConversationStore
) -> None:
    served = Story().with_agent()
    ours = waiting("o2")
    others = [served.conversation, ours, waiting("o3", handover=Handover(number=1))]
    await conversations.commit([Commit(0, one, (), ()) for one in others])
    line = await WaitingLine(either_database).read()
    assert list(line) == [ours.id]
    assert (line[ours.id].session, line[ours.id].ledger) == (ours.session, ours.ledger)


async def test_the_line_is_as_long_as_it_is(either_database: Database, conversations: ConversationStore) -> None:
    many = [waiting(f"o{number}") for number in range(2 * PIECE + 1)]
    await conversations.commit([Commit(0, one, (), ()) for one in many])
    assert (await WaitingLine(either_database).read()).keys() == {one.id for one in many}


async def test_who_comes_goes_or_changes_is_seen_at_the_next_look(
    either_database: Database, conversations: ConversationStore
) -> None:
    line = WaitingLine(either_database)
    story = Story(AGENTS_FIRST)
    story.tell(received())
    await conversations.commit([Commit(0, story.conversation, (), ())])
    first = await line.read()
    assert [one.session for one in first.values()] == [story.conversation.session]
    again = await line.read()
    assert again[story.conversation.id] is first[story.conversation.id]
    story.tell(received(seconds=5))
    new = waiting("o2")
    await conversations.commit([Commit(1, story.conversation, (), ()), Commit(0, new, (), ())])
    assert {one.id: one.session for one in (await line.read()).values()} == {
        story.conversation.id: story.conversation.session,
        new.id: new.session,
    }
    story.tell(claimed(), close())
    await conversations.commit([Commit(2, story.conversation, (), ())])
    assert list(await line.read()) == [new.id]
