"""Releases side by side: an older router keeps off what only a newer one understands; what nobody does is condemned."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import orjson
import pytest
from aio_pika import Message as Packet
from structlog.testing import capture_logs

from services.router.app import router
from services.router.settings import RouterSettings
from shared.bus.connection import Link, linked
from shared.bus.publisher import Publisher
from shared.bus.topology import CONVERSATION as EXCHANGE
from shared.bus.topology import Topology, declare
from shared.contracts import encode
from shared.contracts.understood import UNDERSTOOD
from shared.conversation.facts import AnyFact
from shared.store.conversations import ConversationStore
from shared.store.dead import DeadStore
from shared.store.driver import Database
from shared.store.messages import MessageStore
from shared.store.replicas import Replicas
from tests.support.facts import CONVERSATION, described, received
from tests.support.services import told
from tests.support.waiting import eventually

TWO = Topology(router_partitions=2, sender_partitions=2)
NEWER = "customer_described@1"
OLDER = UNDERSTOOD["router"] - {NEWER}


@pytest.fixture
async def link(amqp_url: str) -> AsyncIterator[Link]:
    async with linked(amqp_url, "test") as opened:
        await declare(opened, TWO)
        yield opened


@pytest.fixture
def settings(environment: dict[str, str], database: Database) -> RouterSettings:
    return told(RouterSettings, environment)


async def publish(link: Link, *facts: AnyFact) -> None:
    publisher = Publisher(link, TWO)
    for fact in facts:
        await publisher.publish(fact)


async def publish_unknown(link: Link, contract: int = 2) -> None:
    """A kind we know, in a version of tomorrow."""
    body = {**orjson.loads(encode(received("明天", msg_id="tomorrow"))), "contract": contract}
    channel = await link.channel(confirms=True)
    exchange = await channel.get_exchange(EXCHANGE, ensure=False)
    packet = Packet(orjson.dumps(body), headers={"kind": body["kind"], "contract": contract})
    await exchange.publish(packet, TWO.route(EXCHANGE, CONVERSATION))


async def texts(database: Database) -> list[str]:
    history = await MessageStore(database).page(CONVERSATION, after_seq=0)
    return [getattr(message.content, "text", message.content.type) for message in history]


async def name_of(database: Database) -> str | None:
    conversation = await ConversationStore(database).get(CONVERSATION)
    return conversation.name if conversation else None


@asynccontextmanager
async def older_before_newer(settings: RouterSettings, database: Database) -> AsyncIterator[None]:
    """The older one came first, so it serves every partition until it keeps off."""
    async with router(settings, understands=OLDER):
        await eventually(lambda: live(database, 1))
        async with router(settings):
            await eventually(lambda: live(database, 2))
            yield


async def live(database: Database, count: int) -> bool:
    return len(await Replicas(database).live()) == count


async def test_an_older_one_gives_up_the_partition_and_order_holds(
    settings: RouterSettings, database: Database, link: Link
) -> None:
    async with older_before_newer(settings, database):
        with capture_logs() as logs:
            await publish(link, received("前"), described(name="小王"), received("后"))
            await eventually(lambda: _is(texts(database), ["前", "后"]))
    assert [line["reason"] for line in logs if line["event"] == "partition_given_back"][:1] == [
        f"{NEWER} is understood by another replica"
    ]
    assert await name_of(database) == "小王"
    assert await DeadStore(database).count() == 0


async def test_it_keeps_off_until_the_newer_one_is_gone(
    settings: RouterSettings, database: Database, link: Link
) -> None:
    async with older_before_newer(settings, database):
        await publish(link, described(name="小王"))
        await eventually(lambda: _is(name_of(database), "小王"))
    await eventually(lambda: live(database, 0))
    async with router(settings, understands=OLDER):
        await publish(link, received("又来"))
        await eventually(lambda: _is(texts(database), ["又来"]))


async def test_what_nobody_alive_understands_is_condemned(
    settings: RouterSettings, database: Database, link: Link
) -> None:
    async with older_before_newer(settings, database):
        await publish_unknown(link)
        await publish(link, received("后"))
        await eventually(lambda: _is(texts(database), ["unsupported", "后"]))
    (dead,) = await DeadStore(database).in_state()
    assert (dead.kind, dead.reason.partition(":")[0]) == ("message_received", "message_received.contract")


async def test_a_replica_says_what_it_understands_and_goes_from_the_register(
    settings: RouterSettings, database: Database
) -> None:
    async with router(settings):
        (replica,) = await Replicas(database).live()
        assert replica.service == "router"
        assert await Replicas(database).understood_by_another("router", "somebody", NEWER)
        assert not await Replicas(database).understood_by_another("router", replica.holder, NEWER)
        assert not await Replicas(database).understood_by_another("sender", "somebody", NEWER)
    assert await Replicas(database).live() == []


async def _is(asked: Awaitable[object], wanted: object) -> bool:
    return bool(await asked == wanted)
