"""One ordered queue, one channel, one batch at a time.

To give messages back we close the channel: then the next consumer gets them in order. Nothing is requeued one by
one, and nothing is acknowledged before it has been dealt with.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, NamedTuple

import aiormq.abc
import structlog
from aio_pika.abc import AbstractChannel

from shared.bus.connection import BROKEN, BrokerUnavailable, Link, closing_of
from shared.bus.headers import CONTRACT, PUBLISHED_MS
from shared.clock import real_now
from shared.observe import metrics
from shared.outage import Outage

log = structlog.get_logger()

HOLD_SECONDS: Final = 20.0
"""How long trouble is sat out with messages in hand, before a healthy replica may have them."""
HEALTHY_SECONDS: Final = 3.0
RETRY_SECONDS: Final = (0.1, 0.2, 0.5, 1.0, 2.0)


class Received(NamedTuple):
    """One message as the broker gave it; `delivery_count` says how often it came back."""

    body: bytes
    kind: str
    delivery_count: int
    redelivered: bool
    tag: int
    published_at: datetime | None = None
    """By the publisher's machine; None where it did not say."""
    contract: int = 1
    """The version of the kind."""


class StopPartition(Exception):
    """The handler wants this partition left alone for a while: the channel is closed, and opened again later."""


class LeavePartition(Exception):
    """What comes next is for a replica that understands it: the channel is closed, so that one may have it."""


Handle = Callable[[list[Received]], Awaitable[None]]
Probe = Callable[[], Awaitable[bool]]


class PartitionConsumer:
    """Feeds `handle` with what has arrived, in order, and acknowledges when it returns.

    `handle` raises Outage for infrastructure trouble: the batch is held and tried again, and after HOLD_SECONDS the
    channel is closed. `healthy` is asked before subscribing. `handle` must take the same batch twice.
    """

    def __init__(
        self,
        link: Link,
        queue: str,
        handle: Handle,
        healthy: Probe,
        *,
        priority: int = 0,
        prefetch: int = 400,
        batch: int = 200,
    ) -> None:
        self._link = link
        self.queue = queue
        self._handle = handle
        self._healthy = healthy
        self._priority = priority
        self._prefetch = prefetch
        self._batch = batch
        self._channel: AbstractChannel | None = None
        self._stopping = False
        self._closing = asyncio.Lock()
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self) -> None:
        """Consume until cancelled; every ending of the channel begins again from nothing. After a drain it rests."""
        wait = 0.0
        while not self._stopping:
            await asyncio.sleep(wait)
            await self._link.wait_connected()
            if not await self._healthy():
                wait = HEALTHY_SECONDS
                continue
            wait = await self._consume_once()
        await asyncio.Event().wait()

    async def drain(self) -> None:
        """Stop taking, finish the batch in hand, close the channel: what is left goes back in order."""
        self._stopping = True
        await self._idle.wait()
        await self._close()

    async def _consume_once(self) -> float:
        """One life of a channel; says how long to wait before the next."""
        try:
            await self._consume()
        except StopPartition as stop:
            log.error("partition_stopped", queue=self.queue, reason=str(stop), retry_seconds=60)  # noqa: TRY400
            return 60.0
        except (BrokerUnavailable, *BROKEN) as failure:
            if self._stopping:
                return 0.0
            log.warning("partition_lost", queue=self.queue, reason=str(failure) or type(failure).__name__)
            return 0.5
        except (LeavePartition, Outage) as why:
            log.warning("partition_given_back", queue=self.queue, reason=str(why), retry_seconds=HEALTHY_SECONDS)
            return HEALTHY_SECONDS
        except Exception:
            log.exception("partition_failed", queue=self.queue)
            return HEALTHY_SECONDS
        finally:
            self._idle.set()
            await self._close()
        return 0.0

    async def _consume(self) -> None:
        channel = await self._link.channel()
        self._channel = channel
        await channel.set_qos(prefetch_count=self._prefetch)
        arrived: deque[Received] = deque()
        something = asyncio.Event()
        closed = closing_of(channel, something)

        async def take(message: aiormq.abc.DeliveredMessage) -> None:
            arrived.append(_received(message))
            something.set()

        underlay = await channel.get_underlay_channel()
        await underlay.basic_consume(self.queue, take, arguments={"x-priority": self._priority})
        while not self._stopping:
            await something.wait()
            if closed.is_set():
                raise BrokerUnavailable("the channel was closed")
            something.clear()
            while arrived and not self._stopping:
                taken = [arrived.popleft() for _ in range(min(len(arrived), self._batch))]
                await self._deal_with(taken, underlay, closed)

    async def _deal_with(
        self, taken: list[Received], channel: aiormq.abc.AbstractChannel, closed: asyncio.Event
    ) -> None:
        self._idle.clear()
        _measure_age(self.queue, taken)
        try:
            await self._handle_through_outage(taken, closed)
            if not closed.is_set():
                # A failed acknowledgement is no error: the messages come again, and everything takes them twice.
                with suppress(*BROKEN):
                    await channel.basic_ack(taken[-1].tag, multiple=True)
        finally:
            self._idle.set()

    async def _handle_through_outage(self, taken: list[Received], closed: asyncio.Event) -> None:
        began, tries = real_now(), 0
        while True:
            try:
                await self._handle(taken)
            except Outage as outage:
                held = (real_now() - began).total_seconds()
                if held > HOLD_SECONDS or self._stopping or closed.is_set():
                    raise
                wait = RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]
                tries += 1
                log.warning("batch_held", queue=self.queue, reason=str(outage), retry_seconds=wait)
                await asyncio.sleep(wait)
            else:
                return

    async def _close(self) -> None:
        """Returns when the channel is closed, also where another caller began it: only then is anything given back."""
        async with self._closing:
            channel, self._channel = self._channel, None
            if channel is not None and not channel.is_closed:
                with suppress(*BROKEN):
                    async with asyncio.timeout(5):
                        await channel.close()


def _measure_age(queue: str, taken: list[Received]) -> None:
    age, now = metrics.wxdesk_queue_age_seconds.labels(queue.partition(".")[0]), real_now()
    for one in taken:
        if one.published_at is not None:
            age.observe(max(0.0, (now - one.published_at).total_seconds()))


def _published_at(said: object) -> datetime | None:
    return datetime.fromtimestamp(said / 1000, UTC) if isinstance(said, int) else None


def _contract(said: object) -> int:
    """Those who write no version write the first one."""
    return said if isinstance(said, int) else 1


def _received(message: aiormq.abc.DeliveredMessage) -> Received:
    headers = message.header.properties.headers or {}
    return Received(
        body=message.body,
        kind=str(headers.get("kind", "")),
        delivery_count=int(str(headers.get("x-delivery-count") or 0)),
        redelivered=bool(message.redelivered),
        tag=message.delivery_tag or 0,
        published_at=_published_at(headers.get(PUBLISHED_MS)),
        contract=_contract(headers.get(CONTRACT)),
    )
