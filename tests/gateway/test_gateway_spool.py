"""While RabbitMQ takes nothing, pushes are kept in MongoDB, and go on in their order when it does again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession

from deploy.local.ports import free_port
from services.gateway.app import gateway
from services.gateway.durable import Durable, SpoolFull
from services.gateway.settings import GatewaySettings
from shared.bus.connection import linked
from shared.bus.publisher import Publisher
from shared.bus.topology import Topology, declare
from shared.contracts import encode
from shared.conversation.facts import MessageReceived
from shared.observe.probe import failing
from shared.steps import Step, no_step
from shared.store.apps import AppStore
from shared.store.driver import Database
from shared.store.leases import Leases
from shared.store.sealing import Sealer
from shared.store.spool import Spool, Taken
from tests.console.relay import Relay, relay
from tests.gateway.test_gateway_push import Edge, app, push
from tests.support.facts import NOON, received
from tests.support.services import KEYS, told
from tests.support.waiting import eventually

SUCCESS = (200, "success")
TOPOLOGY = Topology(router_partitions=2, sender_partitions=2)


def message(number: int, openid: str = "o-spool") -> tuple[dict[str, str], bytes]:
    return push(MsgId=number, FromUserName=openid)


@asynccontextmanager
async def door(environment: dict[str, str], real_amqp: str, step: Step = no_step, **more: Any) -> AsyncIterator[Edge]:
    """A gateway that is told `environment`; its facts are looked for at the real RabbitMQ."""
    port = free_port()
    settings = told(GatewaySettings, environment, GATEWAY_PORT=port, **more)
    async with gateway(settings, step), ClientSession() as session:
        yield Edge(f"http://127.0.0.1:{port}", session, real_amqp)


@pytest.fixture
async def way(environment: dict[str, str], database: Database) -> AsyncIterator[Relay]:
    """To RabbitMQ; the app is there, and a gateway has been, so that the queues are."""
    await AppStore(database, Sealer([KEYS])).add(app())
    async with door(environment, environment["AMQP_URL"]):
        pass
    async with relay(environment["AMQP_URL"]) as made:
        yield made


async def rows(database: Database) -> int:
    return await database["spool"].count({})


def numbers(facts: list[Any]) -> list[str]:
    return [fact.msg_id for fact in facts]


async def test_pushes_are_kept_while_rabbitmq_is_away_and_go_on_in_order(
    environment: dict[str, str], database: Database, way: Relay
) -> None:
    real = environment["AMQP_URL"]
    async with door({**environment, "AMQP_URL": way.url}, real, CONFIRM_SECONDS="0.3") as edge:
        assert await edge.post(*message(1)) == SUCCESS
        await way.cut()
        for number in range(2, 6):
            assert await edge.post(*message(number)) == SUCCESS
        assert await rows(database) == 4
        await way.mend()

        async def emptied() -> bool:
            return await rows(database) == 0

        await eventually(emptied)
        assert await edge.post(*message(6)) == SUCCESS
        assert numbers(await edge.facts(6)) == ["1", "2", "3", "4", "5", "6"]
        assert await rows(database) == 0


async def test_a_broker_that_does_not_answer_is_as_good_as_away(
    environment: dict[str, str], database: Database, way: Relay
) -> None:
    real = environment["AMQP_URL"]
    async with door({**environment, "AMQP_URL": way.url}, real, CONFIRM_SECONDS="0.3") as edge:
        way.hold()
        assert await edge.post(*message(1)) == SUCCESS
        assert await edge.post(*message(2)) == SUCCESS
        assert await rows(database) == 2
        way.let_go()
        assert {"1", "2"} == set(numbers(await edge.facts(2)))


async def test_what_is_not_durable_in_the_time_there_is_is_answered_all_the_same(
    environment: dict[str, str], way: Relay
) -> None:
    real = environment["AMQP_URL"]
    async with door({**environment, "AMQP_URL": way.url}, real, ANSWER_SECONDS="0.2") as edge:
        way.hold()
        assert (await edge.post(*message(1)))[0] == 503
        way.let_go()

        async def taken() -> bool:
            return await edge.post(*message(1)) == SUCCESS

        await eventually(taken)
        assert {"1"} == set(numbers(await edge.facts(1)))


async def test_a_gateway_starts_without_rabbitmq_and_is_ready(
    environment: dict[str, str], database: Database, way: Relay
) -> None:
    await way.cut()
    ops = free_port()
    async with door({**environment, "AMQP_URL": way.url}, environment["AMQP_URL"], OPS_PORT=ops) as edge:
        assert await edge.post(*message(1)) == SUCCESS
        assert await asyncio.to_thread(failing, ops) == "started"  # said by whoever runs the service
        await way.mend()
        assert numbers(await edge.facts(1)) == ["1"]


async def test_with_both_away_wechat_is_to_come_again(environment: dict[str, str], mongo_url: str, way: Relay) -> None:
    async with relay(f"{mongo_url.partition('?')[0]}?directConnection=true") as store:
        told_both = {**environment, "AMQP_URL": way.url, "MONGO_URL": store.url}
        waits: dict[str, Any] = {"CONFIRM_SECONDS": "0.2", "SPOOL_SECONDS": "0.2", "HANDOVER_SECONDS": "0.1"}
        async with door(told_both, environment["AMQP_URL"], **waits) as edge:
            await way.cut()
            store.hold()
            assert (await edge.post(*message(1)))[0] == 503
            store.let_go()
            assert await edge.post(*message(1)) == SUCCESS
            await way.mend()
            facts = await edge.facts(1)
        assert set(numbers(facts)) == {"1"}


async def test_what_a_gateway_left_behind_another_publishes(
    environment: dict[str, str], database: Database, way: Relay
) -> None:
    await way.cut()
    async with door({**environment, "AMQP_URL": way.url}, environment["AMQP_URL"]) as gone:
        for number in (1, 2):
            assert await gone.post(*message(number)) == SUCCESS
    async with door(environment, environment["AMQP_URL"]) as edge:
        assert numbers(await edge.facts(2)) == ["1", "2"]
    assert await rows(database) == 0


class StopOnce:
    """The process ends at one step, once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.stopped = False

    async def __call__(self, name: str) -> None:
        if name == self._name and not self.stopped:
            self.stopped = True
            raise ConnectionResetError


async def test_stopped_before_the_answer_the_repeat_is_the_same_fact(
    environment: dict[str, str], database: Database, way: Relay
) -> None:
    await way.cut()
    async with door({**environment, "AMQP_URL": way.url}, environment["AMQP_URL"], StopOnce("spooled")) as edge:
        assert (await edge.post(*message(1)))[0] == 500
        assert await edge.post(*message(1)) == SUCCESS
        assert await rows(database) == 2
        await way.mend()
        first, second = await edge.facts(2)
        assert first.id == second.id


@asynccontextmanager
async def durable(
    database: Database, amqp_url: str, step: Step = no_step, most_rows: int = 10
) -> AsyncIterator[Durable]:
    async with linked(amqp_url, "spool-publish") as link:
        await link.wait_connected()
        await declare(link, TOPOLOGY)
        spool = Spool(database, answer_seconds=5)
        yield Durable(Publisher(link, TOPOLOGY), spool, Leases(database), most_rows=most_rows, step=step)


def fact(number: int) -> MessageReceived:
    return received(f"第{number}句", msg_id=str(number))


async def test_stopped_between_publishing_and_forgetting_it_goes_out_again(
    database: Database, environment: dict[str, str]
) -> None:
    await Spool(database, answer_seconds=5).add("c", encode(fact(1)), Taken(NOON, "gone", 1))
    async with durable(database, environment["AMQP_URL"], StopOnce("relayed")) as stopped:
        await stopped.look()
        with pytest.raises(ConnectionResetError):
            await stopped.relay()
    assert await rows(database) == 1
    async with durable(database, environment["AMQP_URL"]) as other:
        await other.look()
        await other.relay()
    assert await rows(database) == 0
    edge = Edge("", ClientSession(), environment["AMQP_URL"])
    first, second = await edge.facts(2)
    await edge.session.close()
    assert first.id == second.id == fact(1).id


async def test_what_follows_something_that_waits_waits_behind_it_at_a_gateway_that_just_began(
    database: Database, environment: dict[str, str]
) -> None:
    waiting = fact(1)
    await Spool(database, answer_seconds=5).add(waiting.conversation_id, encode(waiting), Taken(NOON, "gone", 1))
    async with durable(database, environment["AMQP_URL"]) as one:
        await one.keep(fact(2))
        assert await rows(database) == 2
        await one.look()
        await one.relay()
        await one.keep(fact(3))
        assert await rows(database) == 0
    edge = Edge("", ClientSession(), environment["AMQP_URL"])
    facts = await edge.facts(3)
    await edge.session.close()
    assert numbers(facts) == ["1", "2", "3"]


async def test_only_one_gateway_publishes_what_waits(database: Database, environment: dict[str, str]) -> None:
    await Spool(database, answer_seconds=5).add("c", encode(fact(1)), Taken(NOON, "gone", 1))
    assert await Leases(database).take("spool")
    async with durable(database, environment["AMQP_URL"]) as one:
        await one.look()
        await one.relay()
    assert await rows(database) == 1


async def test_a_full_spool_takes_no_more(database: Database, environment: dict[str, str]) -> None:
    waiting = fact(1)
    await Spool(database, answer_seconds=5).add(waiting.conversation_id, encode(waiting), Taken(NOON, "gone", 1))
    async with durable(database, environment["AMQP_URL"], most_rows=1) as one:
        await one.look()
        with pytest.raises(SpoolFull):
            await one.keep(fact(2))
    assert await rows(database) == 1


async def test_one_that_nobody_understands_holds_up_its_own_conversation_only(
    database: Database, environment: dict[str, str]
) -> None:
    spool = Spool(database, answer_seconds=5)
    await spool.add("of a later release", b'{"kind": "of_tomorrow"}', Taken(NOON, "gone", 1))
    await spool.add("c", encode(fact(1)), Taken(NOON, "gone", 2))
    async with durable(database, environment["AMQP_URL"]) as one:
        await one.look()
        await one.relay()
    assert [row["conversation"] for row in await database["spool"].find({})] == ["of a later release"]
