"""The sandbox's clock: the machine's time moved by an offset that people and tests set.

Services with `CLOCK=sandbox` follow the same offset, which is why it can be kept where they read it.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from shared.clock import Clock, SystemClock

MAX_OFFSET_SECONDS: Final = 10 * 365 * 86400.0


class OffsetStore(Protocol):
    async def save_offset(self, seconds: float) -> None:
        """Keep the offset where the services read it; raises Outage if it cannot be kept."""
        ...


class TooFar(Exception):
    """The clock was asked to leave the ten years around the machine's time."""


class SandboxClock:
    """Implements `shared.clock.Clock`. An offset that could not be saved is not taken either."""

    def __init__(self, store: OffsetStore | None = None, real: Clock | None = None) -> None:
        self._store = store
        self._real = real or SystemClock()
        self.offset_seconds = 0.0
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        return self._real.now() + timedelta(seconds=self.offset_seconds)

    async def advance(self, seconds: float) -> None:
        await self.move(self.offset_seconds + seconds)

    async def set_to(self, at: datetime) -> None:
        await self.move((at.astimezone(UTC) - self._real.now()).total_seconds())

    async def until(self, at: datetime) -> None:
        """Return when this clock shows `at` or later, whether by waiting or because it was moved."""
        while (left := (at - self.now()).total_seconds()) > 0:
            moved = self._moved
            try:
                async with asyncio.timeout(left):
                    await moved.wait()
            except TimeoutError:
                continue

    async def move(self, offset_seconds: float) -> None:
        """Take this offset; raises TooFar, or Outage if it cannot be saved."""
        if abs(offset_seconds) > MAX_OFFSET_SECONDS:
            raise TooFar("the clock may be moved ten years from the machine's time, no further")
        if self._store is not None:
            await self._store.save_offset(offset_seconds)
        self.offset_seconds = offset_seconds
        self._moved.set()
        self._moved = asyncio.Event()
