"""Whatever is changed is in the audit, though the store be lost between any two steps of the change; once."""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import pytest

from services.console.administering.agent_changes import AgentChanges
from shared.store import transactions
from shared.store.agents import Agent, AgentStore
from shared.store.audit import AuditLog, Author
from shared.store.driver import Collection, StoreUnavailable
from shared.store.notifiers import NotifierStore
from shared.store.webhooks import WebhookStore
from tests.console.house import APP, Answer, Caller, House, house
from tests.console.test_console_second_factor import with_factor

KEPT = ("agents", "apps", "webhooks", "notifiers", "tags", "api_tokens", "canned_replies")
WRITES = ("insert_one", "insert_many", "update_one", "update_many", "find_one_and_update", "delete_one", "delete_many")
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
HOOK = {"name": "ERP", "url": "https://example.com/", "events": ["message"]}
ROBOT = {"name": "群", "kind": "wecom", "url": "https://example.com/"}
REPLY = {"shortcut": "hi", "title": "招呼", "text": "您好", "scope": "shared"}
NEW_APP = {"app_id": "wx00000000000000dd", "name": "店", "secret": "s", "token": "t", "aes_key": AES_KEY}

Change = Callable[[Caller], Awaitable[Answer]]


class Losses:
    """Loses the store at one point: before or after any write of what is administered, or a commit."""

    def __init__(self) -> None:
        self.at: int | None = None
        self.passed = 0

    def point(self) -> None:
        if self.at is not None:
            self.passed += 1
            if self.passed == self.at:
                raise StoreUnavailable("lost")

    def watching(self, real: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def write(collection: Collection, *args: Any, **more: Any) -> Any:
            watched = collection._raw.name in {*KEPT, "audit", "logins"}
            if watched:
                self.point()
            result = await real(collection, *args, **more)
            if watched:
                self.point()
            return result

        return write

    def committing(self, real: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def commit(session: Any, until: float) -> None:
            self.point()
            await real(session, until)
            self.point()

        return commit


@pytest.fixture
def losses(monkeypatch: pytest.MonkeyPatch) -> Losses:
    made = Losses()
    for name in WRITES:
        monkeypatch.setattr(Collection, name, made.watching(getattr(Collection, name)))
    monkeypatch.setattr(transactions, "_commit", made.committing(transactions._commit))
    return made


@pytest.fixture
async def quiet(amqp_url: str, mongo_url: str, mongo_db: str) -> AsyncIterator[House]:
    """A desk where nothing happens but what the test does."""
    async with house(amqp_url, mongo_url, mongo_db, routed=False) as made:
        yield made


async def stored(desk: House) -> dict[str, Any]:
    return {name: await desk.database[name].find({}, sort=[("_id", 1)]) for name in KEPT}


async def agent_of(desk: House) -> str:
    caller = await desk.agent()
    return str((await caller.get("/me")).body["id"])


async def made(admin: Caller, path: str, body: Any) -> str:
    answer = await admin.post(path, body)
    assert answer.status == 201, answer.body
    return f"{path}/{answer.body['id']}"


async def adds(_: House, __: Caller, path: str, body: Any) -> Change:
    return lambda admin: admin.post(path, body)


async def edits(_: House, admin: Caller, path: str, body: Any, changes: Any) -> Change:
    target = await made(admin, path, body)
    return lambda admin: admin.call("PATCH", target, changes)


async def removes(_: House, admin: Caller, path: str, body: Any) -> Change:
    target = await made(admin, path, body)
    return lambda admin: admin.call("DELETE", target)


async def disables_agent(desk: House, _: Caller) -> Change:
    target = f"/agents/{await agent_of(desk)}"
    return lambda admin: admin.call("PATCH", target, {"enabled": False, "name": "Gone"})


async def renews_password(desk: House, _: Caller) -> Change:
    target = f"/agents/{await agent_of(desk)}/password"
    return lambda admin: admin.post(target, {})


async def removes_factor(desk: House, _: Caller) -> Change:
    target = f"/agents/{(await with_factor(desk)).login}/second-factor"
    return lambda admin: admin.call("DELETE", target)


async def edits_app(_: House, __: Caller) -> Change:
    return lambda admin: admin.call("PATCH", f"/apps/{APP}", {"name": "新名", "mode": "plain"})


async def edits_settings(_: House, admin: Caller) -> Change:
    found = (await admin.call("PATCH", f"/apps/{APP}", {"mode": "plain"})).body
    body = {"version": found["version"], "settings": {"welcome": "您好"}}
    return lambda admin: admin.call("PUT", f"/apps/{APP}/settings", body)


async def recolours_tag(_: House, admin: Caller) -> Change:
    assert (await admin.call("PUT", "/tags/vip", {"color": "red"})).status == 200
    return lambda admin: admin.call("PUT", "/tags/vip", {"color": "blue"})


async def offers_tag(_: House, __: Caller) -> Change:
    return lambda admin: admin.call("PUT", "/tags/vip", {"color": "red"})


async def removes_tag(_: House, admin: Caller) -> Change:
    assert (await admin.call("PUT", "/tags/vip", {"color": "red"})).status == 200
    return lambda admin: admin.call("DELETE", "/tags/vip")


TOKEN = {"name": "shop", "scopes": ["read"]}
CHANGES: dict[str, tuple[Any, ...]] = {
    "agent.added": (adds, "/agents", {"login": "fresh", "name": "Fresh", "password": "a long password"}),
    "agent.changed": (disables_agent,),
    "agent.password_renewed": (renews_password,),
    "agent.second_factor_removed": (removes_factor,),
    "app.added": (adds, "/apps", NEW_APP),
    "app.changed": (edits_app,),
    "app.settings_changed": (edits_settings,),
    "webhook.added": (adds, "/webhooks", HOOK),
    "webhook.changed": (edits, "/webhooks", HOOK, {"name": "CRM", "enabled": False}),
    "webhook.removed": (removes, "/webhooks", HOOK),
    "notifier.added": (adds, "/notifiers", ROBOT),
    "notifier.changed": (edits, "/notifiers", ROBOT, {"name": "夜班", "after_seconds": 60}),
    "notifier.removed": (removes, "/notifiers", ROBOT),
    "tag.added": (offers_tag,),
    "tag.changed": (recolours_tag,),
    "tag.removed": (removes_tag,),
    "token.made": (adds, "/tokens", TOKEN),
    "token.removed": (removes, "/tokens", TOKEN),
    "canned_reply.added": (adds, "/canned-replies", REPLY),
    "canned_reply.changed": (edits, "/canned-replies", REPLY, {"title": "新"}),
    "canned_reply.removed": (removes, "/canned-replies", REPLY),
}


@pytest.mark.parametrize("action", CHANGES)
async def test_no_change_is_without_its_entry_wherever_the_store_is_lost(
    quiet: House, losses: Losses, action: str
) -> None:
    prepare, *about = CHANGES[action]
    admin = await quiet.agent(role="admin")
    change: Change = await prepare(quiet, admin, *about)
    seen: list[bool] = []
    before = await stored(quiet)
    await quiet.database["audit"].delete_many({})
    for point in range(1, 50):
        losses.passed, losses.at = 0, point
        answer = await change(admin)
        losses.at = None
        assert losses.passed >= point, f"nothing was lost: {answer.body}"
        assert answer.status == 503
        changed, entries = await stored(quiet) != before, await entries_of(quiet)
        assert entries == ([action] if changed else []), f"lost at point {point}"
        seen.append(changed)
        if changed:
            break
    assert seen == [*[False] * (len(seen) - 1), True]
    assert len(seen) > 4


async def entries_of(desk: House) -> list[str]:
    entries, _ = await AuditLog(desk.database).page()
    return [entry.action for entry in entries]


async def outside(work: Coroutine[Any, Any, Any]) -> None:
    """What somebody else does at this moment, apart from whatever is under way here."""
    await asyncio.create_task(work, context=contextvars.Context())


def author(name: str) -> Author:
    return Author(kind="agent", id=name, name=name)


async def test_two_who_change_different_fields_of_an_agent_are_each_named_for_their_own(
    quiet: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await quiet.agents.add(Agent(id="lina", name="Lina"))
    one, two = AgentChanges(quiet.database, author("one")), AgentChanges(quiet.database, author("two"))
    real = AgentStore.update

    async def slow(store: AgentStore, agent_id: str, **fields: Any) -> Agent | None:
        if "name" in fields and not await quiet.database["agents"].count({"groups": "vip"}):
            await outside(two.change("lina", {"groups": ("vip",)}))
        return await real(store, agent_id, **fields)

    monkeypatch.setattr(AgentStore, "update", slow)
    changed = await one.change("lina", {"name": "Li"})
    assert (changed.before.groups, changed.after.groups, changed.after.name) == (("vip",), ("vip",), "Li")
    entries, _ = await AuditLog(quiet.database).page(target="lina")
    told = {entry.by.id: [(one.field, one.before, one.after) for one in entry.changes] for entry in entries}
    assert told == {"one": [("name", "Lina", "Li")], "two": [("groups", [], ["vip"])]}


@pytest.mark.parametrize(
    ("path", "body", "store"), [("/webhooks", HOOK, WebhookStore), ("/notifiers", ROBOT, NotifierStore)]
)
async def test_two_who_change_different_fields_of_one_receiver_are_each_named_for_their_own(
    quiet: House, monkeypatch: pytest.MonkeyPatch, path: str, body: Any, store: Any
) -> None:
    one, two = await quiet.agent(role="admin"), await quiet.agent(role="admin")
    target = await made(one, path, body)
    real, between = store.change, [True]

    async def slow(kept: Any, name: str, fields: dict[str, Any]) -> Any:
        if "name" in fields and between.pop():
            between.append(False)
            await outside(kept_disabled())
        return await real(kept, name, fields)

    async def kept_disabled() -> None:
        assert (await two.call("PATCH", target, {"enabled": False})).status == 200

    monkeypatch.setattr(store, "change", slow)
    assert (await one.call("PATCH", target, {"name": "New"})).body["enabled"] is False
    entries, _ = await AuditLog(quiet.database).page(target=target.rpartition("/")[2])
    told = [[(one.field, one.before, one.after) for one in entry.changes] for entry in entries][:2]
    assert sorted(told) == [[("enabled", True, False)], [("name", body["name"], "New")]]
    assert len({entry.by.id for entry in entries[:2]}) == 2
