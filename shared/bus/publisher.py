"""Publishing that can be believed: confirmed by a majority, refused when no queue takes it, bounded in time."""

import asyncio
from collections.abc import Iterable
from typing import Final

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractExchange
from aio_pika.exceptions import DeliveryError, PublishError

from shared.bus.connection import BROKEN, BrokerUnavailable, Link
from shared.bus.headers import CONTRACT, PUBLISHED_MS, TRACEPARENT
from shared.bus.topology import LIVE, Topology
from shared.clock import real_now
from shared.contracts import BusMessage, encode, route
from shared.contracts.hints import LiveHint
from shared.observe.tracing import traceparent

IN_FLIGHT: Final = 256


class Unroutable(BrokerUnavailable):
    """No queue is bound for the message: the topology is not there (any more). Held like any other trouble."""


class Publisher:
    """Confirmed publishing on one channel; live hints on another, unconfirmed.

    A failed publish is not repeated here: what was lost is the caller's to know, whose ids make a repeat harmless.
    """

    def __init__(self, link: Link, topology: Topology, *, confirm_seconds: float = 5.0) -> None:
        self._link = link
        self._topology = topology
        self._confirm_seconds = confirm_seconds
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._opening = asyncio.Lock()
        self._channel: AbstractChannel | None = None
        self._exchanges: dict[str, AbstractExchange] = {}
        self._live_channel: AbstractChannel | None = None
        self._live: AbstractExchange | None = None

    @property
    def connected(self) -> bool:
        return self._link.connected

    def queue_of(self, message: BusMessage) -> str:
        """The queue that the message is for."""
        return self._topology.route(*route(message))

    async def publish(self, message: BusMessage, *, expires_seconds: float | None = None) -> None:
        """Return once the broker has it for good; raises BrokerUnavailable (Unroutable where no queue took it)."""
        exchange, key = route(message)
        if self._link.held is not None:
            raise BrokerUnavailable(f"{exchange}: {self._link.held}")
        traced = traceparent(message)
        packet = Message(
            encode(message),
            delivery_mode=DeliveryMode.PERSISTENT,
            content_type="application/json",
            expiration=expires_seconds,
            headers={
                "kind": message.kind,
                CONTRACT: message.contract,
                "trace_id": message.trace_id,
                PUBLISHED_MS: _milliseconds(),
                **({TRACEPARENT: traced} if traced else {}),
            },
        )
        self._link.under_way += 1
        try:
            async with asyncio.timeout(self._confirm_seconds), self._slots:
                target = await self._exchange(exchange)
                await target.publish(packet, self._topology.route(exchange, key), timeout=None)
        except PublishError as returned:
            raise Unroutable(f"{exchange}: no queue for {self._topology.route(exchange, key)}") from returned
        except DeliveryError as nacked:
            raise BrokerUnavailable(f"{exchange}: refused by the broker (queue full?)") from nacked
        except BROKEN as failure:
            raise BrokerUnavailable(f"{exchange}: {str(failure) or type(failure).__name__}") from failure
        finally:
            self._link.under_way -= 1

    async def publish_all(self, messages: Iterable[BusMessage]) -> None:
        """Publish in order, pipelined; raises the first failure after all have ended."""
        results = await asyncio.gather(*(self.publish(message) for message in messages), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def hint(self, hint: LiveHint) -> None:
        """Tell whoever listens on `wx.live`; nobody may, and a lost hint is only late."""
        try:
            if self._live is None or self._live_channel is None or self._live_channel.is_closed:
                self._live_channel = await self._link.channel()
                self._live = await self._live_channel.get_exchange(LIVE, ensure=False)
            await self._live.publish(Message(hint.model_dump_json().encode()), hint.kind, mandatory=False)
        except (BrokerUnavailable, *BROKEN):
            self._live = None

    async def _exchange(self, name: str) -> AbstractExchange:
        if self._channel is None or self._channel.is_closed or name not in self._exchanges:
            async with self._opening:
                await self._open(name)
        return self._exchanges[name]

    async def _open(self, name: str) -> None:
        if self._channel is None or self._channel.is_closed:
            self._exchanges = {}
            self._channel = await self._link.channel(confirms=True)
        if name not in self._exchanges:
            self._exchanges[name] = await self._channel.get_exchange(name, ensure=False)


def _milliseconds() -> int:
    return int(real_now().timestamp() * 1000)
