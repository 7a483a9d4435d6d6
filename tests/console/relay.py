"""A way to a server that can be cut and mended, without touching the server."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from threading import Thread
from typing import Any

from yarl import URL


class Relay:
    """Passes on to one address what comes in on a port of its own.

    Cut, it refuses and drops what it had. Held, it takes everything and passes nothing on: a server that is there and
    does not answer.

    It works in a thread of its own, as a server would somewhere else: a driver that blocks the test's loop, as Motor
    does while it closes, would wait in vain for a relay in that loop. What a call does has happened when it returns.
    """

    def __init__(self, url: str) -> None:
        self._url = URL(url)
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._port = 0
        self._open = asyncio.Event()
        self._open.set()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="relay")
        self._thread.start()

    @property
    def url(self) -> str:
        return str(self._url.with_port(self._port))

    async def mend(self) -> None:
        await self._there(self._listen())

    def hold(self) -> None:
        asyncio.run_coroutine_threadsafe(self._set_open(to=False), self._loop).result()

    def let_go(self) -> None:
        asyncio.run_coroutine_threadsafe(self._set_open(to=True), self._loop).result()

    async def cut(self) -> None:
        await self._there(self._drop())

    async def end(self) -> None:
        """Cut for good; it cannot be mended any more."""
        await self._there(self._finish())
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)
        self._loop.close()

    async def _there(self, work: Coroutine[Any, Any, None]) -> None:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _set_open(self, *, to: bool) -> None:
        if to:
            self._open.set()
        else:
            self._open.clear()

    async def _drop(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _finish(self) -> None:
        self._open.set()
        await self._drop()
        passing = asyncio.all_tasks() - {asyncio.current_task()}
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._url.host, self._url.port)
        self._writers |= {writer, back}
        await asyncio.gather(self._copy(reader, back), self._copy(there, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(65_536):
                await self._open.wait()
                writer.write(chunk)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def relay(url: str) -> AsyncIterator[Relay]:
    made = Relay(url)
    try:
        await made.mend()
        yield made
    finally:
        await made.end()
