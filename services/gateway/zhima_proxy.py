"""What stands for WeChat's API to Zhima on the proxy path: a few of its calls, under WeChat's paths and in its words.

So everything its staff say goes through the conversation: shown at the desk, within the quota, in order.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from aiohttp import web

from services.gateway.origins import address_of
from services.gateway.zhima_accounts import ZhimaAccount, ZhimaAccounts
from services.gateway.zhima_errors import Denied
from services.gateway.zhima_messages import read_send, read_typing
from services.gateway.zhima_pictures import ZhimaPictures
from services.gateway.zhima_sends import ZhimaSends
from shared.clock import real_now
from shared.outage import Outage
from shared.store.bridge_tokens import BridgeTokens
from shared.store.driver import StoreRefused

log = structlog.get_logger()

LONGEST_REQUEST_ID: Final = 200

Answering = Callable[[ZhimaAccount, web.Request], Awaitable[dict[str, Any] | web.Response]]


class ZhimaProxy:
    """The handler of `/vendors/zhima/{account_id}/wxproxy/cgi-bin/…`."""

    def __init__(
        self,
        accounts: ZhimaAccounts,
        tokens: BridgeTokens,
        sends: ZhimaSends,
        pictures: ZhimaPictures,
        *,
        body_seconds: float,
        forwarded_hops: int,
    ) -> None:
        self._accounts = accounts
        self._tokens = tokens
        self._sends = sends
        self._pictures = pictures
        self._body_seconds = body_seconds
        self._forwarded_hops = forwarded_hops
        self._calls: Final[dict[str, tuple[str, Answering]]] = {
            "message/custom/send": ("POST", self._say),
            "message/custom/typing": ("POST", self._show_typing),
            "message/custom/business/typing": ("POST", self._show_typing),
            "media/upload": ("POST", self._upload),
            "media/get": ("GET", self._get),
        }

    async def handle(self, request: web.Request) -> web.Response:
        account = self._accounts.usable(request.match_info["account_id"])
        if account is None or account.settings.reply_path != "proxy":
            log.warning("vendor_call_refused", account=request.match_info["account_id"][:64], status=404)
            return web.Response(status=404)
        return await self._answer(account, request)

    async def _answer(self, account: ZhimaAccount, request: web.Request) -> web.Response:
        call = request.match_info["call"]
        try:
            answered = await self._called(account, call, request)
        except Denied as denied:
            answered = denied.body
            log.info("vendor_call_refused", account=account.id, path=call[:64], code=str(denied.errcode))
        except (Outage, StoreRefused) as outage:
            answered = Denied(-1).body
            log.warning("vendor_call_refused", account=account.id, path=call[:64], reason=str(outage))
        return answered if isinstance(answered, web.Response) else web.json_response(answered)

    async def _called(self, account: ZhimaAccount, call: str, request: web.Request) -> dict[str, Any] | web.Response:
        """Raises Denied, Outage, StoreRefused."""
        await self._check(account, request)
        method, answering = self._calls.get(call, ("", None))
        if answering is None:
            raise Denied(40066)
        if request.method != method:
            raise Denied(43002 if method == "POST" else 43001)
        return await answering(account, request)

    async def _check(self, account: ZhimaAccount, request: web.Request) -> None:
        token = request.query.get("access_token", "")
        if not account.settings.allows(address_of(request, self._forwarded_hops)):
            raise Denied(40164)
        if not token:
            raise Denied(41001)
        if not await self._tokens.stands(token, account.id, real_now()):
            raise Denied(40001)

    async def _say(self, account: ZhimaAccount, request: web.Request) -> dict[str, Any]:
        request_id = request.headers.get("X-Request-Id", "").strip()[:LONGEST_REQUEST_ID]
        return await self._sends.say(account, read_send(await self._body(request)), request_id or None)

    async def _show_typing(self, account: ZhimaAccount, request: web.Request) -> dict[str, Any]:
        return await self._sends.show_typing(account, read_typing(await self._body(request)))

    async def _upload(self, account: ZhimaAccount, request: web.Request) -> dict[str, Any]:
        return await self._pictures.upload(account, request)

    async def _get(self, account: ZhimaAccount, request: web.Request) -> web.Response:
        return await self._pictures.get(account, request.query.get("media_id", ""))

    async def _body(self, request: web.Request) -> bytes:
        try:
            async with asyncio.timeout(self._body_seconds):
                return await request.read()
        except (TimeoutError, web.HTTPRequestEntityTooLarge):
            raise Denied(47001) from None
