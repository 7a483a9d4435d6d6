"""Webhooks, their rows, notifiers and open pages keep their promises with both drivers."""

from datetime import timedelta
from typing import Any

from cryptography.fernet import Fernet
from pydantic import SecretStr

from shared.store.driver import Database
from shared.store.notifiers import QUIET_SECONDS, Notifier, NotifierStore
from shared.store.pages_open import BELIEVED_SECONDS, PagesOpen
from shared.store.sealing import Sealer
from shared.store.webhook_deliveries import CLAIM_SECONDS, News, WebhookDeliveries
from shared.store.webhooks import LastCall, Webhook, WebhookStore
from tests.support.facts import NOON, at

SEALER = Sealer([Fernet.generate_key().decode()])


def webhook(**fields: Any) -> Webhook:
    told = {"id": "w1", "name": "ERP", "events": ("message",), "created_at": NOON, **fields}
    return Webhook(url=SecretStr("https://example.com/"), secret=SecretStr("s"), **told)


def notifier(**fields: Any) -> Notifier:
    told: dict[str, Any] = {
        "id": "n1",
        "name": "群",
        "kind": "feishu",
        "after_seconds": 60,
        "created_at": NOON,
        **fields,
    }
    return Notifier(url=SecretStr("https://example.com/"), **told)


async def test_a_webhook_is_read_as_it_was_written(either_database: Database) -> None:
    store = WebhookStore(either_database, SEALER)
    await store.add(webhook(app_id="wx1"))
    assert await store.get("w1") == webhook(app_id="wx1")
    changed = await store.change("w1", {"url": "https://other.example/", "app_id": None})
    assert changed is not None
    assert (changed.url.get_secret_value(), changed.app_id, changed.secret) == (
        "https://other.example/",
        None,
        SecretStr("s"),
    )
    assert await store.change("none", {"name": "x"}) is None
    assert (await store.disable("w1"), await store.disable("w1")) == (True, False)
    assert (await store.enabled(), len(await store.everything())) == ([], 1)


async def test_since_when_calls_fail_is_kept_until_one_succeeds(either_database: Database) -> None:
    store = WebhookStore(either_database, SEALER)
    await store.add(webhook())
    for seconds, failure, since in (
        (1, "HTTP 500", at(1)),
        (2, "no connection", at(1)),
        (3, None, None),
        (4, "x", at(4)),
    ):
        call = LastCall(at=at(seconds), failure=failure)
        await store.note_call("w1", call)
        stands = await store.get("w1")
        assert stands is not None
        assert (stands.last, stands.failing_since) == (call, since)
    await store.note_call("none", LastCall(at=NOON))
    assert len(await store.everything()) == 1


async def test_the_longest_due_is_claimed_first_and_by_one(either_database: Database) -> None:
    rows = WebhookDeliveries(either_database)
    news = [News(name, "w1", "message", "c1", "wx1", NOON, b"{}") for name in ("d1", "d2")]
    await rows.add(news[:1], at(0))
    await rows.add(news, at(1))
    first, second = await rows.claim("w1", "a", at(2)), await rows.claim("w1", "b", at(2))
    assert first is not None
    assert second is not None
    assert (first.id, second.id, first.tries, first.body) == ("d1", "d2", 1, b"{}")
    assert await rows.claim("w1", "c", at(2)) is None
    assert await rows.claim("w2", "c", at(99)) is None
    await rows.told(first, 200, at(3))
    again = await rows.claim("w1", "c", at(2 + CLAIM_SECONDS))
    assert again is not None
    assert (again.id, again.tries) == ("d2", 2)
    assert [row.id for row in await rows.latest("w1", 1)] == ["d2"]
    await rows.forget(["c1"])
    assert await rows.latest("w1", 9) == []


async def test_a_notifier_has_one_turn_a_minute_and_remembers_whom_it_was_told_of(either_database: Database) -> None:
    store = NotifierStore(either_database, SEALER)
    await store.add(notifier(secret=SecretStr("s")))
    assert await store.get("n1") == notifier(secret=SecretStr("s"))
    assert [await store.take_turn("n1", at(seconds)) for seconds in (0, 1, QUIET_SECONDS)] == [True, False, True]
    await store.note_told("n1", ["a", "b"], NOON)
    await store.note_told("n1", ["b", "c"], NOON)
    assert await store.untold("n1", ["a", "b", "c", "d"]) == {"d"}
    assert await store.untold("n2", ["a"]) == {"a"}
    for count in (1, 2):
        await store.note_call("n1", LastCall(at=NOON, failure="x"), quiet_until=at(count * 1000))
        failing = await store.get("n1")
        assert failing is not None
        assert (failing.failures, failing.quiet_until) == (count, at(count * 1000))
    await store.note_call("n1", LastCall(at=NOON, status=200))
    well = await store.change("n1", {"secret": None})
    assert well is not None
    assert (well.failures, well.secret) == (0, None)


async def test_pages_are_open_as_long_as_their_replica_says_so(either_database: Database) -> None:
    pages = PagesOpen(either_database)
    await pages.say("one", ["lina", "lina", "wang"], at(0))
    await pages.say("two", ["lina"], at(BELIEVED_SECONDS))
    assert await pages.agents(at(BELIEVED_SECONDS)) == {"lina", "wang"}
    assert await pages.agents(at(BELIEVED_SECONDS) + timedelta(seconds=1)) == {"lina"}
    await pages.withdraw("two")
    assert await pages.agents(at(BELIEVED_SECONDS)) == {"lina", "wang"}
