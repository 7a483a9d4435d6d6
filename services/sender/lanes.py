"""A lane is whoever's limit it is: one mini program's. Its rate, its gate, and what is under way in it.

Calls to a vendor pass lanes, too, which `services.sender.vendor_lanes` makes of the vendor's limits.

One replica serves a lane at a time, so the rate is plain arithmetic in memory. What a new owner must know is in
MongoDB; whether the lane had another owner meanwhile is asked whenever it has been idle.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import date, timedelta
from typing import Final, NamedTuple

import structlog

from services.sender.outcomes import NotNow, next_day, wechat_day
from shared.clock import Clock
from shared.contracts import conversation_lane
from shared.limits.bucket import Bucket
from shared.observe import metrics
from shared.outage import Outage
from shared.store.lanes import Gate, LaneStore

log = structlog.get_logger()

PATIENCE_SECONDS: Final = 1.0
"""How long a send may wait in memory; what takes longer waits in the collection."""
IDLE_SECONDS: Final = 5.0
"""A lane unused for this long may have had another owner."""
FLUSH_SECONDS: Final = 1.0
TRY_SECONDS: Final = 60.0
"""A gate whose time is over, and which nobody has tried for so long, is no longer shown as closed."""


class LaneLimits(NamedTuple):
    rate_per_second: float
    burst: int
    in_flight: int
    daily_limit: int | None = None


class Lane:
    def __init__(self, name: str, limits: LaneLimits, store: LaneStore, holder: str, clock: Clock) -> None:
        self.name = name
        self._limits = limits
        self._store = store
        self._holder = holder
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self.owned_at = self._loop.time()
        """Since when nobody else has used what the lane allows, by the loop's time."""
        self._bucket = Bucket.empty(limits.rate_per_second, limits.burst, self.owned_at)
        self._flights = asyncio.Semaphore(limits.in_flight)
        self._attending: asyncio.Task[None] | None = None
        self._used_at = -math.inf
        self._gate: Gate | None = None
        self._probing = False
        self._line_ends_at = 0.0
        self._waiting = 0
        self._day: date | None = None
        self._attempts_today = 0
        self._uncounted = 0

    @property
    def idle(self) -> bool:
        """Whether something of no importance may go out: nothing waits, and the gate is open."""
        return self._waiting == 0 and self._gate is None and not self._flights.locked()

    @asynccontextmanager
    async def admitted(self) -> AsyncIterator[bool]:
        """Pass the gate; raises NotNow where it is closed.

        When its time is over, one send alone goes through to try (yields True), and the others wait for what becomes
        of it.
        """
        await self._attend()
        self._check_daily_limit()
        gate, now = self._gate, self._clock.now()
        if gate is None:
            yield False
            return
        if now < gate.until:
            raise NotNow(gate.until, "gate")
        if self._probing:
            raise NotNow(now + timedelta(seconds=PATIENCE_SECONDS), "gate")
        self._probing = True
        try:
            yield True
        finally:
            self._probing = False

    @asynccontextmanager
    async def place(self, start_by: float, *, returning: bool) -> AsyncIterator[None]:
        """A place in the rate and among those under way; raises NotNow where none comes before `start_by`.

        What had to wait before goes first: what arrives meanwhile stands at the end of the line.
        """
        self._waiting += 1
        try:
            await self._take_turn(start_by, returning=returning)
            await self._take_flight(start_by)
        finally:
            self._waiting -= 1
        try:
            self._check_daily_limit()
            self._attempts_today += 1
            self._uncounted += 1
            yield
        finally:
            self._flights.release()

    def take_spare(self) -> bool:
        """A place for something that is dropped rather than kept waiting."""
        taken = self._bucket.take(self._loop.time()) if self.idle else None
        if taken is None:
            return False
        self._bucket = taken.bucket
        return True

    async def shut(self, gate: Gate) -> bool:
        """Close the gate; False where it was closed already by somebody who found out earlier."""
        standing = self._gate
        closed = standing is not None and self._clock.now() < standing.until
        if standing is not None and closed and (gate.code == standing.code or gate.until <= standing.until):
            return False
        self._note_gate(gate)
        wait = (gate.until - self._clock.now()).total_seconds()
        log.error("lane_closed", lane=self.name, code=gate.code, reason=gate.reason, retry_seconds=round(wait))
        with suppress(Outage):  # then a new owner learns it from WeChat as we did
            await self._store.close(self.name, gate)
        return not closed

    async def reopen(self) -> None:
        """The one that tried got through: what had closed the gate is gone."""
        self._note_gate(None)
        log.info("lane_opened", lane=self.name)
        with suppress(Outage):
            await self._store.open(self.name)

    async def flush(self) -> None:
        """Add what was attempted to the day's count; a process that dies loses a second's worth of it."""
        count, self._uncounted = self._uncounted, 0
        if count:
            try:
                await self._store.count(self.name, wechat_day(self._clock.now()), count)
            except Outage:
                self._uncounted += count

    def _note_gate(self, gate: Gate | None) -> None:
        """What closes the lane from now on; the metrics show it until somebody could have tried again."""
        app_id = self.name.rpartition(":")[2]
        if self._gate is not None:
            metrics.sender_lane_closed.remove(app_id, self._gate.code)
        self._gate = gate
        if gate is not None:
            left = (gate.until - self._clock.now()).total_seconds()
            metrics.sender_lane_closed.set(1, app_id, gate.code, lapse_seconds=left + TRY_SECONDS)

    async def _take_turn(self, start_by: float, *, returning: bool) -> None:
        now = self._loop.time()
        line_waits = self._line_ends_at > now + PATIENCE_SECONDS
        patience = max(0.0, start_by - now)
        taken = self._bucket.take(now, patience) if returning or not line_waits else None
        if taken is None:
            raise NotNow(self._clock.now() + timedelta(seconds=self._join_line(now)), "rate")
        self._bucket = taken.bucket
        if taken.wait_seconds > 0:
            await asyncio.sleep(taken.wait_seconds)

    async def _take_flight(self, start_by: float) -> None:
        if not self._flights.locked():
            await self._flights.acquire()
            return
        try:
            async with asyncio.timeout_at(start_by):
                await self._flights.acquire()
        except TimeoutError:
            raise NotNow(self._clock.now() + timedelta(seconds=PATIENCE_SECONDS), "busy") from None

    def _join_line(self, now: float) -> float:
        """Those who wait in the collection come back one after another; how many seconds from now this one does."""
        end = max(self._line_ends_at, now + PATIENCE_SECONDS)
        self._line_ends_at = end + 1 / self._limits.rate_per_second
        return self._line_ends_at - now

    async def _attend(self) -> None:
        """Read what others left of the lane, where they may have; one question for all who wait."""
        if self._loop.time() - self._used_at >= IDLE_SECONDS:
            if self._attending is None:
                self._attending = asyncio.create_task(self._read())
            await asyncio.shield(self._attending)
        self._used_at = self._loop.time()

    async def _read(self) -> None:
        try:
            today = wechat_day(self._clock.now())
            record = await self._store.take(self.name, self._holder, today)
        finally:
            self._attending = None
        now = self._loop.time()
        if record.new_owner:
            self.owned_at = now
            self._bucket = Bucket.empty(self._limits.rate_per_second, self._limits.burst, now)
        self._note_gate(record.gate)
        self._day, self._attempts_today = today, record.attempts_today + self._uncounted
        self._used_at = now

    def _check_daily_limit(self) -> None:
        limit = self._limits.daily_limit
        if limit is None:
            return
        now = self._clock.now()
        if wechat_day(now) != self._day:
            self._day, self._attempts_today = wechat_day(now), 0
        if self._attempts_today >= limit:
            raise NotNow(next_day(now), "daily_limit")


class Lanes:
    """The lanes this process has served, by app."""

    def __init__(self, limits: LaneLimits, store: LaneStore, holder: str, clock: Clock) -> None:
        self._limits = limits
        self._store = store
        self._holder = holder
        self._clock = clock
        self._lanes: dict[str, Lane] = {}

    def of(self, app_id: str) -> Lane:
        lane = self._lanes.get(app_id)
        if lane is None:
            name = conversation_lane(app_id)
            lane = self._lanes[app_id] = Lane(name, self._limits, self._store, self._holder, self._clock)
        return lane

    async def keep_counting(self) -> None:
        """Write the day's counts down every second, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        for lane in list(self._lanes.values()):
            await lane.flush()
