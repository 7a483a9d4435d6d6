"""Who is listening on this replica, and telling all of them at once what each may see."""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from services.console import frames
from services.console.access import Access
from services.console.cursor import Cursor
from services.console.frames import Change
from services.console.login import Identity
from shared.observe import metrics
from shared.store.changes import Stamp

LOGIN_ENDED: Final = 4401
TOO_SLOW: Final = 4408
RESTART: Final = 1012

FRAMES_BEHIND: Final = 20_000
"""However small the frames are."""


class Listener:
    """One live socket as the feed sees it: a bounded outbox, and an end with a close code.

    One that falls behind the bound is ended rather than waited for; it comes back with its cursor.
    """

    def __init__(self, identity: Identity, access: Access, limit_bytes: int) -> None:
        self.identity = identity
        self.access = access
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._limit_bytes = limit_bytes
        self._outbox: deque[bytes] = deque()
        self._bytes = 0
        self._something = asyncio.Event()

    @property
    def agent_id(self) -> str:
        return self.identity.agent.id

    def end(self, code: int) -> None:
        if not self.ended.done():
            self.ended.set_result(code)

    def put(self, told: Sequence[bytes], size: int) -> None:
        if self.ended.done():
            return
        if self._bytes + size > self._limit_bytes or len(self._outbox) + len(told) > FRAMES_BEHIND:
            self._outbox.clear()
            self.end(TOO_SLOW)
            return
        self._outbox.extend(told)
        self._bytes += size
        self._something.set()

    async def take(self) -> list[bytes]:
        """Everything there is to tell, waiting until there is something."""
        await self._something.wait()
        self._something.clear()
        told = list(self._outbox)
        self._outbox.clear()
        self._bytes = 0
        return told


class Feed:
    """The listeners by what they may see: what they all see is written once for all of them."""

    def __init__(self) -> None:
        self._audiences: dict[Access, set[Listener]] = {}
        self.horizon = Stamp(0, 0)
        """Every change up to here has been offered; a cursor never says more."""

    @property
    def listeners(self) -> list[Listener]:
        return [listener for audience in self._audiences.values() for listener in audience]

    def cursor(self, access: Access) -> str:
        return Cursor(self.horizon, access.mark).encode()

    def wants(self, app_id: str) -> bool:
        """Whether anyone here may see the app."""
        return any(access.sees(app_id) for access in self._audiences)

    @contextmanager
    def joined(self, listener: Listener) -> Iterator[None]:
        """Offer the listener everything for as long as the block runs."""
        self._audiences.setdefault(listener.access, set()).add(listener)
        metrics.console_sockets.inc()
        try:
            yield
        finally:
            self._leave(listener)
            metrics.console_sockets.dec()

    def moved(self, listener: Listener, access: Access) -> None:
        """The listener may see other apps than before: it is to load everything again."""
        self._leave(listener)
        listener.access = access
        self._audiences.setdefault(access, set()).add(listener)
        listener.put([frames.RESET], len(frames.RESET))

    def tell_changes(self, changes: Sequence[Change]) -> None:
        for access, audience in self._audiences.items():
            cursor = self.cursor(access)
            told = [change.frame(cursor) for change in changes if access.sees(change.app_id)]
            self._put(audience, told)

    def tell_agent(self, agent_id: str, told: bytes) -> None:
        self._put([listener for listener in self.listeners if listener.agent_id == agent_id], [told])

    def tell_everyone(self, told: bytes) -> None:
        self._put(self.listeners, [told])

    def tell_others(self, app_id: str, told: bytes, agent_id: str) -> None:
        """Everyone who may see the app but this agent."""
        others = (one for one in self.listeners if one.access.sees(app_id) and one.agent_id != agent_id)
        self._put(list(others), [told])

    def tell_app(self, app_id: str, told: bytes) -> None:
        self._put([one for one in self.listeners if one.access.sees(app_id)], [told])

    def _put(self, listeners: Iterable[Listener], told: Sequence[bytes]) -> None:
        if not told:
            return
        size = sum(len(frame) for frame in told)
        for listener in listeners:
            listener.put(told, size)

    def _leave(self, listener: Listener) -> None:
        audience = self._audiences.get(listener.access, set())
        audience.discard(listener)
        if not audience:
            self._audiences.pop(listener.access, None)
