"""The live socket: `hello`, what was missed, `ready`, and then everything as it happens."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import orjson
import structlog
from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.console import frames
from services.console.access import access_of
from services.console.feed import LOGIN_ENDED, RESTART, TOO_SLOW, Feed, Listener
from services.console.login import Identity, Logins, carries_cookie, same_origin
from services.console.problem import Refused
from services.console.replay import Replays
from services.console.settings import ConsoleSettings
from services.console.signals import Signals
from shared.observe import metrics
from shared.outage import Outage
from shared.store.apps import AppCache

log = structlog.get_logger()

HELLO_SECONDS: Final = 5.0
HEARTBEAT_SECONDS: Final = 20.0
CLOSE_SECONDS: Final = 3.0
LARGEST_FRAME_BYTES: Final = 8192
SOCKETS_OF_ONE_AGENT: Final = 32


class Hello(BaseModel):
    """`token` is for clients that can send no header and have no cookie."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str = Field(pattern="^hello$")
    cursor: str | None = None
    token: str | None = None


class Ended(Exception):
    """The socket is to be closed with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class Live:
    def __init__(
        self,
        settings: ConsoleSettings,
        logins: Logins,
        apps: AppCache,
        feed: Feed,
        replays: Replays,
        signals: Signals,
    ) -> None:
        self._settings = settings
        self._logins = logins
        self._apps = apps
        self._feed = feed
        self._replays = replays
        self._signals = signals

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Raises Refused where another site's page made the browser come with our cookie."""
        by_header = "Authorization" in request.headers
        by_cookie = not by_header and carries_cookie(request)
        if by_cookie and not same_origin(request):
            raise Refused("forbidden", "Open the live socket from this site's own page, or with a token.")
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_SECONDS, max_msg_size=LARGEST_FRAME_BYTES, compress=False, timeout=CLOSE_SECONDS
        )
        await socket.prepare(request)
        try:
            hello = await _hello(socket)
            identity = await self._identify(request, hello, known=by_header or by_cookie)
            await self._serve(socket, identity, hello)
        except Ended as ended:
            await _close(request, socket, ended.code)
        except Outage:
            await _close(request, socket, RESTART)
        return socket

    async def restart(self) -> None:
        """The process stops: everyone is told to come back, which is to another replica."""
        for listener in self._feed.listeners:
            listener.end(RESTART)

    async def _identify(self, request: web.Request, hello: Hello, *, known: bool) -> Identity:
        """Refused only now, and not by the upgrade's status: a browser shows its page nothing but the close code.

        An API token is no login and is refused: the socket shows an agent what their desk needs. Machines ask by REST.
        """
        if known:
            identity = await self._logins.of_request(request)
        else:
            identity = await self._logins.identify(hello.token or "", "bearer")
        if not isinstance(identity, Identity):
            raise Ended(LOGIN_ENDED)
        if sum(one.agent_id == identity.agent.id for one in self._feed.listeners) >= SOCKETS_OF_ONE_AGENT:
            raise Ended(WSCloseCode.TRY_AGAIN_LATER)
        return identity

    async def _serve(self, socket: web.WebSocketResponse, identity: Identity, hello: Hello) -> None:
        access = access_of(identity.agent, self._apps.all())
        listener = Listener(identity, access, self._settings.live_outbox_bytes)
        with self._feed.joined(listener):
            parts = [
                asyncio.create_task(self._tell(socket, listener, hello.cursor), name="live tell"),
                asyncio.create_task(self._hear(socket, listener), name="live hear"),
            ]
            try:
                ends: set[asyncio.Future[Any]] = {*parts, listener.ended}
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for part in parts:
                    part.cancel()
                outcomes = await asyncio.gather(*parts, return_exceptions=True)
        _raise_failure(outcomes)
        if listener.ended.done():
            raise Ended(listener.ended.result())

    async def _tell(self, socket: web.WebSocketResponse, listener: Listener, cursor: str | None) -> None:
        """The listener has joined: whatever changes while the replay is read waits in its outbox."""
        access, horizon = listener.access, self._feed.horizon
        ready = frames.ready(self._feed.cursor(access))
        with suppress(ConnectionError):
            async for piece in self._replays.since(cursor, access, horizon, listener.agent_id):
                await _send(socket, piece)
            await _send(socket, [ready])
            while True:
                await _send(socket, await listener.take())

    async def _hear(self, socket: web.WebSocketResponse, listener: Listener) -> None:
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            if _is_ping(message.data):
                listener.put([frames.PONG], len(frames.PONG))
            else:
                await self._signals.take(listener, message.data)


async def _hello(socket: web.WebSocketResponse) -> Hello:
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            message = await socket.receive()
    except TimeoutError:
        raise Ended(TOO_SLOW) from None
    if message.type is not WSMsgType.TEXT:
        raise Ended(WSCloseCode.PROTOCOL_ERROR)
    try:
        return Hello.model_validate(orjson.loads(message.data))
    except (ValidationError, orjson.JSONDecodeError):
        raise Ended(WSCloseCode.PROTOCOL_ERROR) from None


def _is_ping(frame: str) -> bool:
    """A browser shows its page no ping of the protocol's own, so a page asks in this way whether we are there."""
    try:
        told = orjson.loads(frame)
    except orjson.JSONDecodeError:
        return False
    return isinstance(told, dict) and told.get("type") == "ping"


async def _send(socket: web.WebSocketResponse, told: list[bytes]) -> None:
    """Waits while the client does not read: it is the outbox that tells how far behind it is."""
    for frame in told:
        await socket.send_frame(frame, WSMsgType.TEXT)
    for kind, count in Counter(frame[9 : frame.index(b'"', 9)] for frame in told).items():
        metrics.console_frames_total.labels(kind.decode()).inc(count)


async def _close(request: web.Request, socket: web.WebSocketResponse, code: int) -> None:
    """Say why, and do not wait long for one who does not read."""
    with suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await socket.close(code=code)
    if request.transport is not None and not request.transport.is_closing():
        request.transport.close() if socket.closed else request.transport.abort()


def _raise_failure(outcomes: Sequence[object]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
