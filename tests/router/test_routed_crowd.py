"""Several real routers, many agents and customers on RabbitMQ and MongoDB: what is stored at the end, and meanwhile."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
from pydantic import SecretStr

from services.router.app import router
from services.router.settings import RouterSettings
from shared.bus.connection import linked
from shared.bus.publisher import Publisher
from shared.bus.topology import declare
from shared.conversation.facts import CloseSession
from shared.conversation.policy import Policy
from shared.store.agents import Agent, AgentStore
from shared.store.apps import App, AppStore
from shared.store.driver import Database, Doc
from shared.store.indexes import ensure_indexes
from shared.store.sealing import Sealer
from tests.router.workshop import SMALL
from tests.support.facts import APP, close, received
from tests.support.services import KEYS, told
from tests.support.waiting import eventually

PIECE = 500


@dataclass
class Crowd:
    """`ended`: the sessions whose agent was through with them."""

    database: Database
    publisher: Publisher
    agents: int
    customers: int
    ended: set[str] = field(default_factory=set)

    async def open(self) -> None:
        await ensure_indexes(self.database)
        key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
        app = App(
            app_id=APP,
            name="crowd",
            secret=SecretStr("s"),
            token=SecretStr("t"),
            aes_key=SecretStr(key),
            policy=Policy(entry="agents"),
        )
        await AppStore(self.database, Sealer([KEYS])).add(app)
        store = AgentStore(self.database)
        for number in range(self.agents):
            await store.add(Agent(id=f"a{number}", name=f"A{number}", capacity=1 + number % 3, presence="online"))

    async def come(self) -> None:
        """All of the customers, each of them twice, as WeChat repeats what was not answered in time."""
        facts = [received(openid=f"o-{number}") for number in range(self.customers)]
        for start in range(0, len(facts), PIECE):
            some = facts[start : start + PIECE]
            await self.publisher.publish_all([*some, *some])

    async def served(self) -> bool:
        """Agents end what they have; whether everybody has had an agent. Nobody ever has more than they can."""
        for agent in await self.database["agents"].find({}, {"claims": 1, "capacity": 1}):
            assert len(agent["claims"]) <= agent["capacity"], agent["_id"]
        held = await self.database["conversations"].find({"session.state": "agent"}, {"session.responder": 1})
        through = [doc for doc in held if doc["_id"] not in self.ended]
        await self.publisher.publish_all([_ends(doc) for doc in through])
        self.ended |= {doc["_id"] for doc in through}
        return len(self.ended) == self.customers

    async def all_closed(self) -> bool:
        closed = await self.database["conversations"].count({"session.state": "closed"})
        claims = await self.database["agents"].count({"claims.id": {"$exists": True}})
        return closed == self.customers and claims == 0

    async def check(self) -> None:
        """Every history whole, every session had one agent, and whoever was chosen had room."""
        histories: dict[str, list[Doc]] = defaultdict(list)
        for message in await self.database["messages"].find({}, sort=[("seq", 1)]):
            histories[message["conversation"]].append(message)
        assert len(histories) == self.customers
        for history in histories.values():
            assert [message["seq"] for message in history] == list(range(1, len(history) + 1))
            names = Counter(message["content"].get("name") for message in history)
            assert (names["session_waiting"], names["session_assigned"], names["session_closed"]) == (1, 1, 1)
            assert sum(message["direction"] == "inbound" for message in history) == 1
        decisions = await self.database["decisions"].find({"kind": "assigned"})
        assert len({one["session"] for one in decisions}) == len(decisions) == self.customers
        for one in decisions:
            (chosen,) = [each for each in one["candidates"] if each["agent_id"] == one["agent_id"]]
            assert chosen["load"] < chosen["capacity"]
            assert chosen["load"] == min(each["load"] for each in one["candidates"])


def _ends(doc: Doc) -> CloseSession:
    responder = doc["session"]["responder"]
    return close(responder["id"]).but(conversation_id=doc["_id"], agent_name=responder["name"])


async def _serve(environment: Mapping[str, str], *, routers: int, agents: int, customers: int, seconds: float) -> None:
    """One of the routers goes when half are served, with whatever it is doing."""
    settings = told(RouterSettings, environment)
    database = Database(environment["MONGO_URL"], environment["MONGO_DB"])
    async with AsyncExitStack() as stack:
        link = await stack.enter_async_context(linked(environment["AMQP_URL"], "crowd"))
        await declare(link, SMALL)
        crowd = Crowd(database, Publisher(link, SMALL), agents, customers)
        await crowd.open()
        first = await stack.enter_async_context(AsyncExitStack())
        await first.enter_async_context(router(settings))
        for _ in range(routers - 1):
            await stack.enter_async_context(router(settings))
        coming = asyncio.create_task(crowd.come())

        async def half_served() -> bool:
            await crowd.served()
            return len(crowd.ended) * 2 >= customers

        await eventually(half_served, within_seconds=seconds, every_seconds=0.1)
        await first.aclose()
        await coming
        await eventually(crowd.served, within_seconds=seconds, every_seconds=0.1)
        await eventually(crowd.all_closed, within_seconds=60, every_seconds=0.1)
        await crowd.check()
    await database.close()


async def test_two_routers_serve_everybody_and_nobody_gets_too_many(environment: dict[str, str]) -> None:
    await _serve(environment, routers=2, agents=20, customers=200, seconds=60)


@pytest.mark.long
@pytest.mark.timeout(1200)
async def test_three_routers_serve_five_thousand_customers(environment: dict[str, str]) -> None:
    await _serve(environment, routers=3, agents=200, customers=5_000, seconds=500)
