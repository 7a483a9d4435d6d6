"""The other end of a callback URL: keeps every request, answers what it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from shared.observe.http import listen


@dataclass(frozen=True)
class Received:
    method: str
    query: dict[str, str]
    content_type: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


Answers = Callable[[Received], web.Response | None]
"""What to answer; None = nothing, ever."""


def success(_: Received) -> web.Response:
    return web.Response(text="success")


def echo(request: Received) -> web.Response:
    return web.Response(text=request.query["echostr"])


@dataclass
class Receiver:
    url: str = ""
    pushes: list[Received] = field(default_factory=list)
    checks: list[Received] = field(default_factory=list)
    answer: Answers = success
    answer_check: Answers = echo
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def answer_in_turn(self, *answers: Answers) -> None:
        """One for each push, then `success`."""
        left = list(answers)

        def answer(request: Received) -> web.Response | None:
            return left.pop(0)(request) if left else success(request)

        self.answer = answer

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        received = Received(request.method, dict(request.query), request.content_type, body, headers)
        (self.checks if request.method == "GET" else self.pushes).append(received)
        answered = (self.answer_check if request.method == "GET" else self.answer)(received)
        if answered is None:
            await self._released.wait()
        return answered or web.Response(status=500)

    def release(self) -> None:
        self._released.set()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.add_routes([web.route("*", "/callback", receiver.handle)])
    async with listen(app, "127.0.0.1", 0, "none") as port:
        receiver.url = f"http://127.0.0.1:{port}/callback?tenant=7"
        try:
            yield receiver
        finally:
            receiver.release()
