"""Listening on a port, with a clear error when it is taken."""

import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


class PortTaken(Exception):
    """Another process listens there already; the text names the variable that moves us elsewhere."""


@asynccontextmanager
async def listen(app: web.Application, host: str, port: int, variable: str) -> AsyncIterator[int]:
    """Serve `app` on `host:port` (0 = any free) and yield the port. On leaving, requests in hand are finished."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as failure:
            if failure.errno != errno.EADDRINUSE:
                raise
            raise PortTaken(f"{variable}: {host}:{port} is taken by another process; choose another port") from None
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
