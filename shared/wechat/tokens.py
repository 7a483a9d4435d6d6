"""Access tokens: one for an app, shared by every process, renewed by one of them at a time.

Source: WeChat's page 获取稳定版接口调用凭据 (getStableAccessToken): asking again gives the same token until five
minutes before its end; forcing a new one kills the old at once, at most 20 times a day and 30 s apart.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from shared.clock import Clock
from shared.failures import SendFailure, Unavailable
from shared.observe import metrics
from shared.wechat.client import WeChatClient

RENEW_AHEAD: Final = timedelta(minutes=4)
"""Inside WeChat's last five minutes, so that asking brings a new token and not the old one again."""

_STILL_GOOD_FOR: Final = timedelta(seconds=10)
_ASK_APART: Final = timedelta(seconds=30)
_FORCE_APART: Final = timedelta(seconds=30)
_FORCES_A_DAY: Final = 20
_LEASE_SECONDS: Final = 30.0
"""Longer than the two calls one renewal may make."""

_LOOK_AGAIN_SECONDS: Final = 0.1
_LOOKS: Final = 50

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StoredToken:
    value: str = field(repr=False)
    expires_at: datetime
    fence: int
    """Of the lease it was saved under; only ever grows."""
    forced_at: datetime | None = None
    """When a new token was last forced, or about to be."""


class TokenStore(Protocol):
    """Where processes share tokens. Leases run on real time, tokens on the clock they are read with."""

    async def read(self, app_id: str) -> StoredToken | None: ...

    async def lease(self, app_id: str, holder: str, seconds: float) -> int | None:
        """The right to renew the app's token, as a number greater than any before; None while another holds it.

        Its own holder may take it again before it ends.
        """
        ...

    async def save(self, app_id: str, fence: int, value: str, expires_at: datetime, forced_at: datetime | None) -> bool:
        """Keep a token; False, and nothing changes, if a lease with a greater number was granted since."""
        ...


class TokenKeeper:
    """The tokens of all apps, for one process.

    Safe for any number of tasks of one event loop; `holder` must be unique among processes. `secret_of` gives an
    app's AppSecret.
    """

    def __init__(
        self,
        client: WeChatClient,
        store: TokenStore,
        clock: Clock,
        *,
        secret_of: Callable[[str], Awaitable[str]],
        holder: str,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._store = store
        self._clock = clock
        self._secret_of = secret_of
        self._holder = holder
        self._pause = pause
        self._cached: dict[str, StoredToken] = {}
        self._asked_at: dict[str, datetime] = {}
        self._forced_at: dict[str, list[datetime]] = {}
        self._failures: dict[str, int] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def token(self, app_id: str) -> str:
        """A token that should work. Raises what asking WeChat raises, but only when no living one is left."""
        cached = self._cached.get(app_id)
        lock = self._lock(app_id)
        if cached and (self._is_fresh(cached) or (self._is_alive(cached) and self._renews_soon(app_id, lock))):
            return cached.value
        async with lock:
            cached = self._cached.get(app_id)
            if cached and self._is_fresh(cached):
                return cached.value
            return await self._renewed(app_id, failed=None)

    async def refresh_after_stale(self, app_id: str, failed_token: str) -> str:
        """Another token than the one WeChat has just refused (TokenStale).

        If somebody has renewed it meanwhile, that one; else what WeChat gives when asked; a new one is forced only
        where WeChat insists on the refused one. Unavailable while forcing again would be too soon.
        """
        async with self._lock(app_id):
            cached = self._cached.get(app_id)
            if cached and self._is_usable(cached, failed_token):
                return cached.value
            return await self._renewed(app_id, failed=failed_token)

    async def _renewed(self, app_id: str, failed: str | None) -> str:
        stored = await self._store.read(app_id)
        if stored and self._needs_nothing(stored, failed):
            return self._keep(app_id, stored)
        fence = await self._store.lease(app_id, self._holder, _LEASE_SECONDS)
        if fence is None:
            return await self._renewed_by_another(app_id, failed)
        stored = await self._store.read(app_id)
        if stored and self._needs_nothing(stored, failed):
            return self._keep(app_id, stored)
        return await self._asked(app_id, fence, stored, failed)

    async def _renewed_by_another(self, app_id: str, failed: str | None) -> str:
        for _ in range(_LOOKS):
            stored = await self._store.read(app_id)
            if stored and self._is_usable(stored, failed):
                return self._keep(app_id, stored)
            await self._pause(_LOOK_AGAIN_SECONDS)
        raise Unavailable("token_pending", "another process is renewing the token", retry_after_seconds=1)

    async def _asked(self, app_id: str, fence: int, stored: StoredToken | None, failed: str | None) -> str:
        self._asked_at[app_id] = self._clock.now()
        try:
            token = await self._issued(app_id, fence, stored, failed)
        except SendFailure as failure:
            self._note_failure(app_id)
            log.warning("token_refresh_failed", app_id=app_id, code=failure.code, reason=failure.reason)
            if stored and failed is None and self._is_alive(stored):
                return self._keep(app_id, stored)
            raise
        if await self._save(app_id, token):
            return self._keep(app_id, token)
        # Someone with a later lease has been quicker; theirs is the one everybody uses.
        newer = await self._store.read(app_id)
        return self._keep(app_id, newer if newer and self._is_usable(newer, failed) else token)

    async def _issued(self, app_id: str, fence: int, stored: StoredToken | None, failed: str | None) -> StoredToken:
        token = await self._ask(app_id, fence, stored.forced_at if stored else None, forced=False)
        if failed is None or token.value != failed:
            return token
        forcing = replace(token, forced_at=self._may_force(app_id, token.forced_at))
        # Known to all before it happens: a process dying here must not make the next one force again at once.
        if not await self._save(app_id, forcing):
            raise Unavailable("token_pending", "another process is renewing the token", retry_after_seconds=1)
        return await self._ask(app_id, fence, forcing.forced_at, forced=True)

    async def _ask(self, app_id: str, fence: int, forced_at: datetime | None, *, forced: bool) -> StoredToken:
        secret = await self._secret_of(app_id)
        asked_at = self._clock.now()
        issued = await self._client.stable_token(app_id, secret, force_refresh=forced)
        metrics.sender_token_refreshes_total.labels("forced" if forced else "issued").inc()
        log.info("token_refreshed", app_id=app_id, kind="forced" if forced else "issued")
        return StoredToken(
            value=issued.value,
            expires_at=asked_at + timedelta(seconds=issued.expires_in_seconds),
            fence=fence,
            forced_at=forced_at,
        )

    def _may_force(self, app_id: str, last_at: datetime | None) -> datetime:
        """The instant of a force that is allowed now; raises Unavailable until one is."""
        now = self._clock.now()
        lately = [at for at in self._forced_at.get(app_id, []) if at > now - timedelta(days=1)]
        allowed_at = last_at + _FORCE_APART if last_at else now
        if len(lately) >= _FORCES_A_DAY:
            allowed_at = max(allowed_at, lately[0] + timedelta(days=1))
        if allowed_at > now:
            wait_seconds = (allowed_at - now).total_seconds()
            raise Unavailable(
                "token_forced_lately", "WeChat refuses the newest token", retry_after_seconds=wait_seconds
            )
        self._forced_at[app_id] = [*lately, now]
        return now

    async def _save(self, app_id: str, token: StoredToken) -> bool:
        return await self._store.save(app_id, token.fence, token.value, token.expires_at, token.forced_at)

    def _keep(self, app_id: str, token: StoredToken) -> str:
        self._cached[app_id] = token
        left = (token.expires_at - self._clock.now()).total_seconds()
        metrics.sender_token_expires_timestamp_seconds.set(token.expires_at.timestamp(), app_id, lapse_seconds=left)
        if self._is_fresh(token):
            self._failures.pop(app_id, None)
            metrics.sender_token_failures.remove(app_id)
        return token.value

    def _note_failure(self, app_id: str) -> None:
        self._failures[app_id] = self._failures.get(app_id, 0) + 1
        metrics.sender_token_refreshes_total.labels("failed").inc()
        metrics.sender_token_failures.set(self._failures[app_id], app_id)

    def _needs_nothing(self, token: StoredToken, failed: str | None) -> bool:
        return self._is_fresh(token) if failed is None else self._is_usable(token, failed)

    def _is_usable(self, token: StoredToken, failed: str | None) -> bool:
        return token.value != failed and self._is_alive(token)

    def _is_fresh(self, token: StoredToken) -> bool:
        return token.expires_at - self._clock.now() > RENEW_AHEAD

    def _is_alive(self, token: StoredToken) -> bool:
        return token.expires_at - self._clock.now() > _STILL_GOOD_FOR

    def _renews_soon(self, app_id: str, lock: asyncio.Lock) -> bool:
        """Somebody here is renewing it, or asked so lately that WeChat would give the same again."""
        asked_at = self._asked_at.get(app_id)
        return lock.locked() or (asked_at is not None and self._clock.now() - asked_at < _ASK_APART)

    def _lock(self, app_id: str) -> asyncio.Lock:
        return self._locks.setdefault(app_id, asyncio.Lock())
