from datetime import timedelta
from typing import Any

import pytest

from shared.conversation.content import Text
from shared.conversation.model import Conversation, Held, Party, Session, SessionState
from shared.store.conversation_lists import COUNTED_AT_MOST, ConversationLists, Place, View
from shared.store.conversations import Commit, ConversationStore
from shared.store.driver import Database
from tests.support.facts import NOON, at


def conversation(name: str, state: SessionState, *, app: str = "wx1", minute: int = 0, agent: str = "lina") -> Any:
    since = NOON + timedelta(minutes=minute)
    responder = Party(kind="agent", id=agent) if state == "agent" else None
    waiting = since if state == "waiting" else None
    session = Session(
        number=1, state=state, opened_at=since, active_at=since, responder=responder, waiting_since=waiting
    )
    return Conversation(id=name, app_id=app, openid=name, version=1, updated_at=since, session=session)


@pytest.fixture
async def lists(either_database: Database) -> ConversationLists:
    kept = [
        conversation("w2", "waiting", minute=2),
        conversation("w1", "waiting", minute=1),
        conversation("w3", "waiting", minute=3, app="wx2"),
        conversation("m1", "agent", minute=4),
        conversation("o1", "agent", minute=5, agent="omar"),
        conversation("c1", "closed", minute=6),
        conversation("b1", "bot", minute=7),
        conversation("gone", "closed", minute=8).model_copy(update={"deleted_at": NOON}),
        conversation("described_again", "closed", minute=9).model_copy(update={"updated_at": None}),
    ]
    await ConversationStore(either_database).commit([Commit(0, one, (), ()) for one in kept])
    return ConversationLists(either_database)


async def page(lists: ConversationLists, view: View, apps: Any = None, **more: Any) -> list[str]:
    conversations, _ = await lists.page(view, "lina", apps, after=more.pop("after", None), limit=50, **more)
    return [one.id for one in conversations]


@pytest.mark.parametrize(
    ("view", "shown"),
    [
        ("waiting", ["w1", "w2", "w3"]),
        ("mine", ["m1"]),
        ("closed", ["c1"]),
        ("all", ["b1", "c1", "o1", "m1", "w3", "w2", "w1"]),
    ],
)
async def test_each_view_in_its_order(lists: ConversationLists, view: View, shown: list[str]) -> None:
    assert await page(lists, view) == shown
    assert await page(lists, view, ["wx2"]) == [name for name in shown if name == "w3"]
    assert await page(lists, view, []) == []


@pytest.mark.parametrize("view", ["waiting", "all"])
async def test_pages_meet_without_gap_or_overlap(lists: ConversationLists, view: View) -> None:
    whole, paged, after = await page(lists, view), [], None
    while True:
        conversations, after = await lists.page(view, "lina", None, after=after, limit=2)
        paged += [one.id for one in conversations]
        if after is None:
            break
    assert paged == whole


async def test_those_of_one_instant_are_told_apart_by_id(either_database: Database, lists: ConversationLists) -> None:
    same = [conversation(f"s{number}", "bot", minute=9) for number in range(4)]
    await ConversationStore(either_database).commit([Commit(0, one, (), ()) for one in same])
    first, after = await lists.page("all", "lina", None, after=None, limit=2)
    assert after == Place(same[0].updated_at, "s2")
    second, _ = await lists.page("all", "lina", None, after=after, limit=2)
    assert [one.id for one in (*first, *second)] == ["s3", "s2", "s1", "s0"]


async def test_what_needs_attention_comes_the_longest_first_and_who_is_sent_to_wechat_waits_no_more(
    lists: ConversationLists, either_database: Database
) -> None:
    waiting, _ = await lists.page("waiting", "lina", None, after=None, limit=10)
    names = [conversation.id for conversation in waiting]
    for name, seconds in zip(names, (5, 1, 3), strict=True):
        attention = {"why": "answer_late", "since": at(seconds)}
        await either_database["conversations"].update_one({"_id": name}, {"$set": {"session.attention": attention}})
    first, place = await lists.page("attention", "lina", None, after=None, limit=2)
    rest, end = await lists.page("attention", "lina", None, after=place, limit=2)
    assert [one.id for one in (*first, *rest)] == [names[1], names[2], names[0]]
    assert (end, (await lists.counts("lina", None))["attention"]) == (None, 3)
    armed = {"$set": {"session.handover": {"number": 1}}}
    await either_database["conversations"].update_one({"_id": names[0]}, armed)
    assert [wait.conversation for wait in await lists.waits(at(3600), 10)] == names[1:]


async def test_counts_are_of_what_the_views_show(lists: ConversationLists) -> None:
    assert await lists.counts("lina", None) == {"waiting": 3, "mine": 1, "attention": 0, "all": 7, "closed": 1}
    assert await lists.counts("omar", ["wx1"]) == {"waiting": 2, "mine": 1, "attention": 0, "all": 6, "closed": 1}


async def test_counting_ends_somewhere(either_database: Database, lists: ConversationLists) -> None:
    many = [conversation(f"n{number}", "closed") for number in range(COUNTED_AT_MOST + 5)]
    await ConversationStore(either_database).commit([Commit(0, one, (), ()) for one in many])
    assert (await lists.counts("lina", None))["closed"] == COUNTED_AT_MOST


async def test_a_list_says_how_many_messages_are_held(lists: ConversationLists, either_database: Database) -> None:
    held = (Held(message_id="m:1", content=Text(text="等您")),)
    waits = conversation("h1", "agent", minute=20).model_copy(update={"held": held})
    await ConversationStore(either_database).commit([Commit(0, waits, (), ())])
    found, _ = await lists.page("mine", "lina", None, after=None, limit=1)
    assert [(one.id, len(one.held)) for one in found] == [("h1", 1)]
