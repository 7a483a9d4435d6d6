"""Every exchange and queue, in one table. Queue arguments can never change; policies hold whatever may.

They are in queue_policies.

| exchange | queues | kind |
|---|---|---|
| `wx.conversation` | `router.v1.pNN` by conversation | quorum, single active consumer |
| `wx.outbound` | `sender.v1.pNN` by lane | quorum, single active consumer |
| `wx.bot` | `bot.v1` | quorum, competing consumers |
| `wx.offers` | `offers.v1` | quorum, single active consumer |
| `wx.live` | one a console replica, server-named | classic, exclusive; a hint only |
"""

import asyncio
from functools import lru_cache
from typing import Any, Final, Literal

import structlog
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelClosed, ChannelNotFoundEntity

from shared.bus.connection import Link
from shared.bus.partitions import HASH_NAME, partition_name, partition_of
from shared.conversation.content import Frozen

log = structlog.get_logger()

CONVERSATION: Final = "wx.conversation"
OUTBOUND: Final = "wx.outbound"
BOT: Final = "wx.bot"
OFFERS: Final = "wx.offers"
LIVE: Final = "wx.live"
BOT_QUEUE: Final = "bot.v1"
OFFERS_QUEUE: Final = "offers.v1"

DELIVERY_LIMIT: Final = 1_000_000
"""Must never decide: it counts closed channels and drops silently. This many kept everything on 3.10 and 4.0."""

QUORUM: Final[dict[str, Any]] = {"x-queue-type": "quorum", "x-delivery-limit": DELIVERY_LIMIT}
ORDERED: Final[dict[str, Any]] = {**QUORUM, "x-single-active-consumer": True}


class TopologyMismatch(Exception):
    """What RabbitMQ or MongoDB has is not what this process was told; the text names both."""


class Topology(Frozen):
    """Generation, partition counts and hash; one document in MongoDB that every process must agree with."""

    generation: int = 1
    router_partitions: int = 16
    sender_partitions: int = 8
    hash: Literal["blake2b-64-mod"] = HASH_NAME

    def route(self, exchange: str, key: str) -> str:
        """The routing key, which is the queue's name, for something that belongs to `key`."""
        match exchange:
            case "wx.conversation":
                return self.partitions("router")[partition_of(key, self.router_partitions)]
            case "wx.outbound":
                return self.partitions("sender")[partition_of(key, self.sender_partitions)]
            case "wx.bot":
                return BOT_QUEUE
            case "wx.offers":
                return OFFERS_QUEUE
            case _:
                raise ValueError(f"no such exchange: {exchange}")

    def partitions(self, service: Literal["router", "sender"]) -> tuple[str, ...]:
        """The partition queues of one service, by number."""
        count = self.router_partitions if service == "router" else self.sender_partitions
        return _partition_names(service, count, self.generation)

    def queues(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Queue name → the exchange that feeds it, and its arguments."""
        return {
            **dict.fromkeys(self.partitions("router"), (CONVERSATION, ORDERED)),
            **dict.fromkeys(self.partitions("sender"), (OUTBOUND, ORDERED)),
            BOT_QUEUE: (BOT, QUORUM),
            OFFERS_QUEUE: (OFFERS, ORDERED),
        }


@lru_cache(maxsize=16)
def _partition_names(service: str, count: int, generation: int) -> tuple[str, ...]:
    return tuple(partition_name(service, number, generation) for number in range(count))


async def declare(link: Link, topology: Topology) -> None:
    """Make every exchange and queue; raises TopologyMismatch where one exists with other arguments."""
    await link.wait_connected()
    channel = await link.channel()
    try:
        for exchange in (CONVERSATION, OUTBOUND, BOT, OFFERS):
            await channel.declare_exchange(exchange, ExchangeType.DIRECT, durable=True)
        await channel.declare_exchange(LIVE, ExchangeType.TOPIC, durable=True)
        for name, (exchange, arguments) in topology.queues().items():
            queue = await channel.declare_queue(name, durable=True, arguments=arguments)
            await queue.bind(exchange, routing_key=name)
    except ChannelClosed as refused:
        raise TopologyMismatch(
            f"RabbitMQ refuses our topology: {refused}. A queue exists with other arguments, or rights are missing."
        ) from refused
    finally:
        await channel.close()


async def expect(link: Link, topology: Topology, *, every_seconds: float = 2.0) -> None:
    """Wait until an operator has made every exchange and queue, saying which are missing."""
    await link.wait_connected()
    while missing := await _missing(link, topology):
        log.warning("topology_awaited", reason=f"missing: {', '.join(missing)}", retry_seconds=every_seconds)
        await asyncio.sleep(every_seconds)


async def _missing(link: Link, topology: Topology) -> list[str]:
    names = [(name, "exchange") for name in (CONVERSATION, OUTBOUND, BOT, OFFERS, LIVE)]
    names += [(name, "queue") for name in topology.queues()]
    return [name for name, kind in names if not await _exists(await link.channel(), name, kind)]


async def _exists(channel: AbstractChannel, name: str, kind: str) -> bool:
    """A passive declaration; a miss closes its channel, so each question has its own."""
    try:
        if kind == "exchange":
            await channel.get_exchange(name, ensure=True)
        else:
            await channel.get_queue(name, ensure=True)
    except ChannelNotFoundEntity:
        return False
    await channel.close()
    return True
