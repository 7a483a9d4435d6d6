"""`/livez`, `/readyz` and `/metrics`, on a port apart from traffic."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.observe.http import listen
from shared.settings import ObserveSettings

log = structlog.get_logger()
Check = Callable[[], bool]


class Health:
    """What a service says of itself: ready while every check holds and it is not draining."""

    def __init__(self, **checks: Check) -> None:
        self._checks = dict(checks)
        self.draining = False

    def add(self, name: str, check: Check) -> None:
        self._checks[name] = check

    def failing(self) -> list[str]:
        failing = [name for name, check in self._checks.items() if not check()]
        return ["draining", *failing] if self.draining else failing


@asynccontextmanager
async def ops_server(settings: ObserveSettings, health: Health) -> AsyncIterator[int]:
    """Serve health and metrics; yields the port."""

    async def livez(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        failing = health.failing()
        return web.Response(status=503 if failing else 200, text=", ".join(failing) + "\n" if failing else "ok\n")

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/livez", livez), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    async with listen(app, settings.host, settings.ops_port, "OPS_PORT") as port:
        log.info("ops_listening", port=port)
        try:
            yield port
        finally:
            health.draining = True
