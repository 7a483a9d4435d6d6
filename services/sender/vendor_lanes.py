"""A vendor's limits: so many requests a second of one endpoint, and so many of the whole account.

Calls pass a lane of their kind, so that those of one kind wait for no others and what must wait long waits in the
collection. Each request of a call then waits for its place in both limits, at the moment it is made: vendors count
requests, and a call may take several.
"""

import asyncio
from collections import defaultdict
from typing import Final

from services.sender.lanes import Lane, LaneLimits
from shared.clock import Clock
from shared.conversation.vendor_facts import CallKind
from shared.failures import TooFast, Words
from shared.limits.bucket import Bucket
from shared.store.lanes import LaneStore
from shared.vendors.port import VendorLimits

HEADROOM: Final = 0.95
"""So much of a limit is used: requests that leave at its very pace may arrive a little closer to each other."""
IN_FLIGHT: Final = 16
"""Calls of one kind that are under way at once, or twice as many as a second allows, where that is more; so the last
of them waits no longer than its requests have patience."""
PATIENCE_SECONDS: Final = 5.0
WORDS: Final = Words(
    zh="第三方客服限制了调用频率，系统会自动重试。", en="The vendor limits how often it is called; it is tried again."
)


class Pace:
    """Both limits of one account, exact for whoever alone makes its requests. Awaited before each; see `port.Pace`."""

    def __init__(self, limits: VendorLimits) -> None:
        self._loop = asyncio.get_running_loop()
        self._limits = limits
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.start_anew()

    def start_anew(self) -> None:
        """Somebody else may have made requests up to now: nothing is saved up."""
        self._made_at = self._loop.time()
        self._account = _empty(self._limits.account_per_second, self._made_at)
        self._endpoints: dict[str, Bucket] = {}

    async def __call__(self, endpoint: str) -> None:
        """Those of one endpoint go one after another; raises TooFast for one whose place does not come soon enough."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._turns[endpoint]:
                while wait_seconds := self.take(endpoint, self._loop.time()):  # noqa: ASYNC110 - until an instant, not for an event
                    await asyncio.sleep(wait_seconds)
        except TimeoutError:
            raise TooFast("rate", f"{endpoint}: others wait, too", WORDS, retry_after_seconds=1) from None

    def take(self, endpoint: str, now: float) -> float:
        """Take a place in both now; else how many seconds until there may be one, and nothing is taken."""
        bucket = self._endpoints.get(endpoint) or _empty(self._limits.endpoint_per_second, self._made_at)
        own, shared = bucket.take(now, PATIENCE_SECONDS), self._account.take(now, PATIENCE_SECONDS)
        if own is None or shared is None:
            return PATIENCE_SECONDS
        if wait_seconds := max(own.wait_seconds, shared.wait_seconds):
            return wait_seconds
        self._endpoints[endpoint], self._account = own.bucket, shared.bucket
        return 0.0


class VendorLanes:
    """The lanes of one account's calls, and the pace of their requests."""

    def __init__(self, name: str, limits: VendorLimits, store: LaneStore, holder: str, clock: Clock) -> None:
        self._name = name
        self._limits = VendorLimits(*(HEADROOM * limit for limit in limits))
        self._store = store
        self._holder = holder
        self._clock = clock
        self._lanes: dict[CallKind, Lane] = {}
        self._pace = Pace(self._limits)
        self._paced_at = asyncio.get_running_loop().time()

    @property
    def served(self) -> bool:
        """Whether this process has made calls of the account."""
        return bool(self._lanes)

    def of(self, kind: CallKind) -> Lane:
        lane = self._lanes.get(kind)
        if lane is None:
            rate = min(self._limits)
            limits = LaneLimits(rate, 1, max(IN_FLIGHT, int(2 * rate)))
            lane = self._lanes[kind] = Lane(f"{self._name}#{kind}", limits, self._store, self._holder, self._clock)
        return lane

    async def pace(self, endpoint: str) -> None:
        """As `port.Pace`."""
        owned_at = max((lane.owned_at for lane in self._lanes.values()), default=0.0)
        if owned_at > self._paced_at:
            self._paced_at = owned_at
            self._pace.start_anew()
        await self._pace(endpoint)


def _empty(per_second: float, now: float) -> Bucket:
    return Bucket.empty(per_second, 1, now)
