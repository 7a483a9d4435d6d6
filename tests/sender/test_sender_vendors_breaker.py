"""When a vendor that fails is left alone, and when it is trusted again: the decision, and what replicas share of it."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from services.sender.breaker_rules import after_call, after_probe, probe_due, probing
from services.sender.breakers import Breakers
from services.sender.vendor_outcomes import broken, judge_call
from shared.bus.connection import linked
from shared.bus.publisher import Publisher
from shared.bus.topology import declare
from shared.clock import FixedClock
from shared.conversation.bridges import BreakerLimits
from shared.failures import Misconfigured, OutcomeUnknown, Refused, SendFailure, TooFast, Unavailable
from shared.store.driver import Database
from shared.store.sealing import Sealer
from shared.store.vendor_accounts import Breaker, BreakerStore, VendorAccountStore, VendorCache
from tests.sender.office import SMALL
from tests.support.services import KEYS
from tests.vendors.qiyu_house import qiyu_account

NOON = datetime.fromisoformat("2026-11-22T12:00:00+08:00")
LIMITS = BreakerLimits(failures=3, within_seconds=60, open_seconds=30)
DEAD = Unavailable("unreachable", "ClientConnectorError", retry_after_seconds=1)
SILENT = OutcomeUnknown("no_answer", "the request was written")
RATE = TooFast("14009", "too fast", retry_after_seconds=1)
BAD = Refused("14004", "malformed")
WRONG_KEY = Misconfigured("14001", "appKey", retry_after_seconds=60)
WELL = Breaker(app_id="wx1", account="q1", since=NOON)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def after(*failures: SendFailure | None, apart: float = 1) -> Breaker:
    """A breaker after these calls, so many seconds apart."""
    breaker = WELL
    for number, failure in enumerate(failures):
        breaker = after_call(breaker, failure, LIMITS, at(number * apart))
    return breaker


@pytest.mark.parametrize("failure", [DEAD, SILENT])
def test_it_opens_after_so_many_failures_in_a_row(failure: SendFailure) -> None:
    assert after(failure, failure).state == "closed"
    opened = after(failure, failure, failure)
    assert (opened.state, opened.since, opened.probe_at) == ("open", at(2), at(32))
    assert (opened.code, opened.failures) == (failure.code, 3)


@pytest.mark.parametrize("answer", [None, BAD])
def test_an_answer_ends_the_row(answer: SendFailure | None) -> None:
    assert after(DEAD, DEAD, answer, DEAD, DEAD).state == "closed"


def test_being_asked_too_fast_is_no_failure_and_ends_no_row() -> None:
    assert after(RATE, RATE, RATE, RATE) is WELL
    assert after(DEAD, RATE, DEAD, RATE, DEAD).state == "open"


def test_a_row_that_takes_too_long_begins_anew() -> None:
    assert after(DEAD, DEAD, DEAD, apart=31).failures == 1
    assert after(DEAD, DEAD, DEAD, apart=30).state == "open"


def test_what_an_operator_must_mend_opens_it_at_once() -> None:
    assert (after(WRONG_KEY).state, after(WRONG_KEY).code) == ("open", "14001")


def test_calls_that_were_under_way_change_nothing_once_it_is_open() -> None:
    opened = after(WRONG_KEY)
    assert after_call(opened, None, LIMITS, at(5)) is opened
    assert after_call(opened, DEAD, LIMITS, at(5)) is opened


def test_a_probe_closes_it_or_leaves_it_open_as_long_again() -> None:
    opened = after(WRONG_KEY)
    assert not probe_due(opened, at(29))
    assert probe_due(opened, at(30))
    half = probing(opened, at(30), 20)
    assert half.down
    assert (probe_due(half, at(49)), probe_due(half, at(50))) == (False, True)
    again = after_probe(half, DEAD, LIMITS, at(31))
    assert (again.state, again.since, again.probe_at, again.code) == ("open", NOON, at(61), "unreachable")
    closed = after_probe(half, None, LIMITS, at(31))
    assert (closed.state, closed.failures, closed.probe_at, closed.code) == ("closed", 0, None, None)


def test_a_drill_is_probed_only_when_its_time_is_over() -> None:
    drill = WELL.but(state="open", drill=True)
    assert not probe_due(drill, at(86_400))
    timed = drill.but(probe_at=at(60))
    assert (probe_due(timed, at(59)), probe_due(timed, at(60))) == (False, True)
    assert not after_probe(probing(timed, at(60), 20), None, LIMITS, at(60)).drill


@pytest.mark.parametrize(
    ("failure", "outcome", "down"),
    [(SILENT, "unknown", False), (BAD, "refused", False), (WRONG_KEY, "refused", True)],
)
def test_a_call_ends_as_its_failure_says(failure: SendFailure, outcome: str, down: bool) -> None:  # noqa: FBT001
    ended = judge_call(failure, tries=1, now=NOON)
    assert ended[0] == outcome
    assert getattr(ended, "down", None) == down


def test_what_was_not_delivered_is_put_off_longer_each_time() -> None:
    waits = [judge_call(DEAD, tries=tries, now=NOON)[0] for tries in (1, 2, 3)]
    assert waits == [at(1), at(2), at(4)]
    later = Unavailable("http_503", "busy", retry_after_seconds=5)
    assert judge_call(later, tries=1, now=NOON)[0] == at(5)


def test_what_a_broken_breaker_refuses_is_down() -> None:
    assert (broken(after(WRONG_KEY)).code, broken(after(WRONG_KEY)).down) == ("breaker_open", True)


@pytest.fixture
async def publisher(environment: dict[str, str]) -> AsyncIterator[Publisher]:
    async with linked(environment["AMQP_URL"], "breakers") as link:
        await declare(link, SMALL)
        yield Publisher(link, SMALL)


class Replica:
    """One process's view of the breakers."""

    def __init__(self, database: Database, publisher: Publisher, clock: FixedClock) -> None:
        self.database = database
        self.store = BreakerStore(database)
        self.cache = VendorCache(VendorAccountStore(database, Sealer([KEYS])), self.store)
        self.breakers = Breakers(self.store, self.cache, publisher, clock)

    async def fail(self, times: int = 1, failure: SendFailure = DEAD) -> None:
        for _ in range(times):
            await self.breakers.note("wx1", "q1", failure, LIMITS)

    @property
    def now(self) -> Breaker:
        return self.breakers.of("wx1", "q1")

    @property
    def state(self) -> str:
        return self.now.state


@pytest.fixture
async def replicas(database: Database, publisher: Publisher) -> tuple[Replica, Replica, FixedClock]:
    await database["breakers"].delete_many({})
    await database["vendor_accounts"].delete_many({})
    clock = FixedClock(NOON)
    first, second = (Replica(database, publisher, clock) for _ in range(2))
    await VendorAccountStore(database, Sealer([KEYS])).add(qiyu_account().but(account_id="q1"))
    for replica in (first, second):
        await replica.cache.refresh()
    return first, second, clock


async def test_failures_are_counted_by_whoever_meets_them(replicas: tuple[Replica, Replica, FixedClock]) -> None:
    first, second, _ = replicas
    await first.fail(2)
    await second.fail()
    assert second.state == "open"
    assert first.state == "closed"
    await first.cache.refresh()
    assert first.state == "open"


async def test_one_replica_probes_and_all_know_what_it_found(replicas: tuple[Replica, Replica, FixedClock]) -> None:
    first, second, clock = replicas
    await first.fail(3)
    await second.cache.refresh()
    assert first.breakers.due() == []
    clock.advance(30)
    [due] = first.breakers.due()
    half = await first.breakers.half_open(due)
    assert half is not None
    assert await second.breakers.half_open(due) is None
    await first.breakers.probed(half, None, LIMITS)
    assert first.state == "closed"
    await second.cache.refresh()
    assert (second.state, second.breakers.due()) == ("closed", [])


async def test_what_somebody_does_by_hand_outlasts_a_probe(replicas: tuple[Replica, Replica, FixedClock]) -> None:
    first, _, clock = replicas
    await first.fail(3)
    clock.advance(30)
    half = await first.breakers.half_open(first.now)
    assert half is not None
    drill = await first.store.save(half.but(state="open", drill=True, probe_at=None))
    assert drill is not None
    await first.breakers.probed(half, None, LIMITS)
    await first.cache.refresh()
    assert (first.state, first.now.drill) == ("open", True)
    await first.fail()
    assert first.breakers.due() == []


async def test_half_open_for_too_long_is_probed_again(replicas: tuple[Replica, Replica, FixedClock]) -> None:
    first, second, clock = replicas
    await first.fail(3)
    clock.advance(30)
    assert await first.breakers.half_open(first.now) is not None
    await second.cache.refresh()
    assert second.breakers.due() == []
    clock.advance(30)
    [due] = second.breakers.due()
    assert await second.breakers.half_open(due) is not None


async def test_an_account_that_was_removed_is_forgotten(replicas: tuple[Replica, Replica, FixedClock]) -> None:
    first, _, clock = replicas
    await first.fail(3)
    clock.advance(30)
    assert first.breakers.due()
    await VendorAccountStore(first.database, Sealer([KEYS])).remove("q1")
    await first.cache.refresh()
    assert first.breakers.due() == []
