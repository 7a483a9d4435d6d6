"""From "an agent has room" to "assigned", while the router takes other customers' messages.

Both instants are the router's own: of the decision that ends a session, and of the one that gives its agent the next.
Each agent has room for one session and the line is long, so that every end is followed by one assignment.
"""

import asyncio
from collections import defaultdict
from datetime import datetime
from itertools import pairwise

from shared.bus.connection import linked
from shared.bus.publisher import Publisher
from shared.bus.topology import Topology, declare
from shared.conversation.policy import Policy
from shared.store.agents import Agent, AgentStore
from shared.store.driver import Database
from tests.bench.bench import Bench, cpu_seconds
from tests.support.facts import close, received
from tests.support.waiting import eventually

AGENTS = 40
IN_LINE = 700
TALKERS = 200
SECONDS = 12
RATES = (100, 500)
LOOKS_EVERY = 0.5


async def measure(bench: Bench) -> None:
    for rate in RATES:
        await _measure(bench, rate)


async def _measure(bench: Bench, rate: int) -> None:
    environment = await bench.environment(Policy(entry="agents", flood=None))
    database = Database(environment["MONGO_URL"], environment["MONGO_DB"])
    store = AgentStore(database)
    for number in range(AGENTS):
        await store.add(Agent(id=f"a{number}", name=f"A{number}", capacity=1, presence="online"))
    async with linked(environment["AMQP_URL"], "loads") as link:
        await declare(link, Topology())
        publisher = Publisher(link, Topology(), confirm_seconds=60)
        await publisher.publish_all([received(openid=f"o-line-{n}") for n in range(IN_LINE)])
        async with bench.process("services.router", environment=environment) as router:
            await eventually(lambda: _all_busy(database), within_seconds=90, every_seconds=0.2)
            used = cpu_seconds(router)
            await asyncio.gather(_talk(publisher, rate), _end_sessions(database, publisher))
            cpu = (cpu_seconds(router) - used) / SECONDS
            await eventually(lambda: _all_busy(database), within_seconds=60, every_seconds=0.2)
    latencies = sorted(await _latencies(database))
    await database.close()
    p50, p99 = latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]
    told = f"p99 {1000 * p99:.0f} ms of {len(latencies)}; {100 * cpu:.0f} % of a core for the router; aim p99 1 s"
    bench.add(f"assignment: room to assigned at {rate} messages/s, p50", 1000 * p50, "ms", told)


async def _all_busy(database: Database) -> bool:
    return await database["conversations"].count({"session.state": "agent"}) == AGENTS


async def _talk(publisher: Publisher, rate: int) -> None:
    """Customers who write, so many a second, evenly in tenths."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for tenth in range(SECONDS * 10):
        await asyncio.sleep(began + tenth / 10 - loop.time())
        talkers = [f"o-line-{IN_LINE - 1 - (tenth * rate // 10 + n) % TALKERS}" for n in range(rate // 10)]
        await publisher.publish_all([received(openid=openid) for openid in talkers])


async def _end_sessions(database: Database, publisher: Publisher) -> None:
    """Half of the agents are through with theirs every while."""
    for turn in range(int(SECONDS / LOOKS_EVERY)):
        held = await database["conversations"].find({"session.state": "agent"}, {"session.responder": 1})
        ends = [
            close(str(doc["session"]["responder"]["id"])).but(
                conversation_id=doc["_id"], agent_name=doc["session"]["responder"]["name"]
            )
            for doc in held[turn % 2 :: 2]
        ]
        await publisher.publish_all(ends)
        await asyncio.sleep(LOOKS_EVERY)


async def _latencies(database: Database) -> list[float]:
    """Seconds from each end of an agent's session to their next one."""
    where = {"content.name": {"$in": ["session_closed", "session_assigned"]}}
    docs = await database["messages"].find(where, {"content": 1, "at": 1})
    by_agent: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for doc in docs:
        detail = doc["content"]["detail"]
        by_agent[detail.get("by") or detail["to"]].append((doc["at"], doc["content"]["name"]))
    found: list[float] = []
    for happened in by_agent.values():
        happened.sort()
        for (ended, first), (assigned, then) in pairwise(happened):
            if (first, then) == ("session_closed", "session_assigned"):
                found.append((assigned - ended).total_seconds())
    return found
