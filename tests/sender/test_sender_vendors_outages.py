"""A vendor that is down is left alone, and taken back when it is well; by the clock that tests can move."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from shared.bus.connection import linked
from shared.bus.live import listen
from shared.contracts.hints import LiveHint, SettingsChanged
from shared.conversation.bridges import BridgeSettings
from shared.observe import metrics
from shared.store.vendor_accounts import Breaker
from tests.sandbox.box import APPID
from tests.sender.vendor_desk import ACCOUNT, LIMITS, VendorDesk
from tests.support.waiting import eventually
from tests.vendors.qiyu_house import PLACE, SEND


async def fail(vendors: VendorDesk, times: int, **fault: object) -> None:
    """So many calls of as many customers fail."""
    vendors.fault(SEND, times=times, **fault)
    calls = [await vendors.relay(openid=f"o-{number}") for number in range(times)]
    for call in calls:
        await vendors.desk.publish(call)
        await eventually(partial(vendors.row, call))


async def refused_at_once(vendors: VendorDesk) -> None:
    call = await vendors.relay(openid="o-new")
    before = len(vendors.qiyu.book)
    await vendors.desk.publish(call)
    told = await vendors.answered(call)
    assert (told.outcome, told.code, told.down) == ("refused", "breaker_open", True)
    assert len(vendors.qiyu.book) == before


@pytest.mark.parametrize("fault", [{"drop": True}, {"code": 14500}, {"http": 503}])
async def test_it_is_left_alone_after_failures_in_a_row(vendors: VendorDesk, fault: dict[str, object]) -> None:
    await vendors.add_account()
    async with vendors.sender():
        await fail(vendors, LIMITS.failures - 1, **fault)
        assert (await vendors.breaker()).state == "closed"
        await fail(vendors, 1, **fault)
        await vendors.breaker_is("open")
        await refused_at_once(vendors)


async def test_what_waits_for_it_is_refused_when_it_comes_back(vendors: VendorDesk) -> None:
    await vendors.add_account()
    async with vendors.sender():
        vendors.fault(SEND, http=503)
        waiting = await vendors.relay(openid="o-waiting")
        await vendors.desk.publish(waiting)
        await vendors.in_collection(waiting, "deferred")
        await fail(vendors, LIMITS.failures - 1, http=503)
        await vendors.breaker_is("open")
        told = await vendors.answered(waiting)
        assert (told.outcome, told.code, told.down) == ("refused", "breaker_open", True)


async def test_a_wrong_secret_opens_it_at_once(vendors: VendorDesk) -> None:
    await vendors.add_account()
    vendors.fault(SEND, code=14002, times=1)
    async with vendors.sender():
        call = await vendors.relay()
        await vendors.desk.publish(call)
        told = await vendors.answered(call)
        assert (told.outcome, told.code, told.down) == ("refused", "14002", True)
        assert (await vendors.breaker_is("open")).code == "14002"
        await refused_at_once(vendors)


async def test_it_is_probed_until_it_is_well_and_then_taken_back(vendors: VendorDesk) -> None:
    await vendors.add_account()
    async with vendors.sender():
        await fail(vendors, LIMITS.failures, http=500)
        opened = await vendors.breaker_is("open")
        assert vendors.qiyu.calls(PLACE) == []
        vendors.fault(PLACE, http=500, times=1)
        await vendors.desk.box.advance(LIMITS.open_seconds + 1)
        await eventually(lambda: vendors.qiyu.calls(PLACE))
        again = await eventually(lambda: still_open(vendors, opened))
        assert again
        assert again.since == opened.since
        await vendors.desk.box.advance(LIMITS.open_seconds + 1)
        await vendors.breaker_is("closed")
        call = await vendors.relay()
        await vendors.desk.publish(call)
        assert (await vendors.answered(call)).outcome == "sent"
    assert len(vendors.qiyu.calls(PLACE)) == 2


async def still_open(vendors: VendorDesk, before: Breaker) -> Breaker | None:
    """The breaker once it was opened again, after a probe in vain."""
    breaker = await vendors.breaker()
    opened_again = breaker.state == "open" and breaker.version > before.version
    return breaker if opened_again else None


async def test_the_open_breaker_outlives_its_process_and_is_probed_by_the_next(vendors: VendorDesk) -> None:
    await vendors.add_account()
    async with vendors.sender():
        await fail(vendors, LIMITS.failures, http=500)
        await vendors.breaker_is("open")
    async with vendors.sender():
        await refused_at_once(vendors)
        await vendors.desk.box.advance(LIMITS.open_seconds + 10)
        await vendors.breaker_is("closed")


async def test_opening_and_closing_are_announced_and_measured(vendors: VendorDesk) -> None:
    await vendors.add_account()
    gauge = metrics.sender_vendor_breaker_open.labels(ACCOUNT, APPID)
    heard: list[LiveHint] = []
    async with linked(vendors.environment["AMQP_URL"], "hints") as link, vendors.sender():
        subscribed = asyncio.Event()

        async def note() -> None:
            subscribed.set()

        listening = asyncio.create_task(listen(link, ("settings_changed",), heard.append, subscribed=note))
        await subscribed.wait()
        await fail(vendors, LIMITS.failures, http=500)
        await eventually(lambda: heard == [SettingsChanged(what="vendors")])
        assert gauge._value.get() == 1
        await vendors.desk.box.advance(LIMITS.open_seconds + 1)
        await eventually(lambda: heard == [SettingsChanged(what="vendors")] * 2)
        await eventually(lambda: gauge._value.get() == 0)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def drill(vendors: VendorDesk, seconds: float | None) -> None:
    """Somebody opens the breaker on purpose."""
    now = vendors.desk.now
    until = None if seconds is None else now + timedelta(seconds=seconds)
    before = await vendors.breaker()
    fields = {"state": "open", "since": now, "probe_at": until, "drill": True, "code": "drill"}
    assert await vendors.breakers.save(before.but(**fields)) is not None


async def test_a_drill_lasts_until_somebody_ends_it(vendors: VendorDesk) -> None:
    await vendors.add_account()
    await drill(vendors, None)
    async with vendors.sender():
        await refused_at_once(vendors)
        await vendors.desk.box.advance(86_400)
        await refused_at_once(vendors)
        drilled = await vendors.breaker()
        assert (drilled.state, drilled.drill, vendors.qiyu.book) == ("open", True, [])
        await vendors.breakers.save(drilled.but(state="closed", drill=False))
        await vendors.desk.publisher.hint(SettingsChanged(what="vendors"))

        async def taken_back() -> bool:
            call = await vendors.relay()
            await vendors.desk.publish(call)
            return (await vendors.answered(call)).outcome == "sent"

        await eventually(taken_back)


async def test_a_drill_for_a_while_ends_with_a_probe(vendors: VendorDesk) -> None:
    await vendors.add_account()
    await drill(vendors, 60)
    async with vendors.sender():
        await refused_at_once(vendors)
        await vendors.desk.box.advance(70)
        closed = await vendors.breaker_is("closed")
        assert not closed.drill
    assert len(vendors.qiyu.calls(PLACE)) == 1


async def test_each_account_says_what_is_too_much_for_it(vendors: VendorDesk) -> None:
    await vendors.add_account(BridgeSettings(breaker=LIMITS.but(failures=1, open_seconds=600)))
    async with vendors.sender():
        await fail(vendors, 1, http=500)
        opened = await vendors.breaker_is("open")
        assert opened.probe_at == opened.since + timedelta(seconds=600)
