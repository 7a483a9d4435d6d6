"""A Zhima that takes pushes as its maker's own open product does: the echostr check, then `success` whatever it is."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from pydantic import SecretStr

from shared.observe.http import listen
from shared.store.vendor_accounts import VendorAccount
from shared.wechat.crypto import matches, signature

APP_ID = "wxzhima000000001"
ACCOUNT = "zhima-main"
TOKEN = "xiaokefu"


@dataclass
class Arrived:
    query: Mapping[str, str]
    body: bytes
    content_type: str


@dataclass
class Receiver:
    """`answers` are given one after another, then `success`: a status and a body, or None to break the connection."""

    url: str = ""
    token: str = TOKEN
    answers: list[tuple[int, str] | None] = field(default_factory=list)
    arrived: list[Arrived] = field(default_factory=list)
    checks: int = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        signed = signature(self.token, request.query.get("timestamp", ""), request.query.get("nonce", ""))
        if not matches(signed, request.query.get("signature", "")):
            return web.Response(status=403, text="signature verification failure")
        if request.method == "GET":
            self.checks += 1
            return self._scripted() or web.Response(text=request.query.get("echostr", ""))
        self.arrived.append(Arrived(dict(request.query), await request.read(), request.headers["Content-Type"]))
        if self.answers and self.answers[0] is None:
            del self.answers[0]
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        return self._scripted() or web.Response(text="success")

    def _scripted(self) -> web.Response | None:
        told = self.answers.pop(0) if self.answers else None
        return web.Response(status=told[0], text=told[1]) if told else None


@asynccontextmanager
async def receiver(path: str = "/push_pwd/mini_program/k1") -> AsyncIterator[Receiver]:
    taking = Receiver()
    app = web.Application()
    app.router.add_route("*", path.partition("?")[0], taking.handle)
    async with listen(app, "127.0.0.1", 0, "PORT") as port:
        taking.url = f"http://127.0.0.1:{port}{path}"
        yield taking


def zhima_account(url: str = "https://xiaokefu.com.cn/push", **changes: Any) -> VendorAccount:
    """`secrets` and `settings` are added to the least that an account needs."""
    secrets = {"push_url": url, **changes.pop("secrets", {})}
    return VendorAccount(
        account_id=changes.pop("account_id", ACCOUNT),
        vendor="zhima",
        name="芝麻",
        settings={"app_id": APP_ID, **changes.pop("settings", {})},
        secrets={name: SecretStr(value) for name, value in secrets.items()},
        **changes,
    )
