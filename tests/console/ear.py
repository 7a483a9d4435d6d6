"""Another system that listens: a real server that keeps what it was told, and answers as a test wants."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import orjson
from aiohttp import web

from shared.observe.http import listen


class Heard(NamedTuple):
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Ear:
    """Answers 200 with nothing, or for a path what `answers` has: a status, or JSON. `holds`: only once let go."""

    def __init__(self) -> None:
        self.url = ""
        self.heard: list[Heard] = []
        self.answers: dict[str, int | dict[str, Any]] = {}
        self.holds: dict[str, asyncio.Event] = {}

    def of(self, path: str) -> list[Heard]:
        return [one for one in self.heard if one.path == path]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.heard.append(Heard(request.path, dict(request.query), dict(request.headers), body))
        if request.path in self.holds:
            await self.holds[request.path].wait()
        match self.answers.get(request.path, 200):
            case 302:
                return web.Response(status=302, headers={"Location": f"{self.url}/elsewhere"})
            case int(status):
                return web.Response(status=status)
            case told:
                return web.json_response(told)


@asynccontextmanager
async def ear() -> AsyncIterator[Ear]:
    made = Ear()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    async with listen(app, "127.0.0.1", 0, "the receiver's port") as port:
        made.url = f"http://127.0.0.1:{port}"
        yield made
        for held in made.holds.values():
            held.set()
