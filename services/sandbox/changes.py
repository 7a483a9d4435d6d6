"""Something that people look at and that changes: a number of its state, and waiting for the next one."""

import asyncio


class Changes:
    def __init__(self) -> None:
        self.revision = 0
        self._waiters: set[asyncio.Future[None]] = set()

    def touch(self) -> None:
        self.revision += 1
        self.let_go()

    def let_go(self) -> None:
        """Answer everyone who waits."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self, seen: int, seconds: float) -> None:
        """Return when the revision is not `seen` any more, or after `seconds` of real time."""
        if self.revision != seen or seconds <= 0:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await asyncio.wait([waiter], timeout=seconds)
        finally:
            self._waiters.discard(waiter)
