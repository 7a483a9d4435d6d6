from datetime import UTC, datetime, timedelta

import pytest

from shared.store.agents import Agent
from shared.store.audit import LONGEST_VALUE, SYSTEM, AuditLog, Author, changes_between
from shared.store.driver import Database

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LINA = Author(kind="agent", id="lina", name="李娜")


@pytest.fixture
def audit(either_database: Database) -> AuditLog:
    return AuditLog(either_database)


async def test_an_entry_says_who_did_what_and_when(audit: AuditLog) -> None:
    await audit.note(LINA, "app.changed", "wx1", {"name": ["旧", "新"], "groups": [(), ("a", "b")]}, NOON)
    ((entry,), last) = await audit.page()
    assert (entry.by, entry.action, entry.target, entry.at, last) == (LINA, "app.changed", "wx1", NOON, None)
    assert [tuple(change.model_dump().values()) for change in entry.changes] == [
        ("name", "旧", "新"),
        ("groups", [], ["a", "b"]),
    ]


async def test_entries_are_found_by_target_author_and_action(audit: AuditLog) -> None:
    for by, action, target in (
        (LINA, "app.changed", "wx1"),
        (SYSTEM, "app.settings_changed", "wx1"),
        (LINA, "application.opened", "wx2"),
        (SYSTEM, "tag.added", "vip"),
    ):
        await audit.note(by, action, target, None, NOON)

    async def found(**where: str) -> set[tuple[str, str]]:
        entries, _ = await audit.page(**where)  # type: ignore[arg-type]
        return {(entry.by.id, entry.action) for entry in entries}

    assert await found(target="wx1") == {("lina", "app.changed"), ("system", "app.settings_changed")}
    assert await found(by="system") == {("system", "app.settings_changed"), ("system", "tag.added")}
    assert await found(action="app.changed") == {("lina", "app.changed")}
    assert await found(action="app") == {("lina", "app.changed"), ("system", "app.settings_changed")}
    assert await found(by="lina", target="vip") == set()


async def test_pages_follow_each_other_though_many_happened_at_once(audit: AuditLog) -> None:
    for number in range(7):
        await audit.note(LINA, "tag.added", str(number), None, NOON + timedelta(seconds=number // 4))
    told: list[str] = []
    entries, last = await audit.page(limit=3)
    while True:
        assert len(entries) <= 3
        told += [entry.target for entry in entries]
        if last is None:
            break
        entries, last = await audit.page(limit=3, after=last)
    assert sorted(told) == [str(number) for number in range(7)]
    assert set(told[:3]) == {"4", "5", "6"}


async def test_a_long_value_is_cut(audit: AuditLog) -> None:
    await audit.note(LINA, "app.settings_changed", "wx1", {"rules": [["长" * LONGEST_VALUE], []]}, NOON)
    ((entry,), _) = await audit.page()
    assert len(entry.changes[0].before) == LONGEST_VALUE + 2
    assert entry.changes[0].after == []


def test_of_a_secret_only_that_it_changed_is_told() -> None:
    before = {"secret": "a", "token": None, "key": "k", "name": "x", "same": 1}
    after = {"secret": "b", "token": "t", "key": None, "name": "y", "same": 1}
    assert changes_between(before, after, secrets=("secret", "token", "key")) == {
        "secret": ("set", "changed"),
        "token": (None, "set"),
        "key": ("set", None),
        "name": ("x", "y"),
    }


def test_an_agent_is_an_author() -> None:
    assert Author.of(Agent(id="lina", name="李娜")) == LINA


async def test_what_is_noted_again_under_its_name_stays_one_entry(audit: AuditLog) -> None:
    for minute in (0, 1):
        at = NOON + timedelta(minutes=minute)
        await audit.note(SYSTEM, "customer.deleted", "c1", None, at, once="c1:e:1")
    entries, _ = await audit.page()
    assert [(entry.id, entry.at) for entry in entries] == [("c1:e:1", NOON)]
