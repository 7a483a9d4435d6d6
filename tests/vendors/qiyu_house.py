"""An account with Qiyu, a customer of ours, and a server in Qiyu's place that answers as told."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import aiohttp
from aiohttp import DummyCookieJar, web
from pydantic import SecretStr

from shared.conversation.bridges import BridgeSettings
from shared.conversation.content import Content, Text
from shared.conversation.model import CUSTOMER, Message, Party, ProfileField
from shared.observe.http import listen
from shared.store.vendor_accounts import VendorAccount
from shared.vendors.port import Connection, Customer, Port, PushRequest, Relayed
from shared.vendors.qiyu.adapter import QIYU
from shared.vendors.qiyu.signing import checksum
from tests.wechat.standin import Asked

SECRET = "QIYU-TEST-SECRET-0123456789ABCDEF"
APP_KEY = "1064deea1c3624c9ee26d1de5ce8481f"
UID = "b3kq7n2m5xw4abcdefghijklmn"
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
SEND = "/openapi/message/send"
UPLOAD = "/openapi/message/uploadFile"
APPLY = "/openapi/event/applyStaff"
PROFILE = "/openapi/event/updateUInfo"
PLACE = "/openapi/event/queryQueueStatus"
EVALUATE = "/openapi/event/evaluate"
QUIT = "/openapi/event/quitQueue"

CUSTOMER_OF_OURS = Customer(
    uid=UID,
    app_id="wx0123456789abcdef",
    app_name="店铺",
    openid="oABC-1_2",
    name="小王",
    source="商品页",
    profile=(ProfileField(name="手机号", value="13800000000"), ProfileField(name="等级", value="金卡")),
    tags=("老客户", "VIP"),
)


@dataclass
class QiyuPlace:
    """Answers `{"code": 200}` unless told otherwise: what is told for a path is used up in order, the last stays."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    told: dict[str, list[tuple[int, bytes]]] = field(default_factory=lambda: defaultdict(list))

    def tell(self, path: str, *answers: dict[str, Any] | bytes | int) -> None:
        """A dict is JSON, bytes are as they are, a number is an HTTP status without anything."""
        for answer in answers:
            match answer:
                case int():
                    self.told[path].append((answer, b""))
                case bytes():
                    self.told[path].append((200, answer))
                case _:
                    self.told[path].append((200, json.dumps(answer, ensure_ascii=False).encode()))

    def at(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]

    @property
    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Self]:
        app = web.Application(client_max_size=16 << 20)
        app.router.add_route("*", "/{path:.*}", self._answer)
        async with listen(app, "127.0.0.1", 0, "the port in Qiyu's place") as port:
            self.url = f"http://127.0.0.1:{port}"
            yield self

    async def _answer(self, request: web.Request) -> web.Response:
        asked = Asked(request.method, request.path, dict(request.query), dict(request.headers), await request.read())
        self.asked.append(asked)
        told = self.told[request.path]
        status, body = (told.pop(0) if len(told) > 1 else told[0]) if told else (200, b'{"code":200}')
        return web.Response(body=body, status=status, content_type="application/json")


@dataclass
class Pace:
    """Lets every call go at once, and notes it."""

    noted: list[str] = field(default_factory=list)

    async def __call__(self, endpoint: str) -> None:
        self.noted.append(endpoint)


def qiyu_account(bridge: BridgeSettings | None = None, **settings: Any) -> VendorAccount:
    return VendorAccount(
        account_id="qiyu-1",
        vendor="qiyu",
        name="七鱼",
        bridge=bridge or BridgeSettings(),
        settings={"app_key": APP_KEY, **settings},
        secrets={"app_secret": SecretStr(SECRET)},
    )


@asynccontextmanager
async def qiyu_port(
    url: str,
    account: VendorAccount | None = None,
    *,
    pace: Pace | None = None,
    now: datetime = NOW,
    answer_seconds: float = 10,
) -> AsyncIterator[Port]:
    async with aiohttp.ClientSession(cookie_jar=DummyCookieJar()) as http:
        parts = Connection(now=lambda: now, pace=pace or Pace(), answer_seconds=answer_seconds, api_base=url)
        yield QIYU.connect(account or qiyu_account(), http, parts)


def message(content: Content, sender: Party = CUSTOMER, **changes: Any) -> Message:
    inbound = sender.kind == "customer"
    fields: dict[str, Any] = {
        "id": f"{UID}:cause:0",
        "conversation": UID,
        "app_id": CUSTOMER_OF_OURS.app_id,
        "seq": 1,
        "revision": 1,
        "direction": "inbound" if inbound else "outbound",
        "sender": sender,
        "content": content,
        "at": NOW,
        "cause": "cause",
        **changes,
    }
    return Message(**fields)


def relayed_text(text: str = "你好") -> Relayed:
    return Relayed(message(Text(text=text)))


def push(
    event: str | None, body: dict[str, Any] | bytes, *, secret: str = SECRET, now: datetime = NOW, **query: str
) -> PushRequest:
    """A push as Qiyu signs it; `query` replaces single parts of the proof."""
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    time = str(int(now.timestamp()))
    proof = {"time": time, "checksum": checksum(secret, raw, query.get("time", time)), **query}
    named = {"eventType": event} if event is not None else {}
    return PushRequest(query=named | proof, headers={}, body=raw, received_at=NOW)
