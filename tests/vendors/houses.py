"""Each vendor's adapter with all that the contract suite needs to try it. A new vendor adds its house at the end."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
from aiohttp import DummyCookieJar

from shared.conversation import ids
from shared.store.vendor_accounts import VendorAccount
from shared.vendors.port import Connection, Customer, Port, PushRequest, Vendor
from shared.vendors.registry import VENDORS
from shared.wechat.crypto import signature
from tests.vendors.qiyu_house import CUSTOMER_OF_OURS, NOW, SECRET, UID, Pace, QiyuPlace, push, qiyu_account
from tests.vendors.zhima_receiver import APP_ID, Receiver, receiver, zhima_account

OPENID: Final = "o9AgO5Kd5ggOC-bXrbNODIiE3bGY"
DEVELOPER_TOKEN: Final = "developer-token"
HIDDEN: Final = "hidden-end-of-the-address"


@dataclass
class Arrivals:
    """What a willing server was asked, as one text for each request: its address and its body."""

    url: str
    count: Callable[[], int]
    text: Callable[[], str]


@dataclass(frozen=True)
class House:
    """`account` speaks to the vendor at an address; `willing` is a server that takes everything.

    `knows_repeats`: the vendor recognises a message it is given twice, so that no answer is no reason to stop.
    """

    kind: str
    account: Callable[[str], VendorAccount]
    app_id: str
    customer: Customer
    secrets: tuple[str, ...]
    knows_repeats: bool
    signed: Callable[[bytes], PushRequest]
    said: dict[str, Any]
    """A push by which its people say something to the customer."""
    proofs: tuple[str, ...]
    """The parts of the query that prove a push."""
    willing: Callable[[], AbstractAsyncContextManager[Arrivals]]
    uid: str = field(default=UID)

    @property
    def vendor(self) -> Vendor:
        return VENDORS[self.kind]

    @asynccontextmanager
    async def port(self, url: str, *, pace: Pace | None = None, answer_seconds: float = 10) -> AsyncIterator[Port]:
        async with aiohttp.ClientSession(cookie_jar=DummyCookieJar()) as http:
            parts = Connection(now=lambda: NOW, pace=pace or Pace(), answer_seconds=answer_seconds)
            yield self.vendor.connect(self.account(url), http, parts)

    def genuine(self) -> PushRequest:
        return self.signed(json.dumps(self.said).encode())


def _qiyu_account(url: str) -> VendorAccount:
    return qiyu_account(api_base=url)


@asynccontextmanager
async def _willing_qiyu() -> AsyncIterator[Arrivals]:
    async with QiyuPlace().listening() as place:
        place.tell("/openapi/message/uploadFile", {"code": 200, "url": f"{place.url}/files/1"})
        yield Arrivals(
            url=place.url,
            count=lambda: len(place.asked),
            text=lambda: "\n".join(f"{asked.query} {asked.body!r}" for asked in place.asked),
        )


def _zhima_account(url: str) -> VendorAccount:
    return zhima_account(
        f"{url}/push_pwd/mini_program/{HIDDEN}",
        settings={"developer_auth": "wechat_sig"},
        secrets={"developer_token": DEVELOPER_TOKEN},
    )


def _zhima_signed(body: bytes) -> PushRequest:
    timestamp, nonce = str(int(NOW.timestamp())), "837465"
    query = {"timestamp": timestamp, "nonce": nonce, "signature": signature(DEVELOPER_TOKEN, timestamp, nonce)}
    return PushRequest(query=query, headers={}, body=body, received_at=NOW)


@asynccontextmanager
async def _willing_zhima() -> AsyncIterator[Arrivals]:
    path = f"/push_pwd/mini_program/{HIDDEN}"
    async with receiver(path) as taking:
        yield Arrivals(
            url=taking.url.removesuffix(path), count=lambda: _zhima_count(taking), text=lambda: repr(taking.arrived)
        )


def _zhima_count(taking: Receiver) -> int:
    return len(taking.arrived) + taking.checks


HOUSES: Final = (
    House(
        kind="qiyu",
        account=_qiyu_account,
        app_id=CUSTOMER_OF_OURS.app_id,
        customer=CUSTOMER_OF_OURS,
        secrets=(SECRET,),
        knows_repeats=False,
        signed=lambda body: push("MSG", body),
        said={"uid": UID, "msgType": "TEXT", "content": "您好", "msgId": "8ca1c9fb", "staffName": "lantian"},
        proofs=("time", "checksum"),
        willing=_willing_qiyu,
    ),
    House(
        kind="zhima",
        account=_zhima_account,
        app_id=APP_ID,
        customer=Customer(uid=ids.conversation_id(APP_ID, OPENID), app_id=APP_ID, app_name="店铺", openid=OPENID),
        secrets=(HIDDEN, DEVELOPER_TOKEN),
        knows_repeats=True,
        signed=_zhima_signed,
        said={"MsgType": "text", "Content": "您好", "StaffId": 126, "StaffName": "小芝", "MsgId": 652}
        | {"ToUserName": OPENID, "FromUserName": 799533513, "CreateTime": int(NOW.timestamp())},
        proofs=("timestamp", "nonce", "signature"),
        willing=_willing_zhima,
        uid=ids.conversation_id(APP_ID, OPENID),
    ),
)
