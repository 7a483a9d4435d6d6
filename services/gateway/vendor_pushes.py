"""Vendors' pushes: proved genuine, made durable, answered at once and as each vendor wants it.

403 tells a forger nothing. A vendor repeats what is not answered as it wants: a repeat is the same fact.
"""

import asyncio
import secrets
import time
from typing import Final

import structlog
from aiohttp import web
from pydantic import ValidationError

from services.gateway.durable import Durable
from services.gateway.known_conversations import KnownConversations
from services.gateway.origins import address_of
from services.gateway.spans import record_push
from shared.clock import Clock
from shared.conversation.vendor_facts import VendorPushed
from shared.observe import metrics, tracing
from shared.outage import Outage
from shared.refusals import Forged, Unreadable
from shared.store.driver import StoreRefused
from shared.store.kept_pushes import KeptPushes
from shared.store.vendor_accounts import VendorAccount, VendorCache
from shared.vendors.port import Pushed, PushRequest, Vendor
from shared.vendors.registry import VENDORS

log = structlog.get_logger()

NOT_NOW: Final = (Outage, StoreRefused)


class VendorPushes:
    """The handler of `/vendors/{vendor}/{account_id}`, and of the same with a secret at its end."""

    def __init__(
        self,
        accounts: VendorCache,
        conversations: KnownConversations,
        kept: KeptPushes,
        durable: Durable,
        clock: Clock,
        *,
        body_seconds: float,
        answer_seconds: float,
        forwarded_hops: int,
    ) -> None:
        self._accounts = accounts
        self._conversations = conversations
        self._kept = kept
        self._durable = durable
        self._clock = clock
        self._body_seconds = body_seconds
        self._answer_seconds = answer_seconds
        self._forwarded_hops = forwarded_hops

    async def handle(self, request: web.Request) -> web.Response:
        response = await self._answer(request)
        kind = request.match_info["vendor"]
        metrics.gateway_vendor_pushes_total.labels(kind if kind in VENDORS else "unknown", str(response.status)).inc()
        return response

    async def _answer(self, request: web.Request) -> web.Response:
        vendor = VENDORS.get(request.match_info["vendor"])
        account = self._accounts.get(request.match_info["account_id"])
        if vendor is None or account is None or account.vendor != vendor.kind or not account.enabled:
            log.warning("vendor_push_refused", account=request.match_info["account_id"][:64], status=404)
            return web.Response(status=404)
        if request.method != "POST":
            return web.Response(status=405, headers={"Allow": "POST"})
        try:
            return await self._take(vendor, account, request)
        except Forged as forged:
            return _refused(account, 403, forged.reason)
        except Unreadable as unreadable:
            return _refused(account, 400, unreadable.reason)
        except NOT_NOW as outage:
            return _refused(account, 503, str(outage))

    async def _take(self, vendor: Vendor, account: VendorAccount, request: web.Request) -> web.Response:
        until = time.monotonic() + self._answer_seconds
        try:
            async with asyncio.timeout(self._body_seconds):
                body = await request.read()
        except TimeoutError:
            return web.Response(status=408)
        except web.HTTPRequestEntityTooLarge:
            return _refused(account, 413, "the body is too large")
        if account.unreadable:
            return _refused(account, 503, "the account's secrets cannot be read")
        try:
            pushes = vendor.read_push(account, self._push_request(request, body))
        except ValidationError:
            return _refused(account, 503, "the account's settings are not good any more")
        for pushed in pushes:
            await self._make_durable(account, pushed, body, until)
        status, text = vendor.acknowledge()
        return web.Response(status=status, text=text)

    def _push_request(self, request: web.Request, body: bytes) -> PushRequest:
        return PushRequest(
            query=dict(request.query),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
            received_at=self._clock.now(),
            remote=address_of(request, self._forwarded_hops),
            path_secret=request.match_info.get("secret"),
        )

    async def _make_durable(self, account: VendorAccount, pushed: Pushed, body: bytes, until: float) -> None:
        """As a fact of its conversation; beside the conversations where there is none. Raises Outage, StoreRefused."""
        app_id = await self._app_of(pushed)
        if app_id is None or pushed.uid is None:
            await self._kept.keep(account.vendor, account.account_id, pushed.id, body)
            log.info("vendor_push_kept", account=account.account_id, vendor=account.vendor, kind=pushed.event.event)
            return
        fact = VendorPushed(
            conversation_id=pushed.uid,
            app_id=app_id,
            cause=f"v:{account.account_id}:{pushed.id}",
            occurred_at=pushed.at,
            trace_id=secrets.token_hex(16),
            account=account.account_id,
            event=pushed.event,
        )
        began = tracing.now()
        await self._durable.keep(fact, until=until)
        record_push("vendor push", fact, began)
        log.info(
            "vendor_push_taken",
            account=account.account_id,
            vendor=account.vendor,
            app_id=app_id,
            conversation_id=fact.conversation_id,
            fact_id=fact.id,
            kind=pushed.event.event,
            trace_id=fact.trace_id,
        )

    async def _app_of(self, pushed: Pushed) -> str | None:
        """None: no conversation of ours. Where the store does not say, the app that the account serves will do."""
        if pushed.uid is None:
            return None
        try:
            return await self._conversations.app_of(pushed.uid)
        except NOT_NOW:
            if pushed.app_id is None:
                raise
            return pushed.app_id


def _refused(account: VendorAccount, status: int, reason: str) -> web.Response:
    log.warning("vendor_push_refused", account=account.account_id, vendor=account.vendor, status=status, reason=reason)
    headers = {"Retry-After": "1"} if status == 503 else None  # noqa: PLR2004 - not now
    return web.Response(status=status, headers=headers)
