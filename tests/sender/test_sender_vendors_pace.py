"""A vendor's limits: exact by arithmetic, whatever the machine's speed; and what waits for them."""

import asyncio

import pytest
from aiohttp import ClientSession

from services.sender.vendor_lanes import PATIENCE_SECONDS, Pace, VendorLanes
from services.sender.vendor_ports import VendorPorts
from shared.clock import SystemClock
from shared.failures import TooFast
from shared.store.driver import Database
from shared.store.lanes import LaneStore
from shared.store.sealing import Sealer
from shared.store.vendor_accounts import BreakerStore, VendorAccountStore, VendorCache
from shared.vendors.port import VendorLimits
from tests.sender.qiyu_side import QiyuSide
from tests.support.services import KEYS
from tests.vendors.qiyu_house import CUSTOMER_OF_OURS, qiyu_account, relayed_text


def simulated(limits: VendorLimits, waiting: dict[str, int]) -> dict[str, list[float]]:
    """When each request goes, of so many for each endpoint at once, if nothing but their limits keeps them."""
    pace = Pace(limits)
    began = now = asyncio.get_running_loop().time()
    gone: dict[str, list[float]] = {endpoint: [] for endpoint in waiting}
    wakes = dict.fromkeys(waiting, now)
    while wakes:
        endpoint, now = min(wakes.items(), key=lambda item: item[1])
        if wait_seconds := pace.take(endpoint, now):
            wakes[endpoint] = now + wait_seconds
            continue
        gone[endpoint].append(now - began)
        if len(gone[endpoint]) == waiting[endpoint]:
            del wakes[endpoint]
    return gone


def most_in(instants: list[float], seconds: float) -> int:
    """The most of them in any span of so many seconds, its end not included."""
    return max(sum(1 for at in instants if begin <= at < begin + seconds - 1e-9) for begin in instants)


async def test_no_endpoint_is_called_faster_than_its_limit() -> None:
    instants = simulated(VendorLimits(account_per_second=1000, endpoint_per_second=5), {"/send": 23})["/send"]
    assert instants[0] >= 0.199
    assert most_in(instants, 1) == 5


async def test_all_endpoints_together_keep_to_the_accounts_limit_and_each_goes_on() -> None:
    by_endpoint = simulated(VendorLimits(20, 5), {f"/{name}": 10 for name in "abcdefgh"})
    everything = sorted(at for instants in by_endpoint.values() for at in instants)
    assert len(everything) == 80
    assert most_in(everything, 1) == 20
    assert max(most_in(instants, 1) for instants in by_endpoint.values()) <= 5


async def test_nothing_is_saved_up_while_nobody_calls_nor_when_another_has_called() -> None:
    pace, now = Pace(VendorLimits(20, 5)), asyncio.get_running_loop().time() + 60
    assert pace.take("/send", now) == 0
    assert pace.take("/send", now) > 0.19
    pace.start_anew()
    assert pace.take("/send", asyncio.get_running_loop().time()) > 0


async def test_a_new_owner_starts_with_nothing(database: Database) -> None:
    lanes, others = (
        VendorLanes("qiyu:q9", VendorLimits(20, 20), LaneStore(database), holder, SystemClock()) for holder in "ab"
    )
    for owner in (others, lanes):
        async with owner.of("relay").admitted():
            pass
    await lanes.pace("/send")
    waited = asyncio.get_running_loop().time() - lanes.of("relay").owned_at
    assert waited >= 1 / 20 - 0.001


async def test_no_request_is_made_whose_turn_comes_too_late(database: Database) -> None:
    await database["vendor_accounts"].delete_many({})
    accounts = VendorAccountStore(database, Sealer([KEYS]))
    await accounts.add(qiyu_account(calls_per_second=1000, calls_per_endpoint=1000))
    cache = VendorCache(accounts, BreakerStore(database))
    await cache.refresh()
    async with QiyuSide().listening() as qiyu, ClientSession() as http:
        bases = {"qiyu": qiyu.url}
        ports = VendorPorts(
            http, cache, LaneStore(database), SystemClock(), holder="a", answer_seconds=5, api_bases=bases
        )
        used = ports.of("qiyu-1")
        assert used is not None
        await used.port().relay(CUSTOMER_OF_OURS, relayed_text("及时"))
        with pytest.raises(TooFast):
            await used.port(lambda: False).relay(CUSTOMER_OF_OURS, relayed_text("太晚"))
    assert qiyu.said() == ["及时"]


async def test_a_request_that_would_wait_too_long_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.sender.vendor_lanes.PATIENCE_SECONDS", PATIENCE_SECONDS / 50)
    pace = Pace(VendorLimits(account_per_second=1, endpoint_per_second=1))
    with pytest.raises(TooFast):
        await pace("/send")
