"""A server in Qiyu's place that keeps a book, and fails as it is told."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from shared.observe.http import listen

STOOD = {"code": 200, "sessionId": 62927, "staffId": 143, "staffName": "小鱼", "staffType": 1, "message": "您好"}


@dataclass
class Call:
    path: str
    body: bytes
    code: int | None
    """What it was answered with; None: nothing."""
    taken: bool
    at: float = field(default_factory=time.monotonic)
    """When it arrived."""

    @property
    def fields(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.body)
        return read


@dataclass
class Fault:
    """`drop`: the call is carried out and not answered."""

    path: str
    code: int | None = None
    http: int | None = None
    drop: bool = False
    times: int | None = None


@dataclass
class QiyuSide:
    url: str = ""
    book: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def calls(self, path: str) -> list[Call]:
        return [call for call in self.book if call.path == path]

    def said(self, uid: str | None = None) -> list[str]:
        """The texts its people see of a customer, in order."""
        taken = [call.fields for call in self.calls("/openapi/message/send") if call.taken]
        return [one["content"] for one in taken if one["msgType"] == "TEXT" and uid in {None, one["uid"]}]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Self]:
        app = web.Application(client_max_size=16 << 20)
        app.router.add_post("/{path:.*}", self._answer)
        async with listen(app, "127.0.0.1", 0, "the port in Qiyu's place") as port:
            self.url = f"http://127.0.0.1:{port}"
            yield self

    async def _answer(self, request: web.Request) -> web.Response:
        body, fault = await request.read(), self._fault(request.path)
        if fault is None:
            told = self._told(request.path)
            self.book.append(Call(request.path, body, told["code"], taken=True))
            return web.json_response(told)
        self.book.append(Call(request.path, body, fault.code, taken=fault.drop))
        if fault.drop:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if fault.http is not None:
            return web.Response(status=fault.http)
        return web.json_response({"code": fault.code, "message": "as told"})

    def _told(self, path: str) -> dict[str, Any]:
        if path.endswith("applyStaff"):
            return STOOD
        if path.endswith("queryQueueStatus"):
            return {"code": 200, "count": 2}
        return {"code": 200, "url": f"{self.url}/files/1"} if path.endswith("uploadFile") else {"code": 200}

    def _fault(self, path: str) -> Fault | None:
        for fault in self.faults:
            if path.startswith(fault.path):
                fault.times = fault.times - 1 if fault.times is not None else None
                if fault.times == 0:
                    self.faults.remove(fault)
                return fault
        return None
