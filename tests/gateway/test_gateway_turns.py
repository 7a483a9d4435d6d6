"""Which of several pushes in hand are published and which are spooled: order holds, and one asks who refused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from typing_extensions import override

from services.gateway.durable import PROBE_SECONDS, Durable
from shared.bus.connection import BrokerUnavailable, Link, linked
from shared.bus.publisher import Publisher
from shared.bus.topology import Topology, declare
from shared.contracts import BusMessage, decode_fact
from shared.conversation.facts import MessageReceived
from shared.conversation.ids import conversation_id
from shared.store.driver import Database
from shared.store.leases import Leases
from shared.store.spool import Spool
from tests.console.relay import relay
from tests.support.facts import APP, received
from tests.support.waiting import eventually

TOPOLOGY = Topology(router_partitions=1, sender_partitions=1)


class RefusedFirst(Publisher):
    """Each publish waits until it is let go; the first one is then refused, as by a queue that is full."""

    def __init__(self, link: Link) -> None:
        super().__init__(link, TOPOLOGY)
        self.go = asyncio.Event()
        self.begun: list[str] = []
        self.published: list[str] = []

    @override
    async def publish(self, message: BusMessage, *, expires_seconds: float | None = None) -> None:
        assert isinstance(message, MessageReceived)
        self.begun.append(message.id)
        first = len(self.begun) == 1
        await self.go.wait()
        if first:
            raise BrokerUnavailable("refused by the broker (queue full?)")
        await super().publish(message, expires_seconds=expires_seconds)
        self.published.append(message.id)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def refused_first(database: Database, amqp_url: str) -> AsyncIterator[tuple[Durable, RefusedFirst, Clock]]:
    async with linked(amqp_url, "turns") as link:
        await link.wait_connected()
        await declare(link, TOPOLOGY)
        publisher, clock = RefusedFirst(link), Clock()
        spool = Spool(database, answer_seconds=5)
        yield Durable(publisher, spool, Leases(database), most_rows=10, seconds=clock), publisher, clock


def said(number: int, openid: str = "o-turns") -> MessageReceived:
    named = {"openid": openid, "conversation_id": conversation_id(APP, openid)}
    return MessageReceived.model_validate({**received(f"第{number}句", msg_id=str(number)).model_dump(), **named})


async def kept(database: Database) -> list[str]:
    """The messages in the spool, in its order."""
    rows = await database["spool"].find({}, sort=[("at", 1), ("n", 1)])
    return [decode_fact(bytes(row["body"])).id for row in rows]


async def test_a_second_push_does_not_overtake_a_first_that_is_refused(
    database: Database, environment: dict[str, str]
) -> None:
    facts = [said(number) for number in (1, 2, 3)]
    async with refused_first(database, environment["AMQP_URL"]) as (durable, publisher, _):
        tasks = [asyncio.create_task(durable.keep(fact)) for fact in facts]
        await eventually(lambda: publisher.begun)
        publisher.go.set()
        await asyncio.gather(*tasks)
        assert publisher.published == []
        assert await kept(database) == [fact.id for fact in facts]
        await durable.look()
        await durable.relay()
        assert publisher.published == [fact.id for fact in facts]
        assert await kept(database) == []


async def test_other_conversations_do_not_wait_for_their_turn(database: Database, environment: dict[str, str]) -> None:
    async with refused_first(database, environment["AMQP_URL"]) as (durable, publisher, _):
        tasks = [asyncio.create_task(durable.keep(said(number, f"o-{number}"))) for number in (1, 2)]
        await eventually(lambda: len(publisher.begun) == len(tasks))
        publisher.go.set()
        await asyncio.gather(*tasks)
        assert await kept(database) == [said(1, "o-1").id]
        assert publisher.published == [said(2, "o-2").id]


async def test_after_a_refusal_one_asks_again_and_the_others_do_not_wait_for_it(
    database: Database, environment: dict[str, str]
) -> None:
    async with refused_first(database, environment["AMQP_URL"]) as (durable, publisher, clock):
        publisher.go.set()
        await durable.keep(said(1, "o-1"))
        publisher.go.clear()
        await durable.keep(said(2, "o-2"))
        assert publisher.begun == [said(1, "o-1").id]
        clock.now += PROBE_SECONDS
        asking = asyncio.create_task(durable.keep(said(3, "o-3")))
        await eventually(lambda: len(publisher.begun) == 2)
        await durable.keep(said(4, "o-4"))
        assert await kept(database) == [said(number, f"o-{number}").id for number in (1, 2, 4)]
        publisher.go.set()
        await asking
        await durable.keep(said(5, "o-5"))
        assert publisher.published == [said(3, "o-3").id, said(5, "o-5").id]


async def test_without_mongodb_pushes_are_published(
    database: Database, mongo_url: str, mongo_db: str, environment: dict[str, str]
) -> None:
    async with relay(f"{mongo_url.partition('?')[0]}?directConnection=true") as way:
        away = Database(way.url, mongo_db)
        async with linked(environment["AMQP_URL"], "turns") as link:
            await link.wait_connected()
            await declare(link, TOPOLOGY)
            spool = Spool(away, answer_seconds=0.2)
            durable = Durable(Publisher(link, TOPOLOGY), spool, Leases(away), most_rows=10)
            await way.cut()
            await durable.keep(said(1))
            await durable.keep(said(2))
        await away.close()
    async with linked(environment["AMQP_URL"], "counts") as link:
        await link.wait_connected()
        channel = await link.channel()
        queue = await channel.declare_queue(TOPOLOGY.partitions("router")[0], passive=True)
        assert queue.declaration_result.message_count == 2
    assert await kept(database) == []
