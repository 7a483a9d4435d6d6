"""The pure parts: what is pending laid over what is stored, who sees which app, cursors."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from services.console.access import access_of
from services.console.cursor import BadCursor, Cursor, read_cursor
from services.console.watch import Told
from shared.conversation.content import Text
from shared.conversation.model import Delivery, MessageChange
from shared.conversation.policy import Assignment, Policy
from shared.passwords import hash_password, verify_password
from shared.store.agents import Agent
from shared.store.apps import App
from shared.store.changes import Stamp
from shared.store.conversations import Entry
from shared.store.history import overlaid
from tests.support.facts import NOON, message


def change(seq: int, revision: int, delivery: Any = None, **more: Any) -> Entry:
    told = Delivery(state=delivery, at=NOON) if delivery else None
    changed = MessageChange(message_id=message(seq).id, revision=revision, delivery=told, **more)
    return Entry(cause=f"s{revision}", version=revision, changes=(changed,))


def test_pending_messages_take_their_place_and_never_overwrite() -> None:
    stored, entry = [message(3, revision=9), message(1)], Entry(cause="c", version=4, messages=(message(2), message(3)))
    assert [(one.seq, one.revision) for one in overlaid(stored, [entry])] == [(1, 1), (2, 2), (3, 9)]


def test_pending_changes_follow_the_rules_of_the_database() -> None:
    stored = [
        message(1, revision=3, state="sending"),
        message(2, revision=3, state="sent"),
        message(3, revision=9, state="sending"),
    ]
    entries = [change(1, 4, "unknown"), change(2, 4, "unknown"), change(3, 4, "sent"), change(7, 4, "sent")]
    shown = [(one.revision, one.delivery.state) for one in overlaid(stored, entries) if one.delivery]
    assert shown == [(4, "unknown"), (3, "sent"), (9, "sending")]


def test_a_change_reaches_a_message_that_is_pending_itself() -> None:
    entries = [change(1, 5, "sent"), Entry(cause="c", version=4, messages=(message(1, revision=4, state="sending"),))]
    (shown,) = overlaid([], entries)
    assert shown.delivery
    assert (shown.revision, shown.delivery.state) == (5, "sent")


def test_marks_and_contents_change_too() -> None:
    entries = [change(1, 5, mark="sent:Lina"), change(1, 6, content=Text(text="b"))]
    (shown,) = overlaid([message(1, revision=4, state="unknown")], entries)
    assert shown.delivery
    assert (shown.delivery.mark, shown.delivery.state, shown.content) == ("sent:Lina", "unknown", Text(text="b"))


def app(name: str, *groups: str) -> App:
    policy = Policy(assignment=Assignment(groups=groups))
    return App(app_id=name, name=name, secret=SecretStr("s"), token=SecretStr("t"), policy=policy)


@pytest.mark.parametrize(
    ("agent", "seen"),
    [
        (Agent(id="a", name="A"), {"open"}),
        (Agent(id="a", name="A", groups=("vip", "other")), {"open", "vip"}),
        (Agent(id="a", name="A", role="supervisor"), {"open", "vip", "gone"}),
        (Agent(id="a", name="A", role="admin"), {"open", "vip", "gone"}),
    ],
)
def test_an_agent_sees_the_apps_of_their_groups(agent: Agent, seen: set[str]) -> None:
    access = access_of(agent, [app("open"), app("vip", "vip", "gold")])
    assert {name for name in ("open", "vip", "gone") if access.sees(name)} == seen


def test_another_access_has_another_mark() -> None:
    one, both = [app("open")], [app("open"), app("vip")]
    agent, boss = Agent(id="a", name="A"), Agent(id="a", name="A", role="supervisor")
    marks = {access_of(who, apps).mark for who in (agent, boss) for apps in (one, both, [])}
    assert len(marks) == 6
    assert access_of(agent, both).mark == access_of(agent, list(reversed(both))).mark


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.binary(min_size=6, max_size=6))
def test_a_cursor_is_read_as_it_was_written(seconds: int, counter: int, mark: bytes) -> None:
    cursor = Cursor(Stamp(seconds, counter), mark.hex())
    assert read_cursor(cursor.encode()) == cursor


@given(st.text(max_size=60))
def test_anything_else_is_no_cursor(told: str) -> None:
    try:
        cursor = read_cursor(told)
    except BadCursor:
        return
    assert len(cursor.mark) == 12


def test_the_oldest_told_is_forgotten_first() -> None:
    told = Told(most=2)
    assert [told.note("a", 1), told.note("a", 1), told.note("b", 1), told.note("a", 2)] == [True, False, True, True]
    assert told.note("c", 1)
    assert told.knows("a", 2)
    assert not told.knows("b", 1)


def test_a_password_is_known_by_its_hash_alone() -> None:
    stored = hash_password("correct horse")
    assert stored.startswith("$argon2id$")
    assert stored != hash_password("correct horse")
    assert verify_password(stored, "correct horse")
    assert not verify_password(stored, "correct horse ")
    assert not verify_password("", "")
    assert not verify_password("no hash", "correct horse")
