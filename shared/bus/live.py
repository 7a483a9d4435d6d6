"""Listening on `wx.live`. A lost hint is late, never missing: every listener also looks for itself now and then."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import aiormq.abc
import structlog

from shared.bus.connection import BROKEN, BrokerUnavailable, Link, closing_of
from shared.bus.topology import LIVE
from shared.contracts import Unreadable
from shared.contracts.hints import LiveHint, decode_hint

log = structlog.get_logger()

QUEUE_LIMIT: Final = 10_000
"""Hints a listener may be behind; older ones are dropped by the broker."""


async def listen(
    link: Link,
    kinds: tuple[str, ...],
    take: Callable[[LiveHint], None],
    *,
    subscribed: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Feed `take` with hints of these kinds (the routing keys) until cancelled, through every break of the link.

    `subscribed` is called each time hints begin to flow again: whatever came before may have been missed.
    """
    while True:
        await link.wait_connected()
        try:
            await _listen_once(link, kinds, take, subscribed)
        except (BrokerUnavailable, *BROKEN) as failure:
            log.warning("live_lost", reason=str(failure) or type(failure).__name__)
        await asyncio.sleep(0.5)


async def _listen_once(
    link: Link,
    kinds: tuple[str, ...],
    take: Callable[[LiveHint], None],
    subscribed: Callable[[], Awaitable[None]] | None,
) -> None:
    channel = await link.channel()
    closed = closing_of(channel)
    try:
        await channel.set_qos(prefetch_count=1000)
        queue = await channel.declare_queue(exclusive=True, auto_delete=True, arguments={"x-max-length": QUEUE_LIMIT})
        for kind in kinds:
            await queue.bind(LIVE, routing_key=kind)

        async def hear(message: aiormq.abc.DeliveredMessage) -> None:
            # A hint of a kind this version does not know is for someone else.
            with suppress(Unreadable):
                take(decode_hint(message.body))

        # Below aio-pika, whose own message objects cost more than all the rest of a hint.
        underlay = await channel.get_underlay_channel()
        await underlay.basic_consume(queue.name, hear, no_ack=True)
        if subscribed is not None:
            await subscribed()
        await closed.wait()
    finally:
        with suppress(*BROKEN):
            await channel.close()
