"""`GET|POST /push_pwd/{app_type}/{access_key}`: taking WeChat's pushes, from whoever sends them.

Source: the makers' own open product: the echostr check by signature, then `success` at once whatever comes, even for an
access key nobody knows. A product may be stricter here and look at the signature of pushes, too.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from services.sandbox.calls import CallBook
from services.sandbox.faults import FaultBox
from services.sandbox.zhima.desk import ZhimaDesk
from services.sandbox.zhima.faults import ZhimaPushFault, taken
from services.sandbox.zhima.pushed import Pushed, read
from services.sandbox.zhima.state import Product, Received, ZhimaWorld
from shared.wechat.crypto import matches, signature

_SUCCESS: Final = "success"
_GARBAGE: Final = "<html></html>"
_FORGED: Final = "signature verification failure"
_APP_TYPES: Final = frozenset({"mini_program", "official_account"})


@dataclass(slots=True)
class _Taken:
    """What came of one request. `status` None: the connection is closed without an answer."""

    status: int | None = 200
    text: str = _SUCCESS
    body: bytes = b""
    openid: str | None = None
    delivered: bool = False


class Receiver:
    def __init__(self, world: ZhimaWorld, desk: ZhimaDesk, faults: FaultBox, book: CallBook) -> None:
        self._world = world
        self._desk = desk
        self._faults = faults
        self._book = book

    def routes(self) -> list[web.RouteDef]:
        path = "/push_pwd/{app_type}/{access_key}"
        return [web.get(path, self.handle, allow_head=False), web.post(path, self.handle)]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        at, product = self._world.clock.now(), self._world.products.get(request.match_info["access_key"])
        fault = self._fault(request, product)
        came = await self._taken(request, product, fault)
        self._book.write(
            at=at,
            path=request.path,
            appid=product.config.app_id if product is not None else None,
            openid=came.openid,
            body=came.body,
            status=came.status,
            errcode=None,
            delivered=came.delivered,
        )
        if fault is not None and fault.latency_ms:
            await asyncio.sleep(fault.latency_ms / 1000)
        if came.status is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return web.Response(status=came.status, text=came.text)

    def _fault(self, request: web.Request, product: Product | None) -> ZhimaPushFault | None:
        """The product's own, else one of those for whatever the sandbox serves."""
        if product is not None and (own := taken(product.faults.push)) is not None:
            return own
        fault = self._faults.take(request.path)
        if fault is None:
            return None
        return ZhimaPushFault(
            http=500 if fault.errcode is not None else fault.http,
            dead=fault.dead,
            drop_answer=fault.drop_answer,
            body=_GARBAGE if fault.garbage else None,
            latency_ms=fault.latency_ms,
        )

    async def _taken(self, request: web.Request, product: Product | None, fault: ZhimaPushFault | None) -> _Taken:
        if fault is not None and fault.dead:
            return _Taken(status=None)
        body = await request.read()
        if fault is not None and fault.http is not None:
            return _Taken(fault.http, "", body)
        came = self._answered(request, product, body)
        if fault is not None and fault.body is not None:
            came.text = fault.body
        if fault is not None and fault.drop_answer:
            came.status = None
        return came

    def _answered(self, request: web.Request, product: Product | None, body: bytes) -> _Taken:
        if request.method == "GET":
            is_right = product is not None and _is_signed(request, product)
            return _Taken(text=request.query.get("echostr", "") if is_right else _FORGED)
        if product is None or request.match_info["app_type"] not in _APP_TYPES:
            return _Taken(body=body)
        if product.config.strict and not _is_signed(request, product):
            return _Taken(403, _FORGED, body)
        pushed = read(body)
        if pushed is None or ("Encrypt" in pushed.fields and pushed.msg_id is None):
            return _Taken(body=body)
        return _Taken(body=body, openid=pushed.openid, delivered=self._take(product, pushed))

    def _take(self, product: Product, pushed: Pushed) -> bool:
        """Whether staff see something new."""
        is_new = product.is_new(pushed.id)
        at = self._world.clock.now()
        product.received.append(Received(at, pushed.openid, pushed.kind, pushed.msg_id, is_new))
        if is_new:
            self._desk.take(product, pushed)
        return is_new


def _is_signed(request: web.Request, product: Product) -> bool:
    query = request.query
    expected = signature(product.config.push_token, query.get("timestamp", ""), query.get("nonce", ""))
    return matches(expected, query.get("signature", ""))
