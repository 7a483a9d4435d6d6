"""Rows become calls: signed, for a day, by whichever replica, and never held up by another's trouble."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from services.console.outgoing.delivering import AT_ONCE, DISABLED, Deliverer
from services.console.outgoing.posting import poster
from services.console.outgoing.waits import SPREAD, WEBHOOK_WAITS, next_try
from shared.clock import FixedClock
from shared.outage import Outage
from shared.steps import Step, no_step
from shared.store.audit import AuditLog
from shared.store.driver import Database
from shared.store.sealing import Sealer
from shared.store.webhook_deliveries import CLAIM_SECONDS, KEPT_FOR, DeliveryRow, News, WebhookDeliveries
from shared.store.webhooks import Webhook, WebhookStore
from tests.console.ear import Ear, ear
from tests.support.facts import NOON
from tests.support.waiting import eventually

SECRET = "whsec_of-the-test"


class Bench:
    """Stores, a receiver, a clock that the test moves, and as many replicas as it wants."""

    def __init__(self, database: Database, ear: Ear, replica: Callable[..., Deliverer], clock: FixedClock) -> None:
        self.database = database
        self.ear = ear
        self.replica = replica
        self.clock = clock
        self.webhooks = WebhookStore(database, SEALER)
        self.deliveries = WebhookDeliveries(database)
        self.deliverer = replica()

    async def webhook(self, path: str = "/hook", **fields: Any) -> Webhook:
        made = Webhook(
            id=f"w{path.replace('/', '-')}",
            name="ERP",
            url=SecretStr(self.ear.url + path),
            secret=SecretStr(SECRET),
            events=("message",),
            created_at=NOON,
            **fields,
        )
        await self.webhooks.add(made)
        return made

    async def note(self, webhook: Webhook, *names: str) -> None:
        news = [News(n, webhook.id, "message", f"c-{n}", "wx1", NOON, f'{{"id":"{n}"}}'.encode()) for n in names]
        await self.deliveries.add(news, self.clock.now())

    async def row(self, webhook: Webhook, name: str) -> DeliveryRow:
        row = await self.deliveries.get(webhook.id, name)
        assert row is not None
        return row

    async def state(self, webhook: Webhook) -> Webhook:
        found = await self.webhooks.get(webhook.id)
        assert found is not None
        return found


SEALER = Sealer([Fernet.generate_key().decode()])


@pytest.fixture
async def bench(database: Database) -> AsyncIterator[Bench]:
    clock = FixedClock(NOON)

    async def announce() -> None:
        await database["announced"].insert_one({})

    async with ear() as listener, poster() as post:

        def replica(step: Step = no_step) -> Deliverer:
            stores = WebhookStore(database, SEALER), WebhookDeliveries(database)
            return Deliverer(*stores, post, AuditLog(database), announce, clock.now, lambda: 0.5, step=step)

        yield Bench(database, listener, replica, clock)


async def test_a_call_is_signed_and_what_it_said_is_not_kept(bench: Bench) -> None:
    webhook = await bench.webhook()
    await bench.note(webhook, "d1")
    assert await bench.deliverer.deliver_due() == 1
    heard = bench.ear.heard[0]
    seconds = str(int(NOON.timestamp()))
    expected = hmac.new(SECRET.encode(), seconds.encode() + b"." + heard.body, hashlib.sha256).hexdigest()
    assert heard.headers["X-Wxdesk-Signature"] == f"t={seconds},v1={expected}"
    assert (heard.headers["X-Wxdesk-Delivery"], heard.headers["X-Wxdesk-Event"]) == ("d1", "message")
    assert heard.json == {"id": "d1"}
    row = await bench.row(webhook, "d1")
    assert (row.state, row.attempts, row.status, row.next_at) == ("done", 1, 200, None)
    stored = await bench.database["webhook_deliveries"].find_one({"_id": "d1"})
    assert stored is not None
    assert "body" not in stored
    assert await bench.deliverer.deliver_due() == 0


async def test_address_and_secret_are_sealed_at_rest(bench: Bench) -> None:
    webhook = await bench.webhook()
    stored = await bench.database["webhooks"].find_one({"_id": webhook.id})
    assert stored is not None
    assert bench.ear.url not in str(stored)
    assert SECRET not in str(stored)


async def test_a_call_that_fails_is_made_again_for_a_day_and_then_no_more(bench: Bench) -> None:
    webhook = await bench.webhook()
    bench.ear.answers["/hook"] = 503
    await bench.note(webhook, "d1")
    waits = []
    while (row := await bench.row(webhook, "d1")).state == "waiting":
        assert row.next_at is not None
        waits.append((row.next_at - bench.clock.at).total_seconds())
        bench.clock.at = row.next_at - timedelta(milliseconds=1)
        if len(waits) > 1:
            assert await bench.deliverer.deliver_due() == 0
        bench.clock.at = row.next_at
        assert await bench.deliverer.deliver_due() == 1
    assert waits[1:-1] == [*WEBHOOK_WAITS, *WEBHOOK_WAITS[-1:] * (len(waits) - 2 - len(WEBHOOK_WAITS))]
    assert bench.clock.at == NOON + timedelta(hours=24)
    assert (row.state, row.status, row.failure, row.attempts) == ("given_up", 503, "HTTP 503", len(waits))
    assert {(heard.headers["X-Wxdesk-Delivery"], heard.body) for heard in bench.ear.heard} == {("d1", b'{"id":"d1"}')}
    assert len(bench.ear.heard) == len(waits)
    state = await bench.state(webhook)
    assert state.failing_since == NOON
    assert state.is_failing(bench.clock.at)
    assert not state.is_failing(NOON + timedelta(hours=23))


def test_waits_are_spread_by_chance_and_grow() -> None:
    for tries, wait in enumerate(WEBHOOK_WAITS, start=1):
        least, most = (next_try(WEBHOOK_WAITS, tries, NOON, chance) - NOON for chance in (0.0, 1.0))
        assert least == timedelta(seconds=wait * (1 - SPREAD))
        assert most == timedelta(seconds=wait * (1 + SPREAD))
    assert list(WEBHOOK_WAITS) == sorted(WEBHOOK_WAITS)
    assert next_try(WEBHOOK_WAITS, 99, NOON, 0.5) == NOON + timedelta(seconds=WEBHOOK_WAITS[-1])


async def test_one_that_succeeds_again_is_no_longer_failing(bench: Bench) -> None:
    webhook = await bench.webhook()
    bench.ear.answers["/hook"] = 500
    await bench.note(webhook, "d1")
    await bench.deliverer.deliver_due()
    failed = await bench.state(webhook)
    assert (failed.failing_since, failed.last and failed.last.failure) == (NOON, "HTTP 500")
    bench.ear.answers["/hook"] = 204
    bench.clock.advance(3600)
    await bench.deliverer.deliver_due()
    well = await bench.state(webhook)
    assert (well.failing_since, well.last and (well.last.status, well.last.failure)) == (None, (204, None))


@pytest.mark.parametrize(("status", "failure"), [(302, "HTTP 302: redirects are not followed"), (404, "HTTP 404")])
async def test_anything_but_a_2xx_is_tried_again(bench: Bench, status: int, failure: str) -> None:
    webhook = await bench.webhook()
    bench.ear.answers["/hook"] = status
    await bench.note(webhook, "d1")
    await bench.deliverer.deliver_due()
    row = await bench.row(webhook, "d1")
    assert (row.state, row.failure) == ("waiting", failure)
    assert bench.ear.of("/elsewhere") == []


async def test_410_disables_and_leaves_an_audit_entry(bench: Bench) -> None:
    webhook = await bench.webhook()
    await bench.note(webhook, "d1")
    await bench.deliveries.postpone(await _claimed(bench, webhook), 500, "HTTP 500", NOON + timedelta(hours=1))
    await bench.note(webhook, "d2")
    bench.ear.answers["/hook"] = 410
    await bench.deliverer.deliver_due()
    assert not (await bench.state(webhook)).enabled
    first, second = await bench.row(webhook, "d1"), await bench.row(webhook, "d2")
    assert (first.state, first.failure) == ("given_up", DISABLED)
    assert (second.state, second.status) == ("given_up", 410)
    entries, _ = await AuditLog(bench.database).page()
    assert [(entry.action, entry.target, entry.by.kind) for entry in entries] == [
        ("webhook.disabled", webhook.id, "system")
    ]
    assert [(change.field, change.before, change.after) for change in entries[0].changes] == [("enabled", True, False)]
    assert await bench.database["announced"].count({}) == 1


async def test_one_that_does_not_answer_holds_up_nobody_else(bench: Bench) -> None:
    slow, fast = await bench.webhook("/slow"), await bench.webhook("/fast")
    bench.ear.holds["/slow"] = asyncio.Event()
    await bench.note(slow, *(f"s{n}" for n in range(3 * AT_ONCE)))
    await bench.note(fast, *(f"f{n}" for n in range(3 * AT_ONCE)))

    async def states(webhook: Webhook, letter: str) -> set[str]:
        return {(await bench.row(webhook, f"{letter}{n}")).state for n in range(3 * AT_ONCE)}

    async def fast_is_done() -> bool:
        return await states(fast, "f") == {"done"}

    running = asyncio.create_task(bench.deliverer.run())
    try:
        await eventually(fast_is_done)
        await eventually(lambda: len(bench.ear.of("/slow")) == AT_ONCE)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert len(bench.ear.of("/fast")) == 3 * AT_ONCE
    assert await states(slow, "s") == {"waiting"}


async def test_what_a_dead_process_had_claimed_goes_out_later_under_the_same_id(bench: Bench) -> None:
    webhook = await bench.webhook()
    await bench.note(webhook, "d1")
    await _claimed(bench, webhook)
    assert await bench.deliverer.deliver_due() == 0
    bench.clock.advance(CLAIM_SECONDS)
    assert await bench.deliverer.deliver_due() == 1
    assert [heard.headers["X-Wxdesk-Delivery"] for heard in bench.ear.heard] == ["d1"]
    assert (await bench.row(webhook, "d1")).attempts == 2


@pytest.mark.parametrize(("step", "heard"), [("claimed", 1), ("called", 2)])
async def test_one_stopped_between_two_steps_is_made_again(bench: Bench, step: str, heard: int) -> None:
    async def stop(reached: str) -> None:
        if reached == step:
            raise Outage("the process ends here")

    webhook = await bench.webhook()
    await bench.note(webhook, "d1")
    await bench.replica(stop).deliver_due()
    bench.clock.advance(CLAIM_SECONDS)
    await bench.deliverer.deliver_due()
    assert [one.headers["X-Wxdesk-Delivery"] for one in bench.ear.heard] == ["d1"] * heard
    assert (await bench.row(webhook, "d1")).state == "done"


async def test_several_replicas_make_each_call_once(bench: Bench) -> None:
    webhook = await bench.webhook()
    names = [f"d{number}" for number in range(30)]
    await bench.note(webhook, *names)
    made = await asyncio.gather(*(bench.replica().deliver_due() for _ in range(3)))
    assert sum(made) == 30
    assert sorted(heard.headers["X-Wxdesk-Delivery"] for heard in bench.ear.heard) == sorted(names)


async def test_whoever_lost_their_claim_changes_nothing_but_may_say_that_it_was_told(bench: Bench) -> None:
    webhook = await bench.webhook()
    await bench.note(webhook, "d1", "d2")
    late = await _claimed(bench, webhook)
    later = await _claimed(bench, webhook)
    bench.clock.advance(CLAIM_SECONDS)
    assert {(await _claimed(bench, webhook, "other")).id for _ in range(2)} == {"d1", "d2"}
    await bench.deliveries.give_up(late, 500, "HTTP 500", bench.clock.at)
    await bench.deliveries.postpone(late, 500, "HTTP 500", bench.clock.at)
    assert (await bench.row(webhook, late.id)).failure is None
    await bench.deliveries.told(later, 200, bench.clock.at)
    assert (await bench.row(webhook, later.id)).state == "done"


async def test_one_disabled_or_removed_while_calls_wait_is_called_no_more(bench: Bench) -> None:
    disabled, removed = await bench.webhook("/disabled"), await bench.webhook("/removed")
    await bench.note(disabled, "d1")
    await bench.note(removed, "d2")
    await bench.webhooks.disable(disabled.id)
    await bench.webhooks.remove(removed.id)
    assert await bench.deliverer.deliver_due() == 0
    assert bench.ear.heard == []


async def test_what_an_admin_changes_holds_for_the_very_next_call(bench: Bench) -> None:
    """A long backlog is worked off; the address is another after the first call, and then it is disabled."""
    webhook = await bench.webhook("/first")
    await bench.note(webhook, "d1", "d2", "d3", "d4")

    async def change(reached: str) -> None:
        if reached == "called" and bench.ear.of("/first"):
            await bench.webhooks.change(webhook.id, {"url": f"{bench.ear.url}/second"})
        if reached == "called" and bench.ear.of("/second"):
            await bench.webhooks.disable(webhook.id)

    busy = bench.replica(change)
    busy._under_way[webhook.id] = AT_ONCE - 1
    await busy.deliver_due()
    assert [heard.path for heard in bench.ear.heard] == ["/first", "/second"]


async def test_the_same_news_noted_twice_is_one_row_even_after_it_was_told(bench: Bench) -> None:
    webhook = await bench.webhook()
    await bench.note(webhook, "d1", "d2")
    await bench.deliverer.deliver_due()
    await bench.note(webhook, "d1", "d2", "d3")
    assert await bench.deliverer.deliver_due() == 1
    assert len(bench.ear.heard) == 3


async def test_rows_are_forgotten_after_a_week(bench: Bench) -> None:
    webhook = await bench.webhook()
    await bench.note(webhook, "d1")
    stored = await bench.database["webhook_deliveries"].find_one({"_id": "d1"})
    assert stored is not None
    assert stored["forget_at"] == NOON + KEPT_FOR
    indexes = await bench.database["webhook_deliveries"].aggregate([{"$indexStats": {}}])
    expiring = [one["spec"] for one in indexes if "expireAfterSeconds" in one["spec"]]
    assert [(dict(spec["key"]), spec["expireAfterSeconds"]) for spec in expiring] == [({"forget_at": 1}, 0)]


async def test_by_hand_it_is_told_again_from_the_beginning(bench: Bench) -> None:
    webhook = await bench.webhook()
    bench.ear.answers["/hook"] = 500
    await bench.note(webhook, "d1")
    bench.clock.advance(86_400)
    await bench.deliverer.deliver_due()
    assert (await bench.row(webhook, "d1")).state == "given_up"
    again = await bench.deliveries.again(webhook.id, "d1", bench.clock.at)
    assert again is not None
    assert (again.state, again.next_at) == ("waiting", bench.clock.at)
    await bench.deliverer.deliver_due()
    row = await bench.row(webhook, "d1")
    assert (row.state, row.next_at) == ("waiting", bench.clock.at + timedelta(seconds=WEBHOOK_WAITS[0]))
    bench.ear.answers["/hook"] = 200
    bench.clock.advance(WEBHOOK_WAITS[0])
    await bench.deliverer.deliver_due()
    assert (await bench.row(webhook, "d1")).state == "done"
    assert await bench.deliveries.again(webhook.id, "d1", bench.clock.at) is None


async def test_what_is_being_told_is_not_told_again_by_hand_at_the_same_time(bench: Bench) -> None:
    webhook = await bench.webhook()
    await bench.note(webhook, "d1")
    await _claimed(bench, webhook)
    assert await bench.deliveries.again(webhook.id, "d1", bench.clock.at) is None
    bench.clock.advance(CLAIM_SECONDS)
    assert await bench.deliveries.again(webhook.id, "d1", bench.clock.at) is not None


async def _claimed(bench: Bench, webhook: Webhook, by: str = "a dead process") -> Any:
    claimed = await bench.deliveries.claim(webhook.id, by, bench.clock.now())
    assert claimed is not None
    return claimed
