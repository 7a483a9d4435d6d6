"""A running sandbox with one app and a receiver for its pushes, spoken to over HTTP like anybody would."""

import asyncio
import io
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientSession, FormData

from services.sandbox.app import RunningSandbox, sandbox
from services.sandbox.settings import SandboxSettings
from services.sandbox.wechat.pushes import PushTiming
from shared.clock import FixedClock
from tests.sandbox.receiver import Receiver, receiving

APPID = "wxba5fad812f8e6fb9"
SECRET = "0123456789abcdef0123456789abcdef"
TOKEN = "simtoken2026"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OPENID = "o9AgO5Kd5ggOC-bXrbNODIiE3bGY"
PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 10
JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 10
SEND = "/cgi-bin/message/custom/send"
TYPING = "/cgi-bin/message/custom/typing"

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)

IMPATIENT = PushTiming(timeout_seconds=5.0, resend_pauses_seconds=(0.0, 0.0, 0.0), overtake_wait_seconds=0.01)


@dataclass
class Answer:
    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def errcode(self) -> int:
        return int(self.body.get("errcode", 0))


@dataclass
class Box:
    running: RunningSandbox
    session: ClientSession
    receiver: Receiver

    async def control(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        if body is not None:
            options["json"] = body
        url = f"{self.running.url}/sandbox/api{path}"
        async with self.session.request(method, url, **options) as response:
            return Answer(response.status, await response.json(), response.headers)

    async def put_app(self, appid: str = APPID, **changes: Any) -> Answer:
        config = {"secret": SECRET, "token": TOKEN, "aes_key": AES_KEY, "mode": "secure", "format": "json"}
        return await self.control("PUT", f"/apps/{appid}", config | {"callback_url": self.receiver.url} | changes)

    async def act(self, action: str, body: Any = None, *, openid: str = OPENID, wait: str = "1") -> Any:
        """One thing the customer does; the answer's body."""
        return (await self.control("POST", f"/apps/{APPID}/customers/{openid}/{action}?wait={wait}", body or {})).body

    async def say(self, text: str = "你好", **options: Any) -> Any:
        return await self.act("say", {"text": text}, **options)

    async def phone(self, after: int = 0, wait_seconds: float = 0, openid: str = OPENID) -> Any:
        path = f"/apps/{APPID}/customers/{openid}/phone?after={after}&wait_seconds={wait_seconds}"
        return (await self.control("GET", path)).body

    async def advance(self, seconds: float) -> None:
        assert (await self.control("POST", "/clock", {"advance_seconds": seconds})).status == 200

    async def calls(self, path: str = "") -> list[Any]:
        items: list[Any] = (await self.control("GET", f"/calls?path={path}")).body["items"]
        return items

    async def api(self, method: str, path: str, **options: Any) -> Answer:
        async with self.session.request(method, self.running.url + path, **options) as response:
            is_json = "json" in response.headers.get("Content-Type", "")
            body = await response.json(content_type=None) if is_json else await response.read()
            return Answer(response.status, body, response.headers)

    async def token(self) -> str:
        query = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}
        token: str = (await self.api("GET", "/cgi-bin/token", params=query)).body["access_token"]
        return token

    async def post(self, path: str, body: Any, token: str | None = None) -> Answer:
        """A JSON call with a good token unless another is given."""
        query = {"access_token": token if token is not None else await self.token()}
        return await self.api("POST", path, params=query, json=body)

    async def send(self, text: str = "您好", token: str | None = None, **fields: Any) -> Answer:
        return await self.post(SEND, text_message(text) | fields, token)

    async def upload(self, data: bytes = PNG, kind: str = "image") -> Answer:
        query = {"access_token": await self.token(), "type": kind}
        return await self.api("POST", "/cgi-bin/media/upload", params=query, data=form("media", data))


def text_message(text: str = "您好", openid: str = OPENID) -> dict[str, Any]:
    return {"touser": openid, "msgtype": "text", "text": {"content": text}}


def form(field: str, data: bytes, filename: str = "picture.png") -> Any:
    made = FormData()
    made.add_field(field, io.BytesIO(data), filename=filename, content_type="image/png")
    return made


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Return when the condition holds; fail after a generous time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.005)


@asynccontextmanager
async def boxed(
    timing: PushTiming = IMPATIENT, *, clock: FixedClock | None = None, **changes: Any
) -> AsyncIterator[Box]:
    """A sandbox with one app (`changes` to its configuration) and one customer, whose clock stands until moved.

    `clock` is that of its machine: who moves it there tells nobody.
    """
    settings = SandboxSettings(host="127.0.0.1", sandbox_port=0, ops_port=0, mongo_url=None)
    machine = clock or FixedClock(NOW)
    async with receiving() as receiver, sandbox(settings, timing, machine) as running, ClientSession() as session:
        box = Box(running, session, receiver)
        assert (await box.put_app(**changes)).body == {"verified": True}
        assert (await box.control("POST", f"/apps/{APPID}/customers", {"openid": OPENID})).status == 201
        yield box
