"""The rights of each service's login, tried on a real RabbitMQ: it can do what the service does, and nothing else."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import aio_pika
import pytest
from aio_pika import Message
from aio_pika.abc import AbstractIncomingMessage
from aiormq.exceptions import ChannelAccessRefused
from yarl import URL

from deploy.local.servers import RabbitServer, rabbitmq
from shared.bus.connection import linked
from shared.bus.live import listen
from shared.bus.topology import (
    BOT,
    BOT_QUEUE,
    CONVERSATION,
    LIVE,
    OFFERS,
    OFFERS_QUEUE,
    OUTBOUND,
    Topology,
    TopologyMismatch,
    declare,
    expect,
)
from tests.deploy.manifests import Document, with_components

TOPOLOGY = Topology()
EXCHANGES = (CONVERSATION, OUTBOUND, BOT, OFFERS, LIVE)
PUBLISHES = {
    "gateway": {CONVERSATION, OUTBOUND},
    "router": set(EXCHANGES),
    "sender": {CONVERSATION, OUTBOUND, LIVE},
    "bot": {CONVERSATION},
    "console": set(EXCHANGES),
}
TAKES: dict[str, set[str]] = {
    "gateway": set(),
    "router": {*TOPOLOGY.partitions("router"), OFFERS_QUEUE},
    "sender": set(TOPOLOGY.partitions("sender")),
    "bot": {BOT_QUEUE},
    "console": set(),
}
SERVICES = tuple(PUBLISHES)


class Broker(NamedTuple):
    server: RabbitServer
    urls: dict[str, str]
    """By service: its own login."""


@pytest.fixture(scope="module")
def permissions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Document]:
    """By service, the patterns as the manifests have them."""
    told = with_components(tmp_path_factory.mktemp("rights"), ["rabbitmq-operator"]).of("Permission")
    return {name.removeprefix("rabbitmq-"): one["spec"]["permissions"] for name, one in told.items()}


@pytest.fixture(scope="module")
async def broker(permissions: dict[str, Document]) -> AsyncIterator[Broker]:
    """With our queues, and a login for each service."""
    with tempfile.TemporaryDirectory(prefix="wxdesk-rabbitmq-", ignore_cleanup_errors=True) as directory:
        async with rabbitmq(Path(directory)) as server:
            url = await server.create_vhost("wxdesk")
            async with linked(url, "operator") as link:
                await declare(link, TOPOLOGY)
            urls = {}
            for service, patterns in permissions.items():
                await add_login(server, service, patterns)
                urls[service] = str(URL(url).with_user(service).with_password("told"))
            yield Broker(server, urls)
            await server.kill()


async def add_login(server: RabbitServer, name: str, patterns: Document) -> None:
    given = ", ".join(f"<<{list(patterns.get(key, '').encode())}>>" for key in ("configure", "write", "read"))
    given = given.replace("[", "").replace("]", "")
    await server.evaluate(
        f'ok = rabbit_auth_backend_internal:add_user(<<"{name}">>, <<"told">>, <<"test">>), '
        f'ok = rabbit_auth_backend_internal:set_permissions(<<"{name}">>, <<"wxdesk">>, {given}, <<"test">>)'
    )


async def may_publish(url: str, exchange: str) -> bool:
    """Under a key that no queue is bound by: nothing is left behind."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        target = await channel.get_exchange(exchange, ensure=False)
        try:
            await target.publish(Message(b"{}"), "nobody", mandatory=False)
        except ChannelAccessRefused:
            return False
        return True


async def leave(_: AbstractIncomingMessage) -> None:
    """What comes goes back when the connection ends."""


async def may_take(url: str, queue: str) -> bool:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        asked = await channel.get_queue(queue, ensure=False)
        try:
            await asked.consume(leave)
        except ChannelAccessRefused:
            return False
        return True


async def may_make(url: str, queue: str) -> bool:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        try:
            await channel.declare_queue(queue, durable=True)
        except ChannelAccessRefused:
            return False
        return True


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_sees_that_all_is_there(service: str, broker: Broker) -> None:
    async with linked(broker.urls[service], service) as link, asyncio.timeout(30):
        await expect(link, TOPOLOGY)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_hears_hints(service: str, broker: Broker) -> None:
    heard = asyncio.Event()

    async def subscribed() -> None:
        heard.set()

    async with linked(broker.urls[service], service) as link:
        listening = asyncio.create_task(listen(link, ("settings_changed",), lambda _: None, subscribed=subscribed))
        await asyncio.wait_for(heard.wait(), 30)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_publishes_where_it_does_and_nowhere_else(service: str, broker: Broker) -> None:
    allowed = {exchange for exchange in EXCHANGES if await may_publish(broker.urls[service], exchange)}
    assert allowed == PUBLISHES[service]


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_takes_from_its_queues_and_no_others(service: str, broker: Broker) -> None:
    allowed = {queue for queue in TOPOLOGY.queues() if await may_take(broker.urls[service], queue)}
    assert allowed == TAKES[service]


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_makes_no_queue_of_another_name(service: str, broker: Broker) -> None:
    assert not await may_make(broker.urls[service], "something.else")


async def test_less_than_the_rights_is_found(broker: Broker, permissions: dict[str, Document]) -> None:
    """The checks above would notice: a login that may publish nowhere, take nothing and configure nothing."""
    await add_login(broker.server, "nobody", dict.fromkeys(permissions["bot"], "^$"))
    url = str(URL(broker.urls["bot"]).with_user("nobody"))
    assert not await may_publish(url, CONVERSATION)
    assert not await may_take(url, BOT_QUEUE)
    async with linked(url, "nobody") as link:
        with pytest.raises(TopologyMismatch, match="ACCESS_REFUSED"):
            await declare(link, TOPOLOGY)
