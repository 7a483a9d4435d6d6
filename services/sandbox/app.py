"""Wiring: the stand-in's parts, its routes, and the port they answer on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import structlog
from aiohttp import ClientSession, DummyCookieJar, TCPConnector, web

from services.sandbox.calls import CallBook
from services.sandbox.chance import Chance
from services.sandbox.clock import OffsetStore, SandboxClock
from services.sandbox.control import control_app
from services.sandbox.faults import FaultBox
from services.sandbox.page import page_routes
from services.sandbox.parts import Parts
from services.sandbox.qiyu.api import QiyuApi
from services.sandbox.qiyu.page import staff_page_routes
from services.sandbox.qiyu.world import Qiyu
from services.sandbox.settings import SandboxSettings
from services.sandbox.wechat.api.dispatch import WeChatApi
from services.sandbox.wechat.inbound import Inbound
from services.sandbox.wechat.pictures import Pictures
from services.sandbox.wechat.pushes import Pusher, PushTiming
from services.sandbox.wechat.state import World
from services.sandbox.zhima.page import zhima_page_routes
from services.sandbox.zhima.whole import build_zhima
from shared.clock import Clock
from shared.lifecycle import Background
from shared.observe.health import Health, ops_server
from shared.observe.http import listen
from shared.store.clock import ClockStore
from shared.store.driver import Database

log = structlog.get_logger()

_MAX_BODY: Final = 12 * 1024 * 1024
_SETTLE_SECONDS: Final = 0.5


class RunningSandbox(Background):
    """The sandbox while it serves. `url` is where; `parts` is what tests may look into."""

    def __init__(self, parts: Parts, port: int, ops_port: int) -> None:
        super().__init__()
        self.parts = parts
        self.port = port
        self.ops_port = ops_port
        self.url = parts.world.base_url


@asynccontextmanager
async def sandbox(
    settings: SandboxSettings, timing: PushTiming | None = None, real_clock: Clock | None = None
) -> AsyncIterator[RunningSandbox]:
    """Serve until left. Raises PortTaken, or Outage if MONGO_URL names a database that does not answer.

    Tests shorten the real seconds of `timing`, and give the clock that the sandbox's offset is added to.
    """
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(
            ClientSession(connector=TCPConnector(limit=0), cookie_jar=DummyCookieJar())
        )
        store = await stack.enter_async_context(_offset_store(settings))
        clock = SandboxClock(store, real_clock)
        parts = build_parts(session, clock, timing or PushTiming())
        await clock.move(0)
        port = await stack.enter_async_context(
            listen(build_app(parts), settings.host, settings.sandbox_port, "SANDBOX_PORT")
        )
        parts.answer_at(f"http://{_reachable(settings.host)}:{port}")
        ops_port = await stack.enter_async_context(ops_server(settings, Health()))
        log.info("sandbox_listening", port=port)
        running = await stack.enter_async_context(RunningSandbox(parts, port, ops_port))
        running.spawn(_settling(parts), "vendors")
        yield running


async def _settling(parts: Parts) -> None:
    """What vendors do as time goes by happens though nobody calls."""
    while True:
        await asyncio.sleep(_SETTLE_SECONDS)
        parts.qiyu.settle()


@asynccontextmanager
async def _offset_store(settings: SandboxSettings) -> AsyncIterator[OffsetStore | None]:
    if settings.mongo_url is None:
        yield None
        return
    database = Database(settings.mongo_url.get_secret_value(), settings.mongo_db, settings.mongo_driver)
    try:
        yield ClockStore(database)
    finally:
        await database.close()


def build_parts(session: ClientSession, clock: SandboxClock, timing: PushTiming) -> Parts:
    faults, book = FaultBox(), CallBook()
    world = World(clock, Chance())
    pusher = Pusher(session, world, faults, timing)
    inbound = Inbound(world, pusher, faults)
    qiyu = Qiyu(session, clock, Chance())
    zhima = build_zhima(session, clock, Chance(), faults, book)
    return Parts(clock, faults, book, world, pusher, inbound, qiyu, zhima)


def build_app(parts: Parts) -> web.Application:
    app = web.Application(client_max_size=_MAX_BODY)
    app.add_routes(page_routes())
    app.add_routes(WeChatApi(parts.world, parts.faults, parts.book).routes())
    app.add_routes(Pictures(parts.world).routes())
    app.add_routes(parts.zhima.routes)
    app.add_routes(QiyuApi(parts.qiyu, parts.book).routes())
    app.add_routes(staff_page_routes())
    app.add_routes(zhima_page_routes())
    app.add_subapp("/sandbox/api", control_app(parts))

    async def let_everyone_go(_: web.Application) -> None:
        parts.world.let_go()
        await parts.pusher.cancel_all()
        await parts.qiyu.stop()
        await parts.zhima.events.cancel_all()

    app.on_shutdown.append(let_everyone_go)
    return app


def _reachable(host: str) -> str:
    """An address that a program on this machine can open for `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - compared, not bound
