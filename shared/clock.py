"""One clock for everything whose time a test or the sandbox must be able to move.

Windows, tokens and timers read a `Clock`. Socket timeouts, leases, claims' ages and attempts' deadlines are
about real machines and read `real_now()`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

from shared.outage import Outage


def real_now() -> datetime:
    """The machine's own time, in UTC."""
    return datetime.now(UTC)


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, in UTC."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return real_now()


class FixedClock:
    """A clock that a test sets and moves."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class OffsetClock:
    """The machine's time moved by an offset that something else decides (`CLOCK=sandbox`)."""

    def __init__(self) -> None:
        self.offset_seconds = 0.0

    def now(self) -> datetime:
        return real_now() + timedelta(seconds=self.offset_seconds)

    async def follow(self, read_offset: Callable[[], Awaitable[float]], every_seconds: float = 0.2) -> None:
        """Read the offset again and again until cancelled; an unreachable source keeps the last one."""
        while True:
            with suppress(Outage):
                self.offset_seconds = await read_offset()
            await asyncio.sleep(every_seconds)


class Milliseconds:
    """A clock in whole milliseconds: MongoDB keeps no more, and what is told again must read as it was told."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        at = self._clock.now()
        return at.replace(microsecond=at.microsecond // 1000 * 1000)
