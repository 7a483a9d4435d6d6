"""The sandbox's Qiyu with one account and its staff."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import DummyCookieJar

from services.sandbox.app import RunningSandbox
from shared.vendors.port import Connection, Port
from shared.vendors.qiyu.adapter import QIYU
from tests.vendors.our_side import Pushes, listening, standing_sandbox
from tests.vendors.qiyu_house import APP_KEY, NOW, SECRET, UID, Pace, qiyu_account

STAFF = [{"id": 143, "name": "lantian", "max_sessions": 1}, {"id": 144, "name": "小七", "max_sessions": 1}]


@dataclass
class QiyuSandbox:
    running: RunningSandbox
    http: aiohttp.ClientSession
    pushes: Pushes
    port: Port

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        async with self.http.request(method, f"{self.running.url}/sandbox/api{path}", json=body) as response:
            assert response.status < 300, await response.text()
            return await response.json()

    async def configure(self, **changes: Any) -> None:
        fields = {"app_secret": SECRET, "callback_url": self.pushes.url, "staff": STAFF, "calls_per_endpoint": 1000}
        await self.control("PUT", f"/qiyu/accounts/{APP_KEY}", fields | {"calls_per_account": 1000} | changes)

    async def staff(self, action: str, body: Any = None, uid: str = UID) -> Any:
        return await self.control("POST", f"/qiyu/accounts/{APP_KEY}/customers/{uid}/{action}", body or {})

    async def presence(self, staff_id: int, *, online: bool) -> None:
        await self.control("POST", f"/qiyu/accounts/{APP_KEY}/staff/{staff_id}", {"online": online})

    async def state(self) -> Any:
        return await self.control("GET", f"/qiyu/accounts/{APP_KEY}")

    async def visitor(self, uid: str = UID) -> Any:
        return (await self.state())["customers"][uid]

    async def heard(self, uid: str = UID) -> list[Any]:
        """What its people see of what the customer said: texts, and pictures by their addresses."""
        messages = (await self.visitor(uid))["messages"]
        return [one["text"] or one["url"] for one in messages if one["from"] == "customer"]

    async def fault(self, **fault: Any) -> None:
        await self.control("PUT", f"/qiyu/accounts/{APP_KEY}/faults", {"api": [fault]})

    async def spoil(self, **pushes: Any) -> None:
        await self.control("PUT", f"/qiyu/accounts/{APP_KEY}/faults", {"push": pushes})

    async def advance(self, seconds: float) -> None:
        await self.control("POST", "/clock", {"advance_seconds": seconds})

    @asynccontextmanager
    async def other_port(self, **settings: Any) -> AsyncIterator[Port]:
        parts = Connection(now=lambda: NOW, pace=Pace(), answer_seconds=10)
        account = settings.pop("account", None) or qiyu_account(api_base=self.running.url, **settings)
        yield QIYU.connect(account, self.http, parts)


@asynccontextmanager
async def qiyu_sandbox(**changes: Any) -> AsyncIterator[QiyuSandbox]:
    pushes = Pushes(QIYU, qiyu_account(), UID)
    async with (
        listening(pushes),
        standing_sandbox() as running,
        aiohttp.ClientSession(cookie_jar=DummyCookieJar()) as http,
    ):
        parts = Connection(now=lambda: NOW, pace=Pace(), answer_seconds=10)
        there = QiyuSandbox(running, http, pushes, QIYU.connect(qiyu_account(api_base=running.url), http, parts))
        await there.configure(**changes)
        yield there
