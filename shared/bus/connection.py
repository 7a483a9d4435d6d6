"""One connection to RabbitMQ, kept open. What was under way when it broke is the business of whoever used it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import AMQPException
from yarl import URL

from shared.observe import metrics
from shared.outage import Outage

log = structlog.get_logger()

HEARTBEAT_SECONDS: Final = 10
CONNECT_SECONDS: Final = 10
BACKOFF_SECONDS: Final = (0.1, 0.2, 0.5, 1.0, 2.0)
BROKEN: Final = (AMQPException, ConnectionError, OSError, asyncio.TimeoutError, RuntimeError)
"""What aio-pika raises when a connection or channel is not there (RuntimeError: a closed writer)."""


class BrokerUnavailable(Outage):
    """RabbitMQ is out of reach, or did not confirm in time."""


class Link:
    """Opens the connection and opens it again whenever it breaks. Publishing and consuming each have their own."""

    def __init__(self, url: str, name: str) -> None:
        self._url = URL(url).update_query(heartbeat=HEARTBEAT_SECONDS, name=name)
        self._name = name
        self._connection: AbstractConnection | None = None
        self._connected = asyncio.Event()
        self.held: str | None = None
        """Why nothing may be published for now; None: it may."""
        self.under_way = 0
        """How many are being published."""
        self._end = name.rpartition("-")[2]
        metrics.wxdesk_rabbitmq_connected.labels(self._end).set(0)

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    async def wait_connected(self) -> None:
        await self._connected.wait()

    async def channel(self, *, confirms: bool = False) -> AbstractChannel:
        """A new channel; raises BrokerUnavailable at once where there is no connection."""
        connection = self._connection
        if connection is None or not self.connected:
            raise BrokerUnavailable(f"no connection to RabbitMQ ({self._name})")
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await connection.channel(publisher_confirms=confirms, on_return_raises=confirms)
        except BROKEN as failure:
            raise BrokerUnavailable(str(failure)) from failure

    async def keep_open(self) -> None:
        """Run until cancelled: connect, wait for the end of it, connect again."""
        tries = 0
        while True:
            try:
                connection = await self._opened()
            except BROKEN as failure:
                wait = BACKOFF_SECONDS[min(tries, len(BACKOFF_SECONDS) - 1)]
                tries += 1
                metrics.wxdesk_rabbitmq_losses_total.labels(self._end).inc()
                log.warning("broker_unreachable", part=self._name, reason=str(failure), retry_seconds=wait)
                await asyncio.sleep(wait)
                continue
            tries = 0
            try:
                await self._stay(connection)
            finally:
                self._connected.clear()
                metrics.wxdesk_rabbitmq_connected.labels(self._end).set(0)
                self._connection = None
                with suppress(*BROKEN):
                    await connection.close()
            metrics.wxdesk_rabbitmq_losses_total.labels(self._end).inc()
            log.warning("broker_lost", part=self._name)

    async def _opened(self) -> AbstractConnection:
        connection = aio_pika.Connection(self._url)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await connection.connect()
        except BaseException:
            # One that never opened would close itself when it is collected, in whatever thread that happens.
            await connection.close()
            raise
        return connection

    async def _stay(self, connection: AbstractConnection) -> None:
        # Not `connection.closed()`, which waits for our own close and never hears of a lost broker.
        lost = asyncio.Event()
        connection.close_callbacks.add(lambda *_: lost.set())
        self._connection = connection
        self._connected.set()
        metrics.wxdesk_rabbitmq_connected.labels(self._end).set(1)
        if connection.connected.is_set():
            await lost.wait()


def closing_of(channel: AbstractChannel, *also: asyncio.Event) -> asyncio.Event:
    """An event set once the channel is closed, by whichever side; `also` are set with it."""
    closed = asyncio.Event()

    def note(*_: object) -> None:
        for event in (closed, *also):
            event.set()

    channel.close_callbacks.add(note)
    return closed


@asynccontextmanager
async def linked(url: str, name: str) -> AsyncIterator[Link]:
    """A link kept open in the background for as long as the block runs."""
    link = Link(url, name)
    keeper = asyncio.create_task(link.keep_open(), name=f"link {name}")
    try:
        yield link
    finally:
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper
