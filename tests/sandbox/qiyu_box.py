"""A running sandbox with one account of Qiyu's, spoken to as its client does, and a receiver for its pushes."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from services.sandbox.qiyu.signing import checksum
from tests.sandbox.box import Answer, Box, boxed, form
from tests.sandbox.receiver import Received
from tests.support.waiting import eventually

KEY = "1064deea1c3624c9ee26d1de5ce8481f"
SECRET = "QIYU-TEST-SECRET-0123456789ABCDEF"
UID = "b3kq7n2m5xw4abcdefghijklmn"
OTHER = "a2kq7n2m5xw4abcdefghijklmn"
LAN = {"id": 143, "name": "lantian", "groups": [7], "max_sessions": 1}
YU = {"id": 144, "name": "小鱼", "groups": [8], "max_sessions": 1}
SEND = "/openapi/message/send"
APPLY = "/openapi/event/applyStaff"
PLACE = "/openapi/event/queryQueueStatus"
QUIT = "/openapi/event/quitQueue"
PROFILE = "/openapi/event/updateUInfo"
EVALUATE = "/openapi/event/evaluate"
UPLOAD = "/openapi/message/uploadFile"
UPLOAD_TEXT = "/openapi/message/sendFile"


def empty(_: Received) -> web.Response:
    return web.Response()


@dataclass
class QiyuBox:
    box: Box
    config: dict[str, Any] = field(default_factory=dict)
    posted: int = 0

    async def configure(self, **changes: Any) -> Answer:
        self.config |= changes
        return await self.box.control("PUT", f"/qiyu/accounts/{KEY}", self.config)

    def proof(self, content: bytes, **changes: str) -> dict[str, str]:
        time = changes.get("time", str(self.now))
        sha256 = changes.get("checksumAlgorithm") == "1"
        return {"appKey": KEY, "time": time, "checksum": checksum(SECRET, content, time, sha256=sha256), **changes}

    @property
    def now(self) -> int:
        return int(self.box.running.parts.clock.now().timestamp())

    async def post(self, path: str, body: Any, **changes: str) -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        return await self.box.api("POST", path, params=self.proof(raw, **changes), data=raw)

    async def code(self, path: str, body: Any, **changes: str) -> int:
        return int((await self.post(path, body, **changes)).body["code"])

    async def apply(self, uid: str = UID, **fields: Any) -> Any:
        return (await self.post(APPLY, {"uid": uid, "staffType": 1, **fields})).body

    async def say(self, text: str = "你好", uid: str = UID) -> int:
        return await self.code(SEND, {"uid": uid, "msgType": "TEXT", "content": text})

    async def upload(self, data: bytes) -> Answer:
        return await self.box.api("POST", UPLOAD, params=self.proof(data), data=form("file", data))

    async def state(self) -> Any:
        return (await self.box.control("GET", f"/qiyu/accounts/{KEY}")).body

    async def does(self, action: str, uid: str = UID, **fields: Any) -> Answer:
        return await self.box.control("POST", f"/qiyu/accounts/{KEY}/customers/{uid}/{action}", fields)

    async def online(self, staff_id: int, *, online: bool) -> Answer:
        return await self.box.control("POST", f"/qiyu/accounts/{KEY}/staff/{staff_id}", {"online": online})

    async def spoil(self, **faults: Any) -> None:
        assert (await self.box.control("PUT", f"/qiyu/accounts/{KEY}/faults", faults)).status == 200

    async def customer(self, uid: str = UID) -> Any:
        return (await self.state())["customers"][uid]

    async def told(self, count: int) -> list[tuple[str, Any]]:
        """The next so many pushes, with their eventType, once they are there."""
        pushes = self.box.receiver.pushes
        await eventually(lambda: len(pushes) >= self.posted + count)
        new = pushes[self.posted : self.posted + count]
        self.posted += count
        return [(one.query["eventType"], json.loads(one.body)) for one in new]

    async def settled(self) -> None:
        """Once every push is settled."""

        async def all_settled() -> bool:
            return all(push["accepted"] is not None for push in (await self.state())["pushes"])

        await eventually(all_settled)


@asynccontextmanager
async def qiyu_boxed(**config: Any) -> AsyncIterator[QiyuBox]:
    """Time stands at `NOW` until it is moved; calls have no limits unless the test sets them."""
    async with boxed() as box:
        box.receiver.answer = empty
        url = box.receiver.url.partition("?")[0]
        many = {"calls_per_endpoint": 1000, "calls_per_account": 1000}
        made = QiyuBox(box, {"app_secret": SECRET, "callback_url": url, "staff": [LAN], **many})
        assert (await made.configure(**config)).status == 200
        yield made
