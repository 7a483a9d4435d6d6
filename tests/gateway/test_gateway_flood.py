"""A broker that is there and takes no more: what it refuses is spooled, and all of it arrives in order."""

import json
from itertools import count

from aiohttp import ClientSession

from deploy.local.ports import free_port
from deploy.local.servers import RabbitServer
from services.gateway.app import gateway
from services.gateway.settings import GatewaySettings
from shared.bus.connection import Link, linked
from shared.bus.consuming import consuming
from shared.bus.partition_consumer import PartitionConsumer, Received
from shared.bus.queue_policies import router_policy
from shared.bus.topology import Topology
from shared.contracts import decode_fact
from shared.conversation.facts import MessageReceived
from shared.lifecycle import Background
from shared.store.apps import AppStore
from shared.store.driver import Database
from shared.store.sealing import Sealer
from tests.gateway.test_gateway_push import always, app
from tests.support.services import KEYS, told
from tests.support.waiting import eventually
from tests.wechat.builders import APP_ID, TEXT, sealed_push

QUEUES = Topology(router_partitions=2, sender_partitions=2).partitions("router")
CUSTOMERS = ("o-1", "o-2", "o-3")
ROUNDS = 15


class Heard:
    """What a router takes, by customer: each message once, in the order in which it came first."""

    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = {customer: [] for customer in CUSTOMERS}

    async def take(self, batch: list[Received]) -> None:
        for one in batch:
            fact = decode_fact(one.body)
            assert isinstance(fact, MessageReceived)
            text = fact.msg_id or ""
            if text not in self.texts[fact.openid]:
                self.texts[fact.openid].append(text)

    @property
    def count(self) -> int:
        return sum(len(texts) for texts in self.texts.values())


async def say(session: ClientSession, port: int, customer: str, msg_id: int) -> None:
    push = {**TEXT, "FromUserName": customer, "MsgId": msg_id, "Content": "长" * 400}
    query, body = sealed_push(json.dumps(push).encode())
    async with session.post(f"http://127.0.0.1:{port}/wechat/{APP_ID}", params=query, data=body) as answer:
        assert (answer.status, await answer.text()) == (200, "success")


async def waiting(link: Link) -> int:
    """How many messages are in the router's queues."""
    channel = await link.channel()
    opened = [await channel.declare_queue(queue, passive=True) for queue in QUEUES]
    await channel.close()
    return sum(queue.declaration_result.message_count or 0 for queue in opened)


async def test_a_flood_is_refused_spooled_and_arrives_in_order(
    environment: dict[str, str], database: Database, rabbit_server: RabbitServer
) -> None:
    vhost = environment["AMQP_URL"].rsplit("/", 1)[1]
    await rabbit_server.set_policy(router_policy(most_bytes=4096), vhost)
    await AppStore(database, Sealer([KEYS])).add(app())
    port, numbers, heard = free_port(), count(1), Heard()
    said: dict[str, list[str]] = {customer: [] for customer in CUSTOMERS}
    settings = told(GatewaySettings, environment, GATEWAY_PORT=port)
    async with gateway(settings), ClientSession() as session, linked(environment["AMQP_URL"], "looks") as link:
        for _ in range(ROUNDS):
            for customer in CUSTOMERS:
                number = next(numbers)
                await say(session, port, customer, number)
                said[customer].append(str(number))
        await link.wait_connected()
        in_queues, spooled = await waiting(link), await database["spool"].count({})
        assert in_queues + spooled >= ROUNDS * len(CUSTOMERS)
        assert in_queues < spooled
        consumers = [PartitionConsumer(link, queue, heard.take, always) for queue in QUEUES]
        async with Background() as background, consuming(background, consumers):
            await eventually(lambda: heard.count == ROUNDS * len(CUSTOMERS), within_seconds=60)
        assert heard.texts == said

        async def emptied() -> bool:
            return await database["spool"].count({}) == 0

        await eventually(emptied)
