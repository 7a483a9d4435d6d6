"""Facts per second, from full partition queues to the history, against the plain and the raw loop."""

import asyncio
import time

from shared.bus.connection import linked
from shared.bus.publisher import Publisher
from shared.bus.topology import Topology, declare
from shared.store.driver import Database
from tests.bench.bench import Bench, cpu_seconds
from tests.support.facts import received

CONVERSATIONS = 500
COUNT = 12_000
PLAIN_COUNT = 4_000
WARM = 1_000


async def measure(bench: Bench) -> None:
    plain, _ = await _facts_per_second(bench, "tests.bench.router_loops", "plain", count=PLAIN_COUNT)
    raw, _ = await _facts_per_second(bench, "tests.bench.router_loops", "raw", count=COUNT)
    ours, cpu = await _facts_per_second(bench, "services.router", count=COUNT)
    bench.add("router: facts (customer wrote), motor", ours, "1/s", f"{1000 * cpu:.2f} ms CPU each")
    bench.add("router: plain loop, one fact at a time", plain, "1/s", f"{ours / plain:.1f} x; aim 3 x")
    bench.add("router: raw loop of the same durable writes", raw, "1/s", f"{ours / raw:.2f} of it; aim 0.6")
    other, cpu = await _facts_per_second(bench, "services.router", count=COUNT, driver="pymongo")
    bench.add("router: facts, PyMongo's asyncio client", other, "1/s", f"{1000 * cpu:.2f} ms CPU each")


async def _facts_per_second(
    bench: Bench, module: str, *arguments: str, count: int, driver: str = "motor"
) -> tuple[float, float]:
    """Facts a second once warm, and the processor seconds each took."""
    environment = {**await bench.environment(), "MONGO_DRIVER": driver}
    database = Database(environment["MONGO_URL"], environment["MONGO_DB"])
    await _publish(environment, CONVERSATIONS)
    async with bench.process("services.router", environment=environment):
        await _stored(database, CONVERSATIONS)
    await _publish(environment, count)
    async with bench.process(module, *arguments, environment=environment, wait=not arguments) as process:
        first = await _stored(database, CONVERSATIONS + WARM)
        began, used = time.perf_counter(), cpu_seconds(process)
        last = await _stored(database, CONVERSATIONS + count)
        took, cpu = time.perf_counter() - began, cpu_seconds(process) - used
    await database.close()
    return (last - first) / took, cpu / (last - first)


async def _publish(environment: dict[str, str], count: int) -> None:
    async with linked(environment["AMQP_URL"], "loads") as link:
        await declare(link, Topology())
        publisher = Publisher(link, Topology(), confirm_seconds=60)
        for begin in range(0, count, 500):
            facts = [received(openid=f"o-{(begin + n) % CONVERSATIONS}") for n in range(min(500, count - begin))]
            await publisher.publish_all(facts)


async def _stored(database: Database, count: int) -> int:
    """Wait until so many inbound messages are in the history; how many there are then."""
    while True:
        found = await database["messages"].count({"direction": "inbound"})
        if found >= count:
            return found
        await asyncio.sleep(0.02)
