"""Which of several pushes in hand are published and which are spooled: order holds, and one asks who refused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from typing_extensions import override

from services.gateway.durable import DOUBT_SECONDS, PROBE_SECONDS, Durable, TooLate
from shared.bus.connection import BrokerUnavailable, Link, linked
from shared.bus.publisher import Publisher
from shared.bus.topology import Topology, declare
from shared.contracts import BusMessage, decode_fact, encode
from shared.conversation.facts import MessageReceived
from shared.conversation.ids import conversation_id
from shared.store.driver import Database
from shared.store.leases import Leases
from shared.store.spool import Spool, Taken
from tests.console.relay import relay
from tests.support.facts import APP, NOON, received
from tests.support.waiting import eventually

TOPOLOGY = Topology(router_partitions=1, sender_partitions=1)


class RefusedFirst(Publisher):
    """Each publish waits until it is let go; the first one is then refused, as if full, unless it `confirms`."""

    def __init__(self, link: Link, *, confirms: bool) -> None:
        super().__init__(link, TOPOLOGY)
        self.confirms = confirms
        self.go = asyncio.Event()
        self.begun: list[str] = []
        self.published: list[str] = []

    @override
    async def publish(self, message: BusMessage, *, expires_seconds: float | None = None) -> None:
        assert isinstance(message, MessageReceived)
        self.begun.append(message.id)
        first = len(self.begun) == 1
        await self.go.wait()
        if first and not self.confirms:
            raise BrokerUnavailable("refused by the broker (queue full?)")
        await super().publish(message, expires_seconds=expires_seconds)
        self.published.append(message.id)


class AskedSpool(Spool):
    """Notes which conversations it is asked for."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, answer_seconds=5)
        self.asked: list[str] = []

    @override
    async def holds(self, conversation: str) -> bool:
        self.asked.append(conversation)
        return await super().holds(conversation)


class SlowSpool(Spool):
    """What is spooled first waits until it is let go."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, answer_seconds=60)
        self.go = asyncio.Event()
        self.begun: list[str] = []

    @override
    async def add(self, conversation: str, body: bytes, taken: Taken) -> None:
        self.begun.append(conversation)
        if len(self.begun) == 1:
            await self.go.wait()
        await super().add(conversation, body, taken)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def refused_first(
    database: Database, amqp_url: str, *, confirms: bool = False, turn_seconds: float = 60.0, spool: Spool | None = None
) -> AsyncIterator[tuple[Durable, RefusedFirst, Clock]]:
    async with linked(amqp_url, "turns") as link:
        await link.wait_connected()
        await declare(link, TOPOLOGY)
        publisher, clock = RefusedFirst(link, confirms=confirms), Clock()
        durable = Durable(
            publisher,
            spool or Spool(database, answer_seconds=5),
            Leases(database),
            most_rows=10,
            seconds=clock,
            turn_seconds=turn_seconds,
        )
        yield durable, publisher, clock


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


async def test_a_second_push_is_not_in_the_spool_before_the_first(
    database: Database, environment: dict[str, str]
) -> None:
    """Else whoever publishes what is spooled would find it alone."""
    spool = SlowSpool(database)
    async with refused_first(database, environment["AMQP_URL"], spool=spool) as (durable, publisher, _):
        publisher.go.set()
        first = asyncio.create_task(durable.keep(said(1)))
        await eventually(lambda: spool.begun)
        second = asyncio.create_task(durable.keep(said(2)))
        for number in range(3, 6):
            await durable.keep(said(number, "o-other"))
        assert not {said(1).id, said(2).id} & {*await kept(database)}
        spool.go.set()
        await asyncio.gather(first, second)
        assert [one for one in await kept(database) if one in {said(1).id, said(2).id}] == [said(1).id, said(2).id]


async def test_other_conversations_do_not_wait_for_their_turn(database: Database, environment: dict[str, str]) -> None:
    async with refused_first(database, environment["AMQP_URL"]) as (durable, publisher, _):
        first = asyncio.create_task(durable.keep(said(1, "o-1")))
        await eventually(lambda: publisher.begun == [said(1, "o-1").id])
        second = asyncio.create_task(durable.keep(said(2, "o-2")))
        await eventually(lambda: len(publisher.begun) == 2)
        publisher.go.set()
        await asyncio.gather(first, second)
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


async def test_who_waits_too_long_for_a_slow_confirmation_is_spooled_in_order(
    database: Database, environment: dict[str, str]
) -> None:
    facts = [said(number) for number in (1, 2, 3, 4)]
    slow = refused_first(database, environment["AMQP_URL"], confirms=True, turn_seconds=0.0)
    async with slow as (durable, publisher, _):
        tasks = [asyncio.create_task(durable.keep(fact)) for fact in facts]
        await eventually(lambda: publisher.begun)
        publisher.go.set()
        await asyncio.gather(*tasks)
        assert publisher.published == [facts[0].id]
        assert await kept(database) == [fact.id for fact in facts[1:]]
        await durable.look()
        await durable.relay()
        await durable.keep(said(5))
        assert publisher.published == [*(fact.id for fact in facts), said(5).id]


async def test_a_push_ends_when_its_time_is_over_and_the_next_of_its_conversation_has_its_turn(
    database: Database, environment: dict[str, str]
) -> None:
    async with refused_first(database, environment["AMQP_URL"], confirms=True) as (durable, publisher, clock):
        with pytest.raises(TooLate):
            await durable.keep(said(1), until=clock.now)
        publisher.go.set()
        await durable.keep(said(2), until=clock.now + 60)
        assert publisher.published == [said(2).id]
        assert await kept(database) == []


async def test_what_another_gateway_spools_while_this_one_publishes_is_not_overtaken(
    database: Database, environment: dict[str, str]
) -> None:
    spool = Spool(database, answer_seconds=5)
    first, other = said(1, "o-1"), said(2, "o-2")
    await spool.add(first.conversation_id, encode(first), Taken(NOON, "another", 1))
    async with refused_first(database, environment["AMQP_URL"], confirms=True) as (durable, publisher, _):
        await durable.look()
        relaying = asyncio.create_task(durable.relay())
        await eventually(lambda: publisher.begun)
        await spool.add(other.conversation_id, encode(other), Taken(NOON, "another", 2))
        await durable.keep(said(3, "o-2"))
        assert await kept(database) == [first.id, other.id, said(3, "o-2").id]
        publisher.go.set()
        await relaying
        await durable.relay()
        assert publisher.published == [first.id, other.id, said(3, "o-2").id]


async def test_the_spool_is_asked_while_something_may_wait_and_not_for_ever(
    database: Database, environment: dict[str, str]
) -> None:
    spool, waiting = AskedSpool(database), said(2, "o-2")
    quick = refused_first(database, environment["AMQP_URL"], confirms=True, spool=spool)
    async with quick as (durable, publisher, clock):
        publisher.go.set()
        clock.now += DOUBT_SECONDS
        await durable.look()
        await durable.keep(said(1))
        assert spool.asked == []
        await spool.add(waiting.conversation_id, encode(waiting), Taken(NOON, "another", 1))
        await durable.look()
        await durable.keep(said(3, "o-2"))
        assert spool.asked == [waiting.conversation_id]
        assert publisher.published == [said(1).id]
        assert await kept(database) == [waiting.id, said(3, "o-2").id]


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
