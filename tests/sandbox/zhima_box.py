"""A running sandbox with one product of Zhima's, given WeChat's pushes, and servers for its tokens and its events."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from shared.observe.http import listen
from shared.wechat.crypto import signature
from tests.sandbox.box import APPID, OPENID, Answer, Box, boxed
from tests.support.waiting import eventually

KEY = "e5b1a2c3d4"
PUSH = f"/push_pwd/mini_program/{KEY}"
PUSH_TOKEN = "xiaokefu"
MIN = {"id": 126, "name": "小敏"}
WEI = {"id": 127, "name": "阿伟", "online": False}

TEXT_XML = (
    "<xml><ToUserName><![CDATA[gh_7c8d9e]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>"
    "<CreateTime>1795334400</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[{text}]]></Content><MsgId>{msg_id}</MsgId></xml>"
)


@dataclass
class TokenHouse:
    """Where Zhima fetches tokens: it asks the sandbox's WeChat for a new one each time, unless told what to answer."""

    box: Box
    url: str = ""
    asked: int = 0
    answers: list[Any] = field(default_factory=list)
    expires_in: Any = 7200

    async def handle(self, _: web.Request) -> web.Response:
        self.asked += 1
        if self.answers:
            return web.json_response(self.answers.pop(0))
        data = {"access_token": await self.box.token(), "expires_in": self.expires_in}
        return web.json_response({"code": 200, "msg": "获取token成功", "data": data})


@dataclass
class ZhimaBox:
    box: Box
    tokens: TokenHouse
    config: dict[str, Any] = field(default_factory=dict)

    async def configure(self, **changes: Any) -> Answer:
        self.config |= changes
        return await self.box.control("PUT", f"/zhima/products/{KEY}", self.config)

    def signed(self, token: str = PUSH_TOKEN, **more: str) -> dict[str, str]:
        timestamp = str(int(self.box.running.parts.clock.now().timestamp()))
        return {"signature": signature(token, timestamp, "837465"), "timestamp": timestamp, "nonce": "837465", **more}

    async def push(self, body: Any, path: str = PUSH, token: str = PUSH_TOKEN) -> Answer:
        raw = body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode()
        answer = await self.box.api("POST", path, params=self.signed(token, openid=OPENID), data=raw)
        return Answer(answer.status, answer.body.decode(), answer.headers)

    async def says(self, text: str = "你好", msg_id: int = 23456789012345678, openid: str = OPENID) -> Answer:
        return await self.push(TEXT_XML.format(text=text, msg_id=msg_id, openid=openid))

    async def enters(self, session_from: str = "") -> Answer:
        fields = {"ToUserName": "gh_7c8d9e", "FromUserName": OPENID, "CreateTime": 1795334400, "MsgType": "event"}
        return await self.push(fields | {"Event": "user_enter_tempsession", "SessionFrom": session_from})

    async def does(self, action: str, body: Any = None, openid: str = OPENID) -> Answer:
        return await self.box.control("POST", f"/zhima/products/{KEY}/customers/{openid}/{action}", body or {})

    async def state(self) -> Any:
        return (await self.box.control("GET", f"/zhima/products/{KEY}")).body

    async def customer(self) -> Any:
        return (await self.state())["customers"][OPENID]

    async def spoil(self, **faults: Any) -> None:
        assert (await self.box.control("PUT", f"/zhima/products/{KEY}/faults", faults)).status == 200

    async def settled(self, count: int) -> list[Any]:
        """So many replies, each with what became of it."""

        async def all_told() -> bool:
            replies = (await self.state())["replies"]
            return len(replies) >= count and all(reply["errcode"] is not None for reply in replies)

        await eventually(all_told)
        replies: list[Any] = (await self.state())["replies"]
        return replies

    async def taken(self, count: int) -> list[Any]:
        """So many events of developer mode, settled."""

        async def all_settled() -> bool:
            events = (await self.state())["events"]
            return len(events) >= count and all(event["accepted"] is not None for event in events)

        await eventually(all_settled)
        events: list[Any] = (await self.state())["events"]
        return events


@asynccontextmanager
async def zhima_boxed(**config: Any) -> AsyncIterator[ZhimaBox]:
    """Replies go to the sandbox's own WeChat, which the customer has just written to; events to the receiver."""
    async with boxed() as box:
        tokens = TokenHouse(box)
        app = web.Application()
        app.add_routes([web.route("*", "/token", tokens.handle)])
        async with listen(app, "127.0.0.1", 0, "none") as port:
            tokens.url = f"http://127.0.0.1:{port}/token"
            made = ZhimaBox(box, tokens, {"app_id": APPID, "token_url": tokens.url, "staff": [MIN, WEI]})
            assert (await made.configure(**config)).status == 200
            await box.say("在吗")
            box.receiver.pushes.clear()
            yield made
