"""Order, holding, giving back: on a real broker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from shared.bus.connection import Link, linked
from shared.bus.consuming import consuming
from shared.bus.partition_consumer import PartitionConsumer, Received
from shared.bus.publisher import Publisher
from shared.bus.topology import Topology, TopologyMismatch, declare, expect
from shared.contracts import decode_fact
from shared.conversation.facts import MessageReceived
from shared.lifecycle import Background
from shared.outage import Outage
from tests.support.facts import received
from tests.support.waiting import eventually

ONE = Topology(router_partitions=1, sender_partitions=1)
QUEUE = "router.v1.p00"


@pytest.fixture
async def link(amqp_url: str) -> AsyncIterator[Link]:
    async with linked(amqp_url, "test") as opened:
        await declare(opened, ONE)
        yield opened


async def publish(link: Link, count: int) -> list[str]:
    facts = [received(f"{n}") for n in range(count)]
    await Publisher(link, ONE).publish_all(facts)
    return [str(fact.msg_id) for fact in facts]


def ids(batch: list[Received]) -> list[str]:
    facts = [decode_fact(one.body) for one in batch]
    return [str(fact.msg_id) for fact in facts if isinstance(fact, MessageReceived)]


async def healthy() -> bool:
    return True


@asynccontextmanager
async def consumed_by(link: Link, handle: Callable[[list[Received]], Awaitable[None]]) -> AsyncIterator[None]:
    consumer = PartitionConsumer(link, QUEUE, handle, healthy, prefetch=50, batch=20)
    async with Background() as background, consuming(background, [consumer]):
        yield


async def test_everything_arrives_once_and_in_order(link: Link) -> None:
    sent, seen = await publish(link, 200), list[str]()

    async def handle(batch: list[Received]) -> None:
        seen.extend(ids(batch))

    async with consumed_by(link, handle):
        await eventually(lambda: len(seen) >= 200)
    assert seen == sent


async def test_trouble_is_sat_out_with_the_batch_in_hand(link: Link) -> None:
    sent, seen, tries = await publish(link, 30), list[str](), list[int]()

    async def handle(batch: list[Received]) -> None:
        tries.append(len(batch))
        if len(tries) <= 3:
            raise Outage("MongoDB is away")
        seen.extend(ids(batch))

    async with consumed_by(link, handle):
        await eventually(lambda: len(seen) >= 30)
    assert seen == sent
    assert len(set(tries[:4])) == 1


async def test_what_is_not_acknowledged_goes_back_in_order_to_the_next_consumer(link: Link) -> None:
    sent, holding, seen = await publish(link, 60), asyncio.Event(), list[str]()
    never = asyncio.Event()

    async def hold(batch: list[Received]) -> None:
        holding.set()
        await never.wait()

    async def handle(batch: list[Received]) -> None:
        seen.extend(ids(batch))

    first = PartitionConsumer(link, QUEUE, hold, healthy, prefetch=50)
    task = asyncio.create_task(first.run())
    await holding.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with consumed_by(link, handle):
        await eventually(lambda: len(seen) >= 60)
    assert seen == sent


async def test_a_handler_that_fails_loses_nothing(link: Link) -> None:
    sent, seen, failed = await publish(link, 10), list[str](), list[int]()

    async def handle(batch: list[Received]) -> None:
        if not failed:
            failed.append(1)
            raise ZeroDivisionError
        seen.extend(ids(batch))

    async with consumed_by(link, handle):
        await eventually(lambda: len(seen) >= 10)
    assert seen == sent


async def test_a_drain_finishes_the_batch_in_hand_and_acknowledges_it(link: Link) -> None:
    sent, taken, go_on = await publish(link, 5), asyncio.Event(), asyncio.Event()
    seen: list[str] = []

    async def handle(batch: list[Received]) -> None:
        taken.set()
        await go_on.wait()
        seen.extend(ids(batch))

    consumer = PartitionConsumer(link, QUEUE, handle, healthy)
    task = asyncio.create_task(consumer.run())
    await taken.wait()
    draining = asyncio.create_task(consumer.drain())
    go_on.set()
    await draining
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    in_hand = list(seen)

    async def rest(batch: list[Received]) -> None:
        seen.extend(ids(batch))

    async with consumed_by(link, rest):
        await eventually(lambda: len(seen) >= 5)
    assert in_hand
    assert seen == sent


async def test_another_topology_is_refused_in_words(link: Link, amqp_url: str) -> None:
    channel = await link.channel()
    queue = await channel.declare_queue("bot.v1", durable=True, passive=True)
    await queue.delete(if_unused=False, if_empty=False)
    await channel.declare_queue("bot.v1", durable=True, arguments={"x-queue-type": "classic"})
    with pytest.raises(TopologyMismatch, match="RabbitMQ refuses our topology"):
        await declare(link, ONE)


async def test_expect_waits_for_what_an_operator_makes(amqp_url: str) -> None:
    async with linked(amqp_url, "expects") as opened:
        waiting = asyncio.create_task(expect(opened, ONE, every_seconds=0.05))
        await opened.wait_connected()
        assert not waiting.done()
        await declare(opened, ONE)
        async with asyncio.timeout(20):
            await waiting
