"""A server in WeChat's place for the client's tests: it answers as told and keeps the requests."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from shared.observe.http import listen

OK = {"errcode": 0, "errmsg": "ok"}


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Told:
    body: bytes
    status: int = 200
    content_type: str = "application/json; encoding=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Api:
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    told: dict[str, Told] = field(default_factory=dict)
    """By path; everything else is answered OK."""

    def tell(self, path: str, answer: dict[str, Any] | bytes, **more: Any) -> None:
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.told[path] = Told(body, **more)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Self]:
        app = web.Application(client_max_size=16 << 20)
        app.router.add_route("*", "/{path:.*}", self._answer)
        async with listen(app, "127.0.0.1", 0, "the stand-in's port") as port:
            self.url = f"http://127.0.0.1:{port}"
            yield self

    async def _answer(self, request: web.Request) -> web.Response:
        asked = Asked(request.method, request.path, dict(request.query), dict(request.headers), await request.read())
        self.asked.append(asked)
        told = self.told.get(request.path, Told(json.dumps(OK).encode()))
        headers = {"Content-Type": told.content_type, **told.headers}
        return web.Response(body=told.body, status=told.status, headers=headers)


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_server(handler: Handler) -> AsyncIterator[str]:
    """A server for what no HTTP server does: hang up, answer garbage, never answer."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await handler(reader, writer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """One whole request, by its Content-Length."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head + await reader.readexactly(length)
