"""RabbitMQ and mongod are killed with -9 under load and started again on what they had written."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.servers import MongoServer, RabbitServer, mongod, rabbitmq
from tests.chaos.crowd import CUSTOMERS, Crowd
from tests.flow.town import Books, Town, town
from tests.support.services import KEYS
from tests.support.waiting import eventually


@dataclass
class Ground:
    rabbitmq: RabbitServer
    mongod: MongoServer
    town: Town


@pytest.fixture(scope="module")
async def ground(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    """Servers of this module's own: others would not like theirs to be killed."""
    directory: Path = tmp_path_factory.mktemp("ground")
    async with rabbitmq(directory / "rabbitmq") as rabbit, mongod(directory / "mongod") as mongo:
        servers = {
            "AMQP_URL": await rabbit.create_vhost("chaos"),
            "MONGO_URL": mongo.url,
            "MONGO_DB": "chaos",
            "WXDESK_SECRET_KEYS": KEYS,
        }
        made = directory / "town"
        made.mkdir()
        async with town(servers, made) as running:
            yield Ground(rabbit, mongo, running)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("server", ["rabbitmq", "mongod"])
async def test_a_server_is_killed_under_load_and_started_again(ground: Ground, server: str) -> None:
    crowd = Crowd(ground.town, f"chaos-{server}")
    killed = ground.rabbitmq if server == "rabbitmq" else ground.mongod
    lina = await ground.town.log_in("lina")
    await lina.must("PATCH", "/me", {"auto_accept": True, "capacity": 100})
    over = asyncio.Event()
    answering = asyncio.create_task(crowd.answer(lina, over))
    writing = asyncio.gather(*(crowd.write(openid) for openid in crowd.openids))
    await eventually(lambda: sum(len(texts) for texts in crowd.said.values()) >= CUSTOMERS)
    if server == "rabbitmq":
        await ground.rabbitmq.write_queues_down()
    await killed.kill()
    await killed.start()
    await writing
    over.set()
    await answering
    await crowd.calm()
    await Books(ground.town).check(crowd.openids, crowd.said, frozenset(crowd.doubtful))
