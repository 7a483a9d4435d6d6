"""The ground every measurement stands on: servers, processes, and a table with ratios."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from aiohttp import ClientSession
from cryptography.fernet import Fernet
from pydantic import SecretStr

from deploy.local.ports import free_port
from deploy.local.servers import MongoServer, RabbitServer, mongod, rabbitmq
from shared.conversation.policy import Policy
from shared.store.apps import App, AppStore
from shared.store.driver import Database
from shared.store.indexes import ensure_indexes
from shared.store.sealing import Sealer
from tests.bench.pusher import AES_KEY, APP_ID, TOKEN

ROOT = Path(__file__).parents[2]


@dataclass
class Row:
    what: str
    figure: float
    unit: str
    beside: str = ""


@dataclass
class Table:
    rows: list[Row] = field(default_factory=list)

    def add(self, what: str, figure: float, unit: str, beside: str = "") -> None:
        self.rows.append(Row(what, figure, unit, beside))
        print(f"{what:58} {figure:10.1f} {unit:10} {beside}", flush=True)  # noqa: T201 - the table


@dataclass(kw_only=True)
class Bench(Table):
    rabbit: RabbitServer
    mongo: MongoServer
    _number: int = 0

    async def environment(self, policy: Policy | None = None) -> dict[str, str]:
        """A fresh vhost and database with one app in it, as variables for processes."""
        self._number += 1
        name = f"bench-{self._number}"
        keys = Fernet.generate_key().decode()
        database = Database(self.mongo.url, name)
        await ensure_indexes(database)
        await AppStore(database, Sealer([keys])).add(
            App(
                app_id=APP_ID,
                name="bench",
                secret=SecretStr("bench-secret"),
                token=SecretStr(TOKEN),
                aes_key=SecretStr(AES_KEY),
                policy=policy or Policy(entry="agents"),
            )
        )
        await database.close()
        return {
            "AMQP_URL": await self.rabbit.create_vhost(name),
            "MONGO_URL": self.mongo.url,
            "MONGO_DB": name,
            "WXDESK_SECRET_KEYS": keys,
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "warning",
            "DATA_DIR": "/nonexistent",
        }

    @asynccontextmanager
    async def process(
        self,
        module: str,
        *arguments: str,
        environment: Mapping[str, str],
        ready: str | None = None,
        wait: bool = True,
        output: int | None = None,
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """`python -m module` for as long as the block runs; with `ready`, once that address answers.

        What it says goes where we say ours, unless `output` is given.
        """
        ops_port = str(free_port())
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *arguments,
            cwd=ROOT,
            env={**os.environ, "OPS_PORT": ops_port, **environment},
            stdout=output,
            stderr=output,
        )
        try:
            if wait:
                await _answers(ready or f"http://127.0.0.1:{ops_port}/readyz", process)
            yield process
        finally:
            process.terminate()
            await process.wait()

    async def pusher(self, url: str, count: int, conversations: int, rate: float | None = None) -> dict[str, float]:
        arguments = [url, str(count), str(conversations), *([str(rate)] if rate else [])]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.pusher", *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        told: dict[str, float] = orjson.loads(out)
        return told


@asynccontextmanager
async def bench(directory: Path) -> AsyncIterator[Bench]:
    async with rabbitmq(directory / "rabbitmq") as rabbit, mongod(directory / "mongod") as mongo:
        yield Bench(rabbit=rabbit, mongo=mongo)


def cpu_seconds(process: asyncio.subprocess.Process) -> float:
    """Processor time a process has used so far, its threads included."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _answers(url: str, process: asyncio.subprocess.Process) -> None:
    async with ClientSession() as session:
        for _ in range(300):
            if process.returncode is not None:
                raise SystemExit(f"{url}: the process ended with {process.returncode}")
            try:
                async with session.get(url) as answer:
                    if answer.status < 500:
                        return
            except OSError:
                pass
            await asyncio.sleep(0.1)
    raise SystemExit(f"{url} did not answer")


def as_json(rows: list[Row], conditions: Mapping[str, Any]) -> bytes:
    return orjson.dumps({"conditions": conditions, "rows": [vars(row) for row in rows]}, option=orjson.OPT_INDENT_2)
