"""From a customer's push to an agent's socket, and a message fully answered, with every service in its own process."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import orjson
from aiohttp import ClientSession, ClientWebSocketResponse

from deploy.local.ports import free_port
from shared.conversation.policy import Policy, Unmatched
from shared.passwords import hash_password
from shared.store.agents import Agent, AgentStore
from shared.store.driver import Database
from tests.bench.bench import Bench, cpu_seconds
from tests.bench.pusher import APP_ID
from tests.support.waiting import eventually

CONVERSATIONS = 400
SECONDS = 8
RATES = (200, 500, 1000)
ANSWERED = 3000
PASSWORD = "bench password"


async def measure(bench: Bench) -> None:
    for rate in RATES:
        await _push_to_socket(bench, rate)
    await _answered(bench)


async def _push_to_socket(bench: Bench, rate: int) -> None:
    """Agents' sessions are waiting, so that nothing but the way to the socket is measured."""
    environment = await bench.environment()
    async with AsyncExitStack() as stack:
        services = _running(bench, environment, "gateway", "router", "console")
        processes, ports = await stack.enter_async_context(services)
        session = await stack.enter_async_context(ClientSession())
        live = await stack.enter_async_context(_socket(environment, ports["console"], session))
        url = f"http://127.0.0.1:{ports['gateway']}/wechat/{APP_ID}"
        await bench.pusher(url, CONVERSATIONS, CONVERSATIONS)
        await _seen(live, CONVERSATIONS)
        used = {name: cpu_seconds(process) for name, process in processes.items()}
        began = time.perf_counter()
        pushing = asyncio.create_task(bench.pusher(url, rate * SECONDS, CONVERSATIONS, rate))
        latencies = await _seen(live, rate * SECONDS)
        took = time.perf_counter() - began
        pushed = await pushing
        each = {name: 1000 * (cpu_seconds(p) - used[name]) / (rate * SECONDS) for name, p in processes.items()}
    latencies.sort()
    p50, p99 = latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]
    cpu = ", ".join(f"{name} {ms:.2f}" for name, ms in each.items())
    told = f"p99 {1000 * p99:.0f} ms; push answered p99 {pushed['p99_ms']:.0f} ms, refused {pushed['refused']:.0f}"
    bench.add(f"end to end: push to socket at {rate}/s, p50", 1000 * p50, "ms", told)
    bench.add(f"end to end: pushed at {rate}/s, on the socket", len(latencies) / took, "1/s", f"ms CPU each: {cpu}")


async def _answered(bench: Bench) -> None:
    """The bot answers each message: three facts (pushed, answered, settled), a turn and a send."""
    policy = Policy(unmatched=Unmatched(reply="好的，收到", hand_off=False), bot_budget=5)
    wechat = free_port()
    base = f"http://127.0.0.1:{wechat}"
    environment = {
        **await bench.environment(policy),
        "WECHAT_API_BASE": base,
        "SENDER_RATE_PER_SECOND": "10000",
        "SENDER_BURST": "1000",
        "SENDER_IN_FLIGHT": "512",
    }
    stub = bench.process("tests.bench.fast_wechat", str(wechat), environment=environment, ready=base)
    running = _running(bench, environment, "gateway", "router", "bot", "sender")
    async with stub, running as (processes, ports):
        url = f"http://127.0.0.1:{ports['gateway']}/wechat/{APP_ID}"
        database = Database(environment["MONGO_URL"], environment["MONGO_DB"])
        await bench.pusher(url, 500, ANSWERED)
        await _settled(database, 500)
        used = {name: cpu_seconds(process) for name, process in processes.items()}
        began = time.perf_counter()
        pushing = asyncio.create_task(bench.pusher(url, ANSWERED, ANSWERED))
        await _settled(database, 500 + ANSWERED)
        took = time.perf_counter() - began
        await pushing
        each = {name: 1000 * (cpu_seconds(processes[name]) - used[name]) / ANSWERED for name in processes}
        await database.close()
    beside = ", ".join(f"{name} {ms:.2f}" for name, ms in each.items())
    bench.add("end to end: messages fully answered (3 facts, 1 send)", ANSWERED / took, "1/s", f"ms CPU each: {beside}")


async def _settled(database: Database, count: int) -> None:
    async def enough() -> bool:
        return await database["messages"].count({"delivery.state": "sent"}) >= count

    await eventually(enough, within_seconds=90, every_seconds=0.05)


@asynccontextmanager
async def _running(
    bench: Bench, environment: dict[str, str], *services: str
) -> AsyncIterator[tuple[dict[str, asyncio.subprocess.Process], dict[str, int]]]:
    ports = {service: free_port() for service in services}
    async with AsyncExitStack() as stack:
        processes = {}
        for service in services:
            told = {**environment, f"{service.upper()}_PORT": str(ports[service])}
            processes[service] = await stack.enter_async_context(bench.process(f"services.{service}", environment=told))
        yield processes, ports


@asynccontextmanager
async def _socket(
    environment: dict[str, str], port: int, session: ClientSession
) -> AsyncIterator[ClientWebSocketResponse]:
    database = Database(environment["MONGO_URL"], environment["MONGO_DB"])
    agent = Agent(id="boss", name="Boss", role="admin", password_hash=hash_password(PASSWORD))
    await AgentStore(database).add(agent)
    await database.close()
    url = f"http://127.0.0.1:{port}/api/v1"
    async with session.post(f"{url}/login", json={"login": "boss", "password": PASSWORD}) as answer:
        token = (await answer.json())["token"]
    async with session.ws_connect(f"{url}/live", headers={"Authorization": f"Bearer {token}"}) as live:
        await live.send_str('{"type": "hello", "cursor": null}')
        yield live


async def _seen(live: ClientWebSocketResponse, count: int) -> list[float]:
    """Seconds from the customer's side to here, for so many different messages; fewer if no more come."""
    latencies: dict[str, float] = {}
    while len(latencies) < count:
        try:
            frame: dict[str, Any] = orjson.loads(await live.receive_str(timeout=15))
        except TimeoutError:
            break
        message = frame.get("message")
        if message is not None and message["direction"] == "inbound" and message["id"] not in latencies:
            latencies[message["id"]] = time.time() - float(message["text"].rsplit(" ", 1)[1])
    return list(latencies.values())
