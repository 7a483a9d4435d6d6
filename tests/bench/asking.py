"""Asking a real console, one call after another, and how long each took."""

import itertools
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import ClientSession

from deploy.local.ports import free_port
from shared.passwords import hash_password
from shared.store.agents import Agent, AgentStore
from shared.store.driver import Database
from tests.bench.bench import Bench

PASSWORD: Final = "bench password"
_numbers = itertools.count(1)


class Asker:
    def __init__(self, url: str, session: ClientSession) -> None:
        self._url = url
        self._session = session

    async def ask(self, path: str, **params: str) -> tuple[Any, float]:
        """The answer, and the seconds it took over loopback."""
        began = time.perf_counter()
        async with self._session.get(f"{self._url}{path}", params=params) as answer:
            told = await answer.read()
            took = time.perf_counter() - began
            if answer.status != 200:
                raise SystemExit(f"{path}: {answer.status} {told.decode()}")
            return await answer.json(), took


@asynccontextmanager
async def console(bench: Bench, environment: Mapping[str, str]) -> AsyncIterator[Asker]:
    """A console in a process of its own, and a supervisor's login."""
    login = f"boss{next(_numbers)}"
    database = Database(environment["MONGO_URL"], environment["MONGO_DB"])
    await AgentStore(database).add(
        Agent(id=login, name="boss", role="supervisor", password_hash=hash_password(PASSWORD))
    )
    await database.close()
    port = free_port()
    told = {**environment, "CONSOLE_PORT": str(port)}
    url = f"http://127.0.0.1:{port}/api/v1"
    async with bench.process("services.console", environment=told), ClientSession() as session:
        async with session.post(f"{url}/login", json={"login": login, "password": PASSWORD}) as answer:
            session.headers["Authorization"] = f"Bearer {(await answer.json())['token']}"
        yield Asker(url, session)


def spread(seconds: Iterable[float]) -> tuple[float, float, float]:
    """Median, 99th percentile and the worst, in milliseconds."""
    ordered = sorted(1000 * one for one in seconds)
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)], ordered[-1]
