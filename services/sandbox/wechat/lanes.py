"""The order in which one customer's pushes begin.

A push begins when the first attempt of the one before has ended: a phone's messages arrive in order, but a push that
nobody answered is resent later and may come after its successors, as with WeChat.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turn:
    """One push's place in a lane. `overtaken_by` is set for a push that lets its successor pass, if one comes soon."""

    def __init__(self, before: list[asyncio.Event], overtake_wait_seconds: float = 0) -> None:
        self.before = before
        self.ended = asyncio.Event()
        self.overtaken_by: asyncio.Future[asyncio.Event] | None = None
        self._overtake_wait_seconds = overtake_wait_seconds

    @asynccontextmanager
    async def taken(self, after_seconds: float = 0) -> AsyncIterator[None]:
        """Wait for this push's turn, but at least `after_seconds`; leaving gives the turn on."""
        try:
            if after_seconds:
                await asyncio.sleep(after_seconds)
            for event in self.before:
                await event.wait()
            if self.overtaken_by is not None:
                await self._let_pass(self.overtaken_by)
            yield
        finally:
            self.before = []
            self.ended.set()

    async def _let_pass(self, successor: "asyncio.Future[asyncio.Event]") -> None:
        await asyncio.wait([successor], timeout=self._overtake_wait_seconds)
        if successor.done():
            ended = successor.result()
            await ended.wait()
        else:
            successor.cancel()


class Lane:
    """One customer's pushes, in the order in which they were queued."""

    def __init__(self) -> None:
        self._last: list[asyncio.Event] = []
        self._holding_back: Turn | None = None

    def queue(self, overtake_wait_seconds: float | None = None) -> Turn:
        """The next turn. With a time, every first of two waits so long to be overtaken by the second."""
        earlier = self._holding_back
        self._holding_back = None
        if overtake_wait_seconds is None:
            turn = Turn(self._unended())
        elif earlier is not None and earlier.overtaken_by is not None and not earlier.overtaken_by.done():
            return self._overtake(earlier, earlier.overtaken_by)
        else:
            turn = self._holding_back = Turn(self._unended(), overtake_wait_seconds)
            turn.overtaken_by = asyncio.get_running_loop().create_future()
        self._last = [turn.ended]
        return turn

    def _overtake(self, earlier: Turn, overtaken: "asyncio.Future[asyncio.Event]") -> Turn:
        turn = Turn(earlier.before)
        overtaken.set_result(turn.ended)
        self._last = [earlier.ended, turn.ended]
        return turn

    def _unended(self) -> list[asyncio.Event]:
        return [event for event in self._last if not event.is_set()]
