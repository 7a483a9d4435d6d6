"""`wxdesk topology change`: another number of partitions, with customers who write before, during and after."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aio_pika.abc import AbstractIncomingMessage

from services.gateway.durable import Durable
from services.router.app import router
from services.router.settings import RouterSettings
from shared.backbone import Backbone, BackboneSettings, backbone
from shared.bus.connection import BrokerUnavailable, linked
from shared.bus.generations import cut_off
from shared.bus.inspection import inspected
from shared.bus.publisher import Publisher, Unroutable
from shared.bus.topology import Topology, TopologyMismatch, declare
from shared.clock import real_now
from shared.conversation.facts import MessageReceived
from shared.store.driver import Database
from shared.store.messages import MessageStore
from shared.store.replicas import Replicas
from shared.store.spool import Spool
from shared.store.topology import hold_publishing, next_generation, publishing_held, stored_topology
from tests.cli.cli import Cli
from tests.cli.running import settings
from tests.support.facts import received
from tests.support.waiting import eventually

OLD = Topology(router_partitions=2, sender_partitions=2)
NEW = Topology(generation=2, router_partitions=5, sender_partitions=2)
CHANGE = ("topology", "change", "--router-partitions", "5")
CUSTOMERS = 7


class Customers:
    """Customers who write all the time."""

    def __init__(self) -> None:
        self.said: dict[str, list[str]] = {}
        self._number = 0
        self._kept: list[MessageReceived] = []

    def say(self, count: int) -> None:
        for _ in range(count):
            self._number += 1
            openid, text = f"o-{self._number % CUSTOMERS}", f"{self._number}"
            fact = received(text, openid=openid, msg_id=f"m{self._number}")
            self.said.setdefault(fact.conversation_id, []).append(text)
            self._kept.append(fact)

    async def publish(self, publisher: Publisher) -> bool:
        """Whether everything said so far is in the queues."""
        try:
            while self._kept:
                await publisher.publish(self._kept[0])
                del self._kept[0]
        except BrokerUnavailable:
            return False
        return True

    async def push(self, gateway: Durable, count: int) -> None:
        """They write, and every push is answered `success`."""
        self.say(count)
        while self._kept:
            await gateway.keep(self._kept.pop(0))

    async def check(self, database: Database) -> bool:
        for conversation, texts in self.said.items():
            history = await MessageStore(database).page(conversation, after_seq=0, limit=1000)
            shown = [getattr(one.content, "text", "") for one in history if one.direction == "inbound"]
            assert shown == texts
        return True


@asynccontextmanager
async def edge(cli: Cli, **more: int) -> AsyncIterator[Backbone]:
    """As much of a gateway as publishes."""
    async with backbone(settings(BackboneSettings, cli, **more), "gateway") as base:
        yield base


async def queues(amqp_url: str, topology: Topology) -> list[str]:
    async with inspected(amqp_url) as inspection:
        named = topology.queues().items()
        return [name for name, (_, how) in named if await inspection.queue(name, how) is not None]


@asynccontextmanager
async def keeping(cli: Cli, **more: int) -> AsyncIterator[tuple[Backbone, Durable]]:
    """As much of a gateway as makes pushes durable: by RabbitMQ, or by the spool until that takes them."""
    async with edge(cli, **more) as base:
        durable = Durable(base.publisher, Spool(base.database, answer_seconds=10), base.leases, most_rows=1000)
        await durable.look()
        base.background.spawn(durable.keep_looking(), "spool")
        base.background.spawn(durable.keep_relaying(), "relay")
        yield base, durable


async def emptied(database: Database) -> bool:
    return await database["spool"].count({}) == 0


async def test_nothing_is_lost_or_reordered_on_the_way_to_more_partitions(
    cli: Cli, database: Database, amqp_url: str
) -> None:
    customers, told = Customers(), settings(RouterSettings, cli)
    async with keeping(cli) as (base, before):
        async with router(told):
            await customers.push(before, 60)
            refused = await cli(*CHANGE, "--json")
            assert refused.code == 1
            assert "now stop senders and bots, then routers (1 router run)" in refused.err
            await customers.push(before, 40)
        assert "Done: generation 2, ROUTER_PARTITIONS=5" in (await cli.ok(*CHANGE)).out
        await eventually(lambda: "start this process again" in (base.publishing.held or ""))
        await customers.push(before, 20)
    assert await database["spool"].count({}) == 60
    assert await stored_topology(database) == NEW
    assert await queues(amqp_url, OLD) == ["bot.v1", "offers.v1"]
    with pytest.raises(TopologyMismatch, match="stored 5, this process was told 2"):
        async with router(told):
            pass
    newer = settings(RouterSettings, cli, router_partitions=5)
    async with router(newer), keeping(cli, router_partitions=5) as (_, after):
        await customers.push(after, 30)
        await eventually(lambda: customers.check(database), within_seconds=60)
        await eventually(lambda: emptied(database))
    again = (await cli.ok(*CHANGE, "--json")).json
    assert again["generation"] == 2


async def test_full_queues_and_live_edges_are_waited_for_and_a_change_can_be_cancelled(
    cli: Cli, database: Database
) -> None:
    customers = Customers()
    async with edge(cli) as base:
        customers.say(10)
        assert await customers.publish(base.publisher)
        refused = await cli(*CHANGE, "--wait", "4")
        assert (refused.code, "10 messages are in 2 queues (router.v1.p00" in refused.err) == (1, True)
        shown = (await cli.ok("topology", "show", "--json")).json
        assert (shown["generation"], shown["replicas"]) == (1, {"gateway": 1})
        assert shown["held_since"] is not None
        assert sum(queue["messages"] for queue in shown["queues"]) == 10
        assert (await cli("dead", "replay", "--all")).code == 0  # nothing to publish, so nothing to refuse
        await cli.ok("topology", "change", "--cancel")
        await eventually(lambda: base.publishing.held is None)
        customers.say(10)
        assert await customers.publish(base.publisher)
    assert await publishing_held(database) == (OLD, None)
    async with router(settings(RouterSettings, cli)):
        await eventually(lambda: customers.check(database))


async def test_an_edge_that_does_not_hold_stops_the_change(cli: Cli, database: Database) -> None:
    settings(RouterSettings, cli)
    await cli.ok("prepare")
    await Replicas(database).announce("gateway", "deaf", "0.1.0", frozenset())
    refused = await cli(*CHANGE, "--wait", "0.5")
    assert (refused.code, "1 gateway still publish; wait, or stop them" in refused.err) == (1, True)
    assert await stored_topology(database) == OLD


async def test_a_consumer_nobody_knows_of_stops_the_switch_and_the_old_way_is_open_again(
    cli: Cli, amqp_url: str, database: Database
) -> None:
    settings(RouterSettings, cli)
    await cli.ok("prepare")
    async with linked(amqp_url, "stray") as link:
        await link.wait_connected()
        channel = await link.channel()
        queue = await channel.get_queue("router.v1.p01", ensure=False)

        async def take(_: AbstractIncomingMessage) -> None:
            """Takes, and never acknowledges."""

        tag = await queue.consume(take)
        refused = await cli(*CHANGE)
        assert (refused.code, "router.v1.p01 is not empty or has a consumer" in refused.err) == (1, True)
        customers = Customers()
        customers.say(CUSTOMERS)
        assert await customers.publish(Publisher(link, OLD))
        await queue.cancel(tag)
    assert await stored_topology(database) == OLD


async def test_what_is_cut_off_takes_nothing_and_a_stopped_change_is_ended_by_the_next(
    cli: Cli, amqp_url: str, database: Database
) -> None:
    settings(RouterSettings, cli)
    await cli.ok("prepare")
    customers = Customers()
    customers.say(1)
    async with linked(amqp_url, "test") as link:
        await link.wait_connected()
        await cut_off(link, OLD)
        with pytest.raises(Unroutable):
            await Publisher(link, OLD).publish(received("x"))
    await cli.ok(*CHANGE)
    assert await stored_topology(database) == NEW


async def test_queues_left_by_a_change_that_was_stopped_at_its_end_go_with_the_next(
    cli: Cli, amqp_url: str, database: Database
) -> None:
    settings(RouterSettings, cli)
    await cli.ok("prepare")
    await hold_publishing(database, real_now())
    assert await next_generation(database, OLD, NEW)
    assert not await next_generation(database, OLD, NEW)
    cli.variables["ROUTER_PARTITIONS"] = "5"
    await cli.ok("prepare")
    assert len(await queues(amqp_url, OLD)) == 6
    await cli.ok(*CHANGE)
    assert await queues(amqp_url, OLD) == ["bot.v1", "offers.v1"]
    assert await queues(amqp_url, NEW) == list(NEW.queues())


async def test_an_operators_queues_are_waited_for_and_left_to_it(cli: Cli, amqp_url: str, database: Database) -> None:
    settings(RouterSettings, cli)
    await cli.ok("prepare")
    cli.variables["TOPOLOGY"] = "expect"
    refused = await cli(*CHANGE, "--json")
    assert (refused.code, "7 of the new queues are missing: nothing was changed" in refused.err) == (1, True)
    assert await stored_topology(database) == OLD
    assert await queues(amqp_url, OLD) == list(OLD.queues())
    async with linked(amqp_url, "operator") as link:
        await link.wait_connected()
        await declare(link, NEW)
    await cli.ok(*CHANGE)
    assert await stored_topology(database) == NEW
    assert await queues(amqp_url, OLD) == list(OLD.queues())


async def test_a_worker_that_ran_through_a_change_ends(cli: Cli, database: Database) -> None:
    async with router(settings(RouterSettings, cli)) as background:
        await hold_publishing(database, real_now())
        assert await next_generation(database, OLD, NEW)
        await eventually(background.died.done)
        assert background.died.result() == "topology watch"


async def test_what_makes_no_sense_is_refused(cli: Cli) -> None:
    assert (await cli("topology", "show")).code == 1
    settings(RouterSettings, cli)
    await cli.ok("prepare")
    assert (await cli("topology", "change")).code == 2
    assert (await cli("topology", "change", "--router-partitions", "0")).code == 2
    assert "Done: generation 1" in (await cli.ok("topology", "change", "--router-partitions", "2")).out
