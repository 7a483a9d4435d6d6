"""Deletions nobody at the desk asked for: of what is quiet for too long, and of who gave up their account."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from services.router.retention import Retention
from shared.conversation.facts import AnyFact, CustomerDeleted
from shared.conversation.policy import Policy
from shared.store.apps import App
from shared.store.audit import AuditEntry, AuditLog
from shared.store.leases import Leases
from tests.router.workshop import StopAt, Stopped, Workshop
from tests.support.facts import APP, CONVERSATION, NOON, described, origin, received

DAY = 86_400
SECRET = SecretStr("x")


def app(days: int | None = 30, app_id: str = APP) -> App:
    return App(app_id=app_id, name="店", secret=SECRET, token=SECRET, policy=Policy(retention_days=days))


def retention(shop: Workshop, *apps: App) -> Retention:
    leases, audit = Leases(shop.database), AuditLog(shop.database)
    return Retention(shop.conversations, lambda: apps, shop.publisher, leases, audit, shop.now)


@pytest.fixture
async def told(shop: Workshop) -> list[AnyFact]:
    """Deletions that were really published, for the test to settle when it wants to."""
    kept: list[AnyFact] = []
    publish = shop.publisher.publish

    async def publish_and_keep(message: Any, **more: Any) -> None:
        await publish(message, **more)
        if isinstance(message, CustomerDeleted):
            kept.append(message)

    shop.publisher.publish = publish_and_keep  # type: ignore[method-assign] # listens in on the real one
    return kept


async def written(shop: Workshop, days_ago: float, openid: str) -> str:
    shop.at = NOON - timedelta(days=days_ago)
    fact = received("旧", openid=openid, seconds=-days_ago * DAY)
    await shop.batch().settle([fact])
    shop.at = NOON
    return fact.conversation_id


async def entries(shop: Workshop) -> list[AuditEntry]:
    found, _ = await AuditLog(shop.database).page()
    return found


async def left(shop: Workshop, conversation: str) -> int:
    return await shop.database["messages"].count({"conversation": conversation})


async def test_what_is_quiet_for_longer_goes_whole_and_the_rest_stays(shop: Workshop, told: list[AnyFact]) -> None:
    old, new = await written(shop, 31, "o-old"), await written(shop, 29, "o-new")
    assert await retention(shop, app()).sweep() == 1
    await shop.batch().settle(told)
    gone = await shop.conversation(old)
    assert (gone.deleted_at, gone.openid, await left(shop, old)) == (NOON - timedelta(days=30), "", 0)
    assert (await shop.conversation(new)).deleted_at is None
    (entry,) = await entries(shop)
    assert (entry.action, entry.target, entry.by.kind) == ("conversations.deleted", APP, "system")
    assert {change.field: change.after for change in entry.changes}["count"] == 1
    assert await retention(shop, app()).sweep() == 0
    assert len(await entries(shop)) == 1


async def test_an_app_that_keeps_everything_is_not_swept(shop: Workshop, told: list[AnyFact]) -> None:
    await written(shop, 4000, "o-old")
    assert await retention(shop, app(None), app(7, "wxanother")).sweep() == 0
    assert (told, await entries(shop)) == ([], [])


async def test_a_sweep_is_bounded_and_the_next_one_goes_on(shop: Workshop, told: list[AnyFact]) -> None:
    names = [await written(shop, 40 + number, f"o{number}") for number in range(5)]
    counts = []
    for _ in range(4):
        counts.append(await retention(shop, app()).sweep(at_most=2))
        await shop.batch().settle(told)
        told.clear()
    assert counts == [2, 2, 1, 0]
    assert [(await shop.conversation(name)).openid for name in names] == [""] * 5


async def test_swept_again_before_it_was_decided_it_is_the_same_fact(shop: Workshop, told: list[AnyFact]) -> None:
    await written(shop, 31, "o-old")
    await retention(shop, app()).sweep()
    shop.at += timedelta(minutes=5)
    await retention(shop, app()).sweep()
    assert len({fact.id for fact in told}) == 1


async def test_who_writes_between_the_sweep_and_its_decision_is_not_forgotten(
    shop: Workshop, told: list[AnyFact]
) -> None:
    old = await written(shop, 31, "o-old")
    await retention(shop, app()).sweep()
    await shop.batch().settle([received("我回来了", openid="o-old", seconds=-1)])
    await shop.batch().settle(told)
    assert (await shop.conversation(old)).deleted_at is None
    assert len(await shop.history(old)) == 2


async def test_who_wrote_meanwhile_but_is_heard_after_it_begins_anew(shop: Workshop, told: list[AnyFact]) -> None:
    """The push was answered `success` before the deletion was decided: it must not vanish with the old ones."""
    old = await written(shop, 31, "o-old")
    await retention(shop, app()).sweep()
    shop.at += timedelta(seconds=2)
    await shop.batch().settle([*told, received("我回来了", openid="o-old", seconds=1)])
    conversation = await shop.conversation(old)
    assert (conversation.deleted_at, conversation.openid, await left(shop, old)) == (None, "o-old", 1)


async def test_who_was_only_ever_described_is_forgotten_too(shop: Workshop, told: list[AnyFact]) -> None:
    await shop.batch().settle([described("王女士", seconds=-31 * DAY, fields={"会员": "金"})])
    assert await retention(shop, app()).sweep() == 1
    await shop.batch().settle(told)
    conversation = await shop.conversation(CONVERSATION)
    assert (conversation.name, conversation.profile) == (None, ())


def cancelled(seconds: float = 50) -> CustomerDeleted:
    return CustomerDeleted(**origin("e:1:user_authorization_cancellation:x", seconds), why="account_cancelled")


@pytest.mark.parametrize("step", ["committed", "inserted", "changed", "published"])
async def test_who_gave_up_their_account_is_deleted_and_noted_once_wherever_it_stops(shop: Workshop, step: str) -> None:
    gone = cancelled()
    await shop.batch().settle([received("旧")])
    shop.at += timedelta(seconds=50)
    with pytest.raises(Stopped):
        await shop.batch(StopAt(step)).settle([gone])
    await shop.batch().settle([gone])
    await shop.batch().settle([gone])
    assert await left(shop, CONVERSATION) == 0
    (entry,) = await entries(shop)
    assert (entry.action, entry.target, entry.by.id) == ("customer.deleted", CONVERSATION, "system")
    assert entry.at == NOON + timedelta(seconds=50)


async def test_who_asked_for_a_deletion_notes_it_themselves(shop: Workshop) -> None:
    await shop.batch().settle([received("旧"), CustomerDeleted(**origin("asked", 50))])
    assert await left(shop, CONVERSATION) == 0
    assert await entries(shop) == []
