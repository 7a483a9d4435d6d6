"""WeChat's token service and a token store, both in memory, both behaving."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from shared.clock import FixedClock
from shared.observe.http import listen
from shared.wechat.tokens import StoredToken

APP_ID = "wx0123456789abcdef"
SECRET = "the app's secret"


@dataclass
class TokenServer:
    """Gives the same token until five minutes before its end; forcing is refused within 30 s."""

    clock: FixedClock
    asked: list[str] = field(default_factory=list)
    """`issued` or `forced`, one for each call that was answered with a token."""
    answering: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared to hold every answer back."""
    calls: int = 0
    broken: bool = False
    broken_when_forced: bool = False
    secret: str = SECRET
    number: int = 0
    _expires_at: datetime | None = None
    _forced_at: datetime | None = None

    def __post_init__(self) -> None:
        self.answering.set()
        self._called = asyncio.Condition()

    @property
    def newest(self) -> str:
        return f"T{self.number}"

    async def called(self, times: int) -> None:
        """Wait until this many calls have arrived, answered or not."""
        async with asyncio.timeout(30), self._called:
            await self._called.wait_for(lambda: self.calls >= times)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/cgi-bin/stable_token", self._answer)
        async with listen(app, "127.0.0.1", 0, "the stand-in's port") as port:
            yield f"http://127.0.0.1:{port}"

    def replace(self) -> None:
        """What another system sharing the app does by forcing: the old token is dead."""
        self.number += 1
        self._expires_at = self.clock.now() + timedelta(seconds=7200)

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        async with self._called:
            self.calls += 1
            self._called.notify_all()
        await self.answering.wait()
        if self.broken or (self.broken_when_forced and body["force_refresh"]):
            return web.Response(status=502)
        return web.json_response(self._token(body))

    def _token(self, body: dict[str, Any]) -> dict[str, Any]:
        now, forced = self.clock.now(), body["force_refresh"]
        if body["secret"] != self.secret:
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        if forced and self._forced_at and now - self._forced_at < timedelta(seconds=30):
            return {"errcode": 45009, "errmsg": "reach max api daily quota limit"}
        if forced:
            self._forced_at = now
        if forced or self._expires_at is None or self._expires_at - now <= timedelta(minutes=5):
            self.replace()
        self.asked.append("forced" if forced else "issued")
        assert self._expires_at is not None
        return {"access_token": self.newest, "expires_in": int((self._expires_at - now).total_seconds())}


@dataclass
class MemoryTokenStore:
    """Leases end when a test says so; everything else as the protocol promises."""

    answering: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared to hold every read back."""
    before_lease: Callable[[], Awaitable[None]] | None = None
    """Happens once, just before the next lease is granted."""

    tokens: dict[str, StoredToken] = field(default_factory=dict)
    holders: dict[str, str] = field(default_factory=dict)
    fences: dict[str, int] = field(default_factory=dict)
    saved: list[StoredToken] = field(default_factory=list)

    def end_lease(self, app_id: str = APP_ID) -> None:
        self.holders.pop(app_id, None)

    def __post_init__(self) -> None:
        self.answering.set()

    async def read(self, app_id: str) -> StoredToken | None:
        await self.answering.wait()
        return self.tokens.get(app_id)

    async def lease(self, app_id: str, holder: str, seconds: float) -> int | None:
        assert seconds > 0
        first, self.before_lease = self.before_lease, None
        if first is not None:
            await first()
        if self.holders.setdefault(app_id, holder) != holder:
            return None
        self.fences[app_id] = self.fences.get(app_id, 0) + 1
        return self.fences[app_id]

    async def save(self, app_id: str, fence: int, value: str, expires_at: datetime, forced_at: datetime | None) -> bool:
        if fence < self.fences[app_id]:
            return False
        self.tokens[app_id] = StoredToken(value, expires_at, fence, forced_at)
        self.saved.append(self.tokens[app_id])
        return True
