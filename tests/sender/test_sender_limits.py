import asyncio
from datetime import datetime, timedelta
from functools import partial

import pytest

from services.sender.lanes import Lane, LaneLimits
from services.sender.outcomes import NotNow, next_day, wechat_day
from shared.clock import FixedClock
from shared.store.driver import Database
from shared.store.lanes import Gate, LaneStore
from tests.sandbox.box import APPID, SEND
from tests.sender.office import Office
from tests.support.waiting import eventually

NOON = datetime.fromisoformat("2026-11-22T12:00:00+08:00")
GATE = Gate(until=NOON + timedelta(minutes=5), code="48001", reason="api unauthorized")


def lane(database: Database, holder: str = "me", clock: FixedClock | None = None, **limits: float) -> Lane:
    known = LaneLimits(
        rate_per_second=limits.get("rate", 1000.0),
        burst=int(limits.get("burst", 1000)),
        in_flight=int(limits.get("in_flight", 100)),
        daily_limit=int(limits["daily"]) if "daily" in limits else None,
    )
    return Lane("wx1", known, LaneStore(database), holder, clock or FixedClock(NOON))


async def attempt(lane: Lane, *, patience: float = 1.0, returning: bool = False) -> float:
    """Go through the lane once; when the call would have been made."""
    loop = asyncio.get_running_loop()
    async with lane.admitted(), lane.place(loop.time() + patience, returning=returning):
        return loop.time()


async def test_calls_keep_to_the_rate_and_a_new_owner_has_no_burst(database: Database) -> None:
    served = lane(database, rate=50, burst=5)
    began = asyncio.get_running_loop().time()
    calls = sorted(await asyncio.gather(*(attempt(served) for _ in range(20))))
    for number, called in enumerate(calls, start=1):
        assert called - began >= number / 50 - 0.005


async def test_what_finds_no_place_within_a_second_is_put_off_one_after_another(database: Database) -> None:
    clock = FixedClock(NOON)
    served = lane(database, rate=2, burst=1, clock=clock)
    put_off = []
    for _ in range(3):
        with pytest.raises(NotNow) as later:
            await attempt(served, patience=0.01)
        put_off.append((later.value.put_off.due_at - NOON).total_seconds())
        assert later.value.put_off.why == "rate"
    assert put_off == pytest.approx([1.5, 2.0, 2.5], abs=0.3)


async def test_what_comes_back_goes_before_what_arrives(database: Database) -> None:
    served = lane(database, rate=2, burst=1)
    for _ in range(3):
        with pytest.raises(NotNow):
            await attempt(served, patience=0.01)
    with pytest.raises(NotNow):
        await attempt(served, patience=60)
    await attempt(served, patience=60, returning=True)


async def test_no_more_than_so_many_calls_are_under_way(database: Database) -> None:
    served = lane(database, in_flight=1)
    loop = asyncio.get_running_loop()
    async with served.admitted(), served.place(loop.time() + 1, returning=False):
        with pytest.raises(NotNow) as later:
            await attempt(served, patience=0.05)
    assert later.value.put_off.why == "busy"
    await attempt(served)


async def test_a_gate_lets_one_through_to_try_when_its_time_is_over(database: Database) -> None:
    clock = FixedClock(NOON)
    served = lane(database, clock=clock)
    await attempt(served)
    assert await served.shut(GATE)
    assert not await served.shut(GATE)
    with pytest.raises(NotNow) as later:
        await attempt(served)
    assert later.value.put_off.due_at == GATE.until
    clock.advance(301)
    async with served.admitted() as probing:
        assert probing
        with pytest.raises(NotNow):
            await attempt(served)
        await served.reopen()
    async with served.admitted() as probing:
        assert not probing


async def test_a_new_owner_knows_the_gate_and_the_days_count(database: Database) -> None:
    first = lane(database, "me", daily=2)
    await attempt(first)
    await first.shut(GATE)
    await first.flush()
    with pytest.raises(NotNow) as later:
        await attempt(lane(database, "another"))
    assert later.value.put_off.due_at == GATE.until
    clock = FixedClock(GATE.until)
    second = lane(database, "third", clock, daily=2)
    async with second.admitted():
        await second.reopen()
    await attempt(second)
    with pytest.raises(NotNow) as later:
        await attempt(second)
    assert later.value.put_off.due_at == next_day(clock.now())
    clock.at = next_day(clock.now())
    await attempt(second)


def test_wechats_day_is_beijings() -> None:
    assert wechat_day(datetime.fromisoformat("2026-11-22T15:59:59+00:00")).day == 22
    assert wechat_day(datetime.fromisoformat("2026-11-22T16:00:00+00:00")).day == 23


async def test_after_too_many_calls_a_minute_the_lane_waits_for_the_next_one(desk: Office) -> None:
    await desk.open_window("o-2")
    await desk.faults({"path": SEND, "errcode": 45011, "times": 1})
    async with desk.sender():
        first = await desk.send("一")
        assert (await desk.in_collection(first, "deferred")).why == "gate"
        second = await desk.send("二", openid="o-2")
        await desk.in_collection(second, "deferred")
        assert len(await desk.calls()) == 1
        await desk.box.advance(62)
        for send in (first, second):
            assert (await desk.settled(send)).outcome == "sent"


async def test_the_days_quota_is_waited_for_across_a_restart(desk: Office) -> None:
    await desk.faults({"path": SEND, "errcode": 45009, "times": 1})
    async with desk.sender():
        first = await desk.send("一", expires_in=40 * 3600)
        row = await desk.in_collection(first, "deferred")
    assert row.due_at == next_day(desk.now)
    await desk.open_window("o-2")
    async with desk.sender():
        second = await desk.send("二", openid="o-2", expires_in=40 * 3600)
        await desk.in_collection(second, "deferred")
        assert len(await desk.calls()) == 1
        await desk.box.advance(24 * 3600)
        for send in (first, second):
            assert (await desk.settled(send)).outcome == "sent"


async def test_what_an_operator_must_mend_is_told_to_one_and_waited_for_by_the_others(desk: Office) -> None:
    await desk.open_window("o-2")
    await desk.box.put_app(mode="plain", aes_key="", knobs={"disabled_apis": [SEND]})
    async with desk.sender():
        first = await desk.settled(await desk.send("一"))
        assert (first.outcome, first.code) == ("refused", "48001")
        second = await desk.send("二", openid="o-2")
        await desk.in_collection(second, "deferred")
        await desk.box.put_app(mode="plain", aes_key="")
        await desk.box.advance(301)
        assert (await desk.settled(second)).outcome == "sent"
        third = await desk.settled(await desk.send("三"))
        assert third.outcome == "sent"


async def test_a_wrong_secret_is_told_in_words_and_asked_about_once(desk: Office) -> None:
    await desk.box.put_app(mode="plain", aes_key="", secret="another")
    await asyncio.gather(*(desk.open_window(f"o-{number}") for number in range(5)))
    async with desk.sender():
        sends = [desk.command(openid=f"o-{number}") for number in range(5)]
        await desk.publish(*sends)
        await eventually(lambda: [fact for send in sends for fact in desk.told(send)])
        for send in sends:
            await desk.written(send)
        told = [fact for send in sends for fact in desk.told(send)]
        assert [(fact.outcome, fact.code) for fact in told] == [("refused", "40125")]
    assert await desk.calls() == []


async def test_a_flood_is_sent_at_the_lanes_rate_and_in_each_customers_order(desk: Office) -> None:
    customers = [f"o-{number}" for number in range(10)]
    await asyncio.gather(*(desk.open_window(openid) for openid in customers))
    sends = [desk.command(f"{turn}", openid=openid) for turn in range(3) for openid in customers]
    async with desk.sender(SENDER_RATE_PER_SECOND=15, SENDER_BURST=1):
        await desk.publish(*sends)
        for send in sends:
            assert (await desk.settled(send)).outcome == "sent"
        assert await desk.database["sends"].count({"tries": {"$gt": 0}}) == 0
    for openid in customers:
        assert await desk.phone(openid) == ["0", "1", "2"]
    book = [datetime.fromisoformat(call["at"]) for call in await desk.calls()]
    assert (book[-1] - book[0]).total_seconds() >= (len(sends) - 1) / 15 - 0.1


async def test_a_closed_lane_holds_up_no_other_lane(desk: Office) -> None:
    await desk.faults({"path": SEND, "errcode": 45011, "times": 1})
    async with desk.sender():
        await desk.in_collection(await desk.send("一"), "deferred")
        waiting = [desk.command(openid=f"o-{number}") for number in range(300)]
        other = desk.command(app_id=f"{APPID}-2")
        await desk.publish(*waiting, other)
        assert (await desk.settled(other)).code == "app_removed"
        await eventually(partial(unsettled, desk, 301))
    assert len(await desk.calls()) == 1


async def unsettled(desk: Office, count: int) -> bool:
    return await desk.database["sends"].count({"app_id": APPID, "state": "deferred"}) == count
