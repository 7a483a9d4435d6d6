"""Messages we may have to set aside: the one that kills us, and too many at once.

How a condemned message enters its conversation's books is the business of each service; when it comes to that is
decided here.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from shared.bus.partition_consumer import Received, StopPartition
from shared.clock import real_now
from shared.outage import Outage
from shared.store.dead import DeadStore, dead_id

SUSPICIOUS_DELIVERIES: Final = 5
"""A message that came back more often than this may be what kills us: it is taken alone, and noted."""
NOTES_ALLOWED: Final = 2
CONDEMNED_PER_MINUTE: Final = 5
"""More than this and it is not the messages that are wrong."""

Take = Callable[[list[Received]], Awaitable[None]]
Condemn = Callable[[Received, str], Awaitable[None]]


class Suspects:
    """Takes a batch as it is, unless something in it has come back suspiciously often.

    Such a message is noted before it is taken and cleared after; the third note without a clear condemns it.
    """

    def __init__(self, queue: str, dead: DeadStore, take: Take, condemn: Condemn) -> None:
        self._queue = queue
        self._dead = dead
        self._take = take
        self._condemn = condemn

    async def take(self, received: list[Received]) -> None:
        if not any(one.delivery_count > SUSPICIOUS_DELIVERIES for one in received):
            await self._take(received)
            return
        for one in received:
            await self._take_alone(one)

    async def _take_alone(self, one: Received) -> None:
        if one.delivery_count <= SUSPICIOUS_DELIVERIES:
            await self._take([one])
            return
        name = dead_id(self._queue, one.body)
        times = await self._dead.note_taking(name)
        try:
            if times > NOTES_ALLOWED:
                await self._condemn(one, "taking it ended the process, again and again")
            else:
                await self._take([one])
        except Exception:
            # An outage, or a bug: whatever it was, this process did not die of it.
            with suppress(Outage):
                await self._dead.clear_note(name)
            raise
        await self._dead.clear_note(name)


class CondemnedRate:
    """Counts what was condemned on one partition; too many within a minute stop it."""

    def __init__(self, real: Callable[[], datetime] = real_now) -> None:
        self._real = real
        self._at: deque[datetime] = deque(maxlen=CONDEMNED_PER_MINUTE + 1)

    def note(self) -> None:
        """Raises StopPartition."""
        now = self._real()
        self._at.append(now)
        if len(self._at) > CONDEMNED_PER_MINUTE and now - self._at[0] < timedelta(minutes=1):
            raise StopPartition(f"more than {CONDEMNED_PER_MINUTE} messages condemned within a minute")
