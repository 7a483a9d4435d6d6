"""From a push that the gateway has accepted to its message being on the screen of a real Chromium at the desk."""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import ClientSession
from playwright.async_api import Page

from deploy.local import web
from deploy.local.node import WEB, node_home
from deploy.local.ports import free_port
from shared.conversation.ids import conversation_id
from shared.passwords import hash_password
from shared.store.agents import Agent, AgentStore
from shared.store.driver import Database
from shared.store.logins import LoginStore
from shared.wechat.crypto import MessageCipher
from tests.bench.bench import Bench, cpu_seconds
from tests.bench.pusher import AES_KEY, APP_ID, request
from tests.browser.chromium import WIDE, chromium
from tests.support.waiting import eventually

MESSAGES: Final = 200
EVERY_SECONDS: Final = 0.25
OPENID: Final = "o-screen"

WATCH: Final = """() => {
    window.onScreen = {};
    const look = (nodes) => {
        for (const node of nodes) {
            for (const [, name] of (node.textContent ?? '').matchAll(/<(\\w+)>/g)) {
                // What changed now is drawn with the next frame.
                if (node.nodeType === Node.ELEMENT_NODE) requestAnimationFrame((at) => {
                    window.onScreen[name] ??= (performance.timeOrigin + at) / 1000;
                });
            }
        }
    };
    const history = document.querySelector('main');
    new MutationObserver((changes) => changes.forEach((change) => look(change.addedNodes)))
        .observe(history, {childList: true, subtree: true});
}"""
"""Notes, in seconds, the frame in which each message was first drawn; a message's name stands in angle brackets."""


async def measure(bench: Bench) -> None:
    """One agent with one conversation open and in view; messages far enough apart not to wait for each other."""
    await asyncio.to_thread(web.build, WEB, web.Npm(node_home(), os.environ))
    environment = await bench.environment()
    async with _services(bench, environment) as (processes, ports):
        gateway, console = (f"http://127.0.0.1:{ports[name]}" for name in ("gateway", "console"))
        async with chromium() as browser, ClientSession() as session:
            context = await browser.new_context(viewport=WIDE)
            await context.add_cookies([{"name": "wxdesk", "value": await _token(environment), "url": console}])
            page = await context.new_page()
            accepted = {"first": await _push(session, gateway, "first")}
            await page.goto(f"{console}/all/{conversation_id(APP_ID, OPENID)}")
            await page.get_by_text("<first>").first.wait_for()
            await page.evaluate(WATCH)
            used = {name: cpu_seconds(process) for name, process in processes.items()}
            for _ in range(MESSAGES):
                name = secrets.token_hex(6)
                accepted[name] = await _push(session, gateway, name)
                await asyncio.sleep(EVERY_SECONDS)
            del accepted["first"]
            shown = await eventually(lambda: _shown(page, len(accepted)), within_seconds=60)
            assert shown is not None
            cpu = {name: 1000 * (cpu_seconds(one) - used[name]) / MESSAGES for name, one in processes.items()}
            await context.close()
    took = sorted(1000 * (shown[name] - at) for name, at in accepted.items())
    beside = ", ".join(f"{name} {ms:.1f}" for name, ms in cpu.items())
    bench.add("screen: push accepted to drawn, p50", took[len(took) // 2], "ms", f"{MESSAGES} messages, one agent")
    bench.add("screen: push accepted to drawn, p99", took[len(took) * 99 // 100], "ms", f"ms CPU each: {beside}")


async def _push(session: ClientSession, gateway: str, name: str) -> float:
    """Send one message; when the gateway had answered that it has it."""
    url, body = request(f"{gateway}/wechat/{APP_ID}", MessageCipher(AES_KEY, APP_ID), OPENID, f"你好 <{name}>")
    async with session.post(url, data=body) as answer:
        assert answer.status == 200, await answer.text()
        await answer.read()
    return time.time()


async def _shown(page: Page, count: int) -> dict[str, float] | None:
    found: dict[str, float] = await page.evaluate("window.onScreen")
    return found if len(found) >= count else None


async def _token(environment: dict[str, str]) -> str:
    database = Database(environment["MONGO_URL"], environment["MONGO_DB"])
    agent = Agent(id="boss", name="Boss", role="admin", password_hash=hash_password("bench password"))
    await AgentStore(database).add(agent)
    token, _ = await LoginStore(database).begin(agent, 3600)
    await database.close()
    return token


@asynccontextmanager
async def _services(bench: Bench, environment: dict[str, str]) -> AsyncIterator[tuple[dict[str, Any], dict[str, int]]]:
    ports = {name: free_port() for name in ("gateway", "console")}
    own = {"GATEWAY_PORT": str(ports["gateway"]), "CONSOLE_PORT": str(ports["console"])}
    told = {**environment, **own}
    async with (
        bench.process("services.gateway", environment=told) as gateway,
        bench.process("services.router", environment=told) as router,
        bench.process("services.console", environment=told) as console,
    ):
        yield {"gateway": gateway, "router": router, "console": console}, ports
