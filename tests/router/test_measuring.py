"""What the place of assignment measures of the line, and what partitions measure of their facts."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from services.router.measuring import in_line_by_app
from services.router.partition import Partition
from services.router.timers import Timers
from shared.bus.partition_consumer import Received
from shared.contracts import encode
from shared.conversation.facts import AnyFact
from shared.conversation.model import Session
from shared.conversation.order import Waiting
from shared.conversation.policy import Policy
from shared.observe import metrics
from shared.store.leases import Leases
from tests.router.lining_up import nudge, serve, swept, wait_in_line
from tests.router.workshop import Workshop
from tests.support.facts import APP, CONVERSATION, NOON, received, settled
from tests.support.measures import counted, measured


def waiting(app_id: str, seconds: float) -> Waiting:
    since = NOON - timedelta(seconds=seconds)
    session = Session(number=1, opened_at=since, active_at=since, state="waiting", waiting_since=since)
    return Waiting(f"c-{app_id}-{seconds}", app_id, session)


def policies(app_id: str) -> Policy:
    return Policy.model_validate({"targets": {"answer_seconds": 60 if app_id == "strict" else None}})


def test_each_app_has_its_own_line_and_its_own_idea_of_late() -> None:
    line = [waiting("strict", 30), waiting("strict", 61), waiting("lax", 61), waiting("lax", 601)]
    found = in_line_by_app(line, policies, NOON)
    assert {app: (one.waiting, one.late, one.oldest_seconds) for app, one in found.items()} == {
        "strict": (2, 1, 61),
        "lax": (2, 1, 601),
    }


async def test_a_sweep_measures_the_line_and_the_agents(shop: Workshop, told: list[AnyFact]) -> None:
    await shop.create_agent("lina", capacity=1)
    await shop.create_agent("off", presence="offline", capacity=7)
    await wait_in_line(shop, "o1", "o2", "o3")
    shop.at += timedelta(seconds=700)
    sweeps = counted("router_sweeps_total")
    await shop.offers().handle([swept()])
    assert counted("router_sweeps_total") == sweeps + 1
    assert measured("router_line_waiting", app_id=APP) == 2
    assert measured("router_line_late", app_id=APP) == 2
    assert measured("router_line_oldest_seconds", app_id=APP) == 701
    assert (measured("router_agents_online"), measured("router_agents_capacity")) == (1, 1)
    await shop.offers().handle([swept()])
    assert measured("router_agents_load") == 1


async def test_a_line_that_is_empty_again_is_absent(shop: Workshop, told: list[AnyFact]) -> None:
    await wait_in_line(shop, "o1")
    await shop.offers().handle([swept()])
    assert measured("router_line_waiting", app_id=APP) == 1
    await shop.create_agent("lina")
    await shop.offers().handle([swept()])
    assert measured("router_line_waiting", app_id=APP) is None


async def test_a_nudge_is_no_sweep(shop: Workshop) -> None:
    serve(shop, Policy())
    sweeps = counted("router_sweeps_total")
    await shop.offers().handle([nudge()])
    assert counted("router_sweeps_total") == sweeps


async def test_what_is_set_aside_is_counted(shop: Workshop) -> None:
    serve(shop, Policy())
    await shop.dead.set_aside("router.v1.p00", b"{", "?", "not JSON")
    await shop.dead.set_aside("router.v1.p00", b"[", "?", "not JSON")
    await shop.offers().handle([swept()])
    assert measured("router_dead_messages") == 2


async def test_a_window_closed_against_our_ledger_is_a_miss_and_told_twice_is_one(shop: Workshop) -> None:
    batch = shop.batch()
    await batch.settle([received("你好")])
    before = counted("router_ledger_misses_total", app_id=APP)
    refused = settled("s-1", "refused", seconds=5, window_closed=True, code="45015")
    await batch.settle([refused])
    await batch.settle([refused])
    assert counted("router_ledger_misses_total", app_id=APP) == before + 1
    again = settled("s-2", "refused", seconds=5, window_closed=True, code="45015")
    await batch.settle([again])
    assert counted("router_ledger_misses_total", app_id=APP) == before + 1


async def test_a_partition_that_takes_facts_is_active(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics.router_partitions_active, "_noted", {})
    one = Received(encode(received("你好")), "message_received", 0, redelivered=False, tag=1)
    for queue in ("router.v1.p00", "router.v1.p01", "router.v1.p00"):
        await Partition(queue, shop.batch().settle, shop.dead).handle([one])
    assert measured("router_partitions_active") == 2


class Due:
    """Conversations of which one is due since ten seconds."""

    async def claim_due(self, now: datetime) -> list[Any]:
        due_at = now - timedelta(seconds=10)
        return [SimpleNamespace(conversation_id=CONVERSATION, app_id=APP, due_at=due_at)]


async def test_how_late_a_timer_is_told_is_measured(shop: Workshop) -> None:
    before = counted("router_timer_lag_seconds_sum")
    timers = Timers(Due(), shop.publisher, Leases(shop.database), shop.now)  # type: ignore[arg-type]
    assert await timers.fire_due() == 1
    assert counted("router_timer_lag_seconds_sum") == pytest.approx(before + 10)
