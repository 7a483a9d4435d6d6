"""What one process of each service needs: memory idle and at most, processor for a thousand messages.

Processor time and memory hold on a noisy machine, rates and durations do not. Every message is a customer's, and is
answered by the bot: pushed, routed, asked and answered, sent, and on agents' screens.
"""

import asyncio
import os
import platform
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from deploy.local.ports import free_port
from shared.conversation.policy import Policy, Unmatched
from shared.passwords import hash_password
from shared.store.agents import Agent, AgentStore
from shared.store.driver import Database
from shared.store.logins import LoginStore
from tests.bench.bench import Bench, cpu_seconds
from tests.bench.footprint import SERVICES, Footprint, Need, Watched, cores, keep, most_resident_mib, resident_mib
from tests.bench.pusher import APP_ID
from tests.support.waiting import eventually

CUSTOMERS: Final = 2000
PER_SECOND: Final = 50
IDLE_SECONDS: Final = 15.0
SOCKETS: Final = 50
WATCHED: Final = 1000
WATCHED_PER_SECOND: Final = 25
PATIENCE_SECONDS: Final = 240.0

Seconds = dict[str, float]


@dataclass(frozen=True)
class Ground:
    """Every service as one process, and WeChat as a stub that answers at once."""

    bench: Bench
    environment: dict[str, str]
    processes: dict[str, Process]
    ports: dict[str, int]
    database: Database

    def used(self) -> Seconds:
        return {name: cpu_seconds(process) for name, process in self.processes.items()}

    async def answered(self, count: int, conversations: int, rate: float | None = None) -> Seconds:
        """Push so many messages; the processor seconds of each service until all of them are answered."""
        sent = await self._sent()
        before = self.used()
        told = await self.bench.pusher(self.url("gateway", f"/wechat/{APP_ID}"), count, conversations, rate)
        if told["refused"]:
            raise SystemExit(f"{told['refused']:.0f} of {count} pushes were refused at {rate}/s: nothing is measured")

        async def enough() -> bool:
            return await self._sent() >= sent + count

        await eventually(enough, PATIENCE_SECONDS, every_seconds=0.2)
        return {name: seconds - before[name] for name, seconds in self.used().items()}

    def url(self, service: str, path: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}{path}"

    async def _sent(self) -> int:
        return await self.database["messages"].count({"delivery.state": "sent"})


async def measure(bench: Bench) -> None:
    async with _ground(bench) as ground:
        idle_mib, idle = await _idle(ground)
        await ground.answered(CUSTOMERS, CUSTOMERS, PER_SECOND)  # their first messages make conversations
        even = await ground.answered(CUSTOMERS, CUSTOMERS, PER_SECOND)
        burst = await ground.answered(CUSTOMERS, CUSTOMERS)
        busiest = {name: most_resident_mib(process) for name, process in ground.processes.items()}
        watched = await _watched(ground)
    needs = {
        name: Need(
            idle_mib=idle_mib[name],
            busiest_mib=busiest[name],
            idle_percent=round(100 * idle[name], 1),
            seconds_per_1000=_per_1000(even[name], CUSTOMERS),
            burst_seconds_per_1000=_per_1000(burst[name], CUSTOMERS),
        )
        for name in SERVICES
    }
    _tell(bench, needs, watched)
    at = time.strftime("%Y-%m-%d", time.gmtime())
    keep(Footprint(at=at, conditions=_conditions(), services=needs, watched=watched))


async def _idle(ground: Ground) -> tuple[dict[str, int], Seconds]:
    """Memory, and the share of a core, before anything happens."""
    before = ground.used()
    await asyncio.sleep(IDLE_SECONDS)
    resident = {name: resident_mib(process) for name, process in ground.processes.items()}
    return resident, {name: (used - before[name]) / IDLE_SECONDS for name, used in ground.used().items()}


async def _watched(ground: Ground) -> Watched:
    """Agents who all see everything, each with a live socket that is read at once."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession())
        live = [await stack.enter_async_context(_socket(ground, session, number)) for number in range(SOCKETS)]
        async with asyncio.TaskGroup() as group:
            reading = [group.create_task(_read(socket)) for socket in live]
            used = await ground.answered(WATCHED, CUSTOMERS, WATCHED_PER_SECOND)
            if any(task.done() for task in reading):
                raise SystemExit("a live socket was ended: nothing is measured")
            for task in reading:
                task.cancel()
    return Watched(
        sockets=SOCKETS,
        per_second=WATCHED_PER_SECOND,
        seconds_per_1000=_per_1000(used["console"], WATCHED),
        busiest_mib=most_resident_mib(ground.processes["console"]),
    )


async def _read(socket: ClientWebSocketResponse) -> None:
    while (await socket.receive()).type is WSMsgType.TEXT:
        pass


@asynccontextmanager
async def _socket(ground: Ground, session: ClientSession, number: int) -> AsyncIterator[ClientWebSocketResponse]:
    agent = Agent(id=f"watcher-{number}", name="Watcher", role="admin", password_hash=hash_password("bench password"))
    await AgentStore(ground.database).add(agent)
    token, _ = await LoginStore(ground.database).begin(agent, 3600)
    headers = {"Authorization": f"Bearer {token}"}
    async with session.ws_connect(ground.url("console", "/api/v1/live"), headers=headers) as live:
        await live.send_str('{"type": "hello", "cursor": null}')
        while (await live.receive_json())["type"] != "ready":
            pass
        yield live


@asynccontextmanager
async def _ground(bench: Bench) -> AsyncIterator[Ground]:
    """Everything the services need to say at the level of production is said, to nobody."""
    policy = Policy(unmatched=Unmatched(reply="好的，收到", hand_off=False), bot_budget=5)
    ports = {name: free_port() for name in (*SERVICES, "wechat")}
    base = f"http://127.0.0.1:{ports['wechat']}"
    environment = {
        **await bench.environment(policy),
        **{f"{name.upper()}_PORT": str(ports[name]) for name in ("gateway", "console")},
        "LOG_LEVEL": "info",
        "WECHAT_API_BASE": base,
        "SENDER_RATE_PER_SECOND": "10000",
        "SENDER_BURST": "1000",
    }
    async with AsyncExitStack() as stack:
        stub = bench.process("tests.bench.fast_wechat", str(ports["wechat"]), environment=environment, ready=base)
        await stack.enter_async_context(stub)
        processes = {}
        for name in SERVICES:
            started = bench.process(f"services.{name}", environment=environment, output=DEVNULL)
            processes[name] = await stack.enter_async_context(started)
        database = Database(environment["MONGO_URL"], environment["MONGO_DB"])
        stack.push_async_callback(database.close)
        yield Ground(bench, environment, processes, ports, database)


def _per_1000(seconds: float, messages: int) -> float:
    return round(1000 * seconds / messages, 2)


def _tell(bench: Bench, needs: dict[str, Need], watched: Watched) -> None:
    for name, need in needs.items():
        idle = f"idle {need.idle_mib} MiB, {need.idle_percent} % of a core; in a burst {need.burst_seconds_per_1000} s"
        bench.add(f"resources: {name}, 1,000 messages", need.seconds_per_1000, "s CPU", idle)
        bench.add(f"resources: {name}, at most", need.busiest_mib, "MiB")
    bench.add(f"resources: console, {SOCKETS} sockets, 1,000 messages", watched.seconds_per_1000, "s CPU")
    bench.add(f"resources: console, {SOCKETS} sockets, at most", watched.busiest_mib, "MiB")


def _conditions() -> str:
    load = ""
    with suppress(OSError):
        load = f", at a load of {os.getloadavg()[0]:.0f} at the end"
    return f"{cores()} cores, Python {platform.python_version()}{load}"
