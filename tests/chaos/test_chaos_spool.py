"""RabbitMQ is killed under pushes, and then one of two gateways for good: every push is taken, none is lost."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path

import aiohttp
import pytest

from deploy.local.children import kill_child, start_child
from deploy.local.ports import free_port
from deploy.local.servers import mongod, rabbitmq
from shared.bus.connection import linked
from shared.bus.consuming import consuming
from shared.bus.partition_consumer import PartitionConsumer, Received
from shared.contracts import decode_fact
from shared.conversation.facts import MessageReceived
from shared.lifecycle import Background
from shared.store.apps import AppStore
from shared.store.driver import Database
from shared.store.indexes import ensure_indexes
from shared.store.sealing import Sealer
from tests.gateway.test_gateway_push import QUEUES, always, app
from tests.support.services import KEYS, environment_of
from tests.support.waiting import eventually
from tests.wechat.builders import APP_ID, TEXT, sealed_push

ROOT = Path(__file__).resolve().parents[2]
CUSTOMERS = tuple(f"o-spool-{number}" for number in range(4))
MORE = 3
"""So many pushes each customer makes at least in every phase."""


class Crowd:
    """Customers who write one message after the other, each to one gateway while that is there."""

    def __init__(self, session: aiohttp.ClientSession, ports: list[int]) -> None:
        self._session = session
        self._ports = ports
        self._numbers = count(1)
        self.gone: set[int] = set()
        self.said: dict[str, list[str]] = {customer: [] for customer in CUSTOMERS}
        self.statuses: set[tuple[int, str]] = set()
        self.over = False

    async def write(self, place: int) -> None:
        customer = CUSTOMERS[place]
        while not self.over:
            number = next(self._numbers)
            port = self._ports[place % len(self._ports)]
            if not await self._taken(port, customer, number):
                other = next(port for port in self._ports if port not in self.gone)
                assert await self._taken(other, customer, number)
            self.said[customer].append(str(number))
            await asyncio.sleep(0.05)

    async def _taken(self, port: int, customer: str, number: int) -> bool:
        """False where nobody is there: WeChat's repeat goes to another gateway then."""
        query, body = sealed_push(json.dumps({**TEXT, "FromUserName": customer, "MsgId": number}).encode())
        url = f"http://127.0.0.1:{port}/wechat/{APP_ID}"
        try:
            async with self._session.post(url, params=query, data=body) as answer:
                self.statuses.add((answer.status, await answer.text()))
                return answer.status == 200
        except aiohttp.ClientConnectionError:
            await eventually(lambda: port in self.gone)
            return False

    async def goes_on(self) -> None:
        """Wait until each customer has said some more."""
        before = {customer: len(texts) for customer, texts in self.said.items()}
        await eventually(
            lambda: all(len(self.said[one]) >= before[one] + MORE for one in CUSTOMERS), within_seconds=120
        )


@asynccontextmanager
async def gateway_process(environment: dict[str, str], directory: Path, port: int) -> AsyncIterator[Process]:
    told = {**environment, "GATEWAY_PORT": str(port), "PATH": os.defpath, "LANG": "C.UTF-8"}
    with (directory / f"gateway-{port}.log").open("ab") as log:
        process = await start_child([sys.executable, "-m", "services.gateway"], told, ROOT, log)
    try:
        await eventually(lambda: _listens(port), within_seconds=60)
        yield process
    finally:
        await kill_child(process)


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def heard(amqp_url: str, wanted: int) -> dict[str, list[str]]:
    """What routers get, by customer: each message once, in the order in which it came first."""
    texts: dict[str, list[str]] = {customer: [] for customer in CUSTOMERS}

    async def take(batch: list[Received]) -> None:
        for one in batch:
            fact = decode_fact(one.body)
            assert isinstance(fact, MessageReceived)
            number = str(fact.msg_id)
            if number not in texts[fact.openid]:
                texts[fact.openid].append(number)

    async with linked(amqp_url, "looks") as link, Background() as background:
        consumers = [PartitionConsumer(link, queue, take, always) for queue in QUEUES]
        async with consuming(background, consumers):
            await eventually(lambda: sum(map(len, texts.values())) >= wanted, within_seconds=120)
    return texts


@pytest.mark.timeout(300)
async def test_rabbitmq_is_killed_and_then_a_gateway_for_good(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        rabbit = await stack.enter_async_context(rabbitmq(tmp_path / "rabbitmq"))
        mongo = await stack.enter_async_context(mongod(tmp_path / "mongod"))
        environment = environment_of(await rabbit.create_vhost("chaos"), mongo.url, "chaos")
        database = Database(mongo.url, "chaos")
        stack.push_async_callback(database.close)
        await ensure_indexes(database)
        await AppStore(database, Sealer([KEYS])).add(app())
        ports = [free_port(), free_port()]
        first = await stack.enter_async_context(gateway_process(environment, tmp_path, ports[0]))
        await stack.enter_async_context(gateway_process(environment, tmp_path, ports[1]))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        crowd = Crowd(session, ports)
        writing = asyncio.gather(*(crowd.write(place) for place in range(len(CUSTOMERS))))
        await crowd.goes_on()
        await rabbit.write_queues_down()
        await rabbit.kill()
        await crowd.goes_on()
        holders = {row["_id"].partition(":")[0] for row in await database["spool"].find({}, {"_id": 1})}
        assert len(holders) == len(ports)
        await kill_child(first)
        crowd.gone.add(ports[0])
        await crowd.goes_on()
        await rabbit.start()
        await crowd.goes_on()
        crowd.over = True
        await writing
        assert crowd.statuses == {(200, "success")}
        texts = await heard(environment["AMQP_URL"], sum(map(len, crowd.said.values())))
        assert texts == crowd.said

        async def emptied() -> bool:
            return await database["spool"].count({}) == 0

        await eventually(emptied, within_seconds=60)
