"""The address where Zhima fetches an access token, so that there is one owner of it and none ends another's.

Its page (小程序 token 网址) asks for `{"code": 200, "data": {"access_token", "expires_in"}}`; any other code is no.
On the proxy path the token is one of ours, and opens our own proxy only.
"""

import asyncio
import secrets
from datetime import timedelta
from typing import Final, NamedTuple

import structlog
from aiohttp import web

from services.gateway.origins import address_of
from services.gateway.zhima_accounts import ZhimaAccount, ZhimaAccounts
from shared.bus.publisher import Publisher
from shared.clock import Clock, real_now
from shared.contracts import KeepToken
from shared.limits.bucket import Bucket
from shared.outage import Outage
from shared.store.apps import AppCache
from shared.store.audit import AuditLog, Author
from shared.store.bridge_tokens import LASTS, BridgeTokens
from shared.store.driver import StoreRefused
from shared.store.tokens import MongoTokenStore
from shared.wechat.crypto import matches
from shared.wechat.tokens import RENEW_AHEAD, StoredToken

log = structlog.get_logger()

GATEWAY: Final = Author(kind="system", id="gateway", name="gateway")
LOOK_SECONDS: Final = 0.1
USABLE_FOR: Final = timedelta(seconds=30)
BURST: Final = 15
RATE_PER_SECOND: Final = 0.25
"""With the burst: at most 30 in any minute."""


class Given(NamedTuple):
    token: str
    expires_in: int


class ZhimaTokens:
    """The handler of `/vendors/zhima/{account_id}/token/{secret}`. Neither the secret nor a token is ever logged."""

    def __init__(
        self,
        accounts: ZhimaAccounts,
        apps: AppCache,
        store: MongoTokenStore,
        bridge_tokens: BridgeTokens,
        audit: AuditLog,
        publisher: Publisher,
        clock: Clock,
        *,
        wait_seconds: float,
        forwarded_hops: int,
    ) -> None:
        self._accounts = accounts
        self._apps = apps
        self._store = store
        self._bridge_tokens = bridge_tokens
        self._audit = audit
        self._publisher = publisher
        self._clock = clock
        self._wait_seconds = wait_seconds
        self._forwarded_hops = forwarded_hops
        self._buckets: dict[str, Bucket] = {}

    async def handle(self, request: web.Request) -> web.Response:
        account, remote = self._proved(request), address_of(request, self._forwarded_hops)
        if account is None or not account.settings.allows(remote):
            log.warning("vendor_token_refused", account=request.match_info["account_id"][:64], status=404)
            return web.Response(status=404)
        if request.method not in {"GET", "POST"}:
            return web.Response(status=405, headers={"Allow": "GET, POST"})
        if not self._has_room(account.id):
            log.warning("vendor_token_refused", account=account.id, status=429)
            return _no(429, "请求过于频繁", status=429)
        try:
            given = await self._given(account)
            if given is not None:
                await self._note(account, remote)
        except (Outage, StoreRefused) as outage:
            log.warning("vendor_token_refused", account=account.id, status=503, reason=str(outage))
            given = None
        if given is None:
            return _no(503, "获取token失败")
        log.info("vendor_token_given", account=account.id, app_id=account.settings.app_id, vendor="zhima")
        return _json({"code": 200, "msg": "获取token成功", "data": given_shape(given)})

    def _proved(self, request: web.Request) -> ZhimaAccount | None:
        account = self._accounts.usable(request.match_info["account_id"])
        secret = account.settings.token_path_secret if account else None
        right = matches(secret.get_secret_value() if secret else "", request.match_info["secret"])
        return account if right and secret else None

    def _has_room(self, account_id: str) -> bool:
        now = asyncio.get_running_loop().time()
        bucket = self._buckets.get(account_id) or Bucket(RATE_PER_SECOND, BURST, now)
        taken = bucket.take(now)
        self._buckets[account_id] = taken.bucket if taken else bucket
        return taken is not None

    async def _given(self, account: ZhimaAccount) -> Given | None:
        """None where there is none to give now. Raises Outage, StoreRefused."""
        if account.settings.reply_path == "proxy":
            token = await self._bridge_tokens.make(account.id, real_now())
            return Given(token, int(LASTS.total_seconds()))
        app = self._apps.get(account.settings.app_id)
        stored = await self._kept(app.app_id) if app and app.enabled else None
        return Given(stored.value, int(self._left(stored).total_seconds())) if stored else None

    async def _kept(self, app_id: str) -> StoredToken | None:
        """The app's token, renewed by its owner where it ends soon; the old one where that takes too long."""
        stored = await self._store.read(app_id)
        if stored is not None and self._left(stored) > RENEW_AHEAD:
            return stored
        try:
            await self._publisher.publish(KeepToken(app_id=app_id, trace_id=secrets.token_hex(8)))
            stored = await self._awaited(app_id) or stored
        except Outage as outage:
            log.warning("token_pending", app_id=app_id, reason=str(outage))
        return stored if stored is not None and self._left(stored) > USABLE_FOR else None

    async def _awaited(self, app_id: str) -> StoredToken | None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._wait_seconds
        while loop.time() < deadline:
            await asyncio.sleep(LOOK_SECONDS)
            stored = await self._store.read(app_id)
            if stored is not None and self._left(stored) > RENEW_AHEAD:
                return stored
        return None

    def _left(self, stored: StoredToken) -> timedelta:
        return stored.expires_at - self._clock.now()

    async def _note(self, account: ZhimaAccount, remote: str | None) -> None:
        told = {"app_id": account.settings.app_id, "reply_path": account.settings.reply_path, "address": remote}
        changes = {name: (None, value) for name, value in told.items()}
        await self._audit.note(GATEWAY, "vendor_account.token_given", account.id, changes, real_now())


def given_shape(given: Given) -> dict[str, str | int]:
    return {"access_token": given.token, "expires_in": given.expires_in}


def _no(code: int, words: str, *, status: int = 200) -> web.Response:
    return _json({"code": code, "msg": words}, status=status)


def _json(body: dict[str, object], *, status: int = 200) -> web.Response:
    return web.json_response(body, status=status, headers={"Cache-Control": "no-store"})
