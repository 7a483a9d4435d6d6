import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from deploy.local.plan import START_ORDER
from tests.local.processes import alive, family
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
ANY_PORTS = {"GATEWAY_PORT": "0", "CONSOLE_PORT": "0", "SANDBOX_PORT": "0", "OPS_PORT": "0"}


class Run:
    """A `make run` of tiny services, as a person sees it."""

    def __init__(self, process: Process, data_dir: Path) -> None:
        self.process = process
        self.data_dir = data_dir
        self._lines: list[str] = []
        self._reading = asyncio.create_task(self._read())

    @property
    def output(self) -> str:
        return "".join(self._lines)

    def file(self) -> dict[str, Any] | None:
        """run.json, once it is there."""
        try:
            document: dict[str, Any] = json.loads((self.data_dir / "run.json").read_text())
        except FileNotFoundError:
            return None
        return document

    async def ready(self) -> dict[str, Any]:
        def file_or_end() -> dict[str, Any] | None:
            if self.process.returncode is not None:
                pytest.fail(f"the run ended: {self.output}")
            return self.file()

        document = await eventually(file_or_end, within_seconds=90)
        assert document is not None
        return document

    async def ended(self) -> int:
        async with asyncio.timeout(90):
            code = await self.process.wait()
            await self._reading
        return code

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self._lines.append(line.decode())


@asynccontextmanager
async def running(data_dir: Path, **environment: str) -> AsyncIterator[Run]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.local.tiny_run"),
        env={**os.environ, **ANY_PORTS, "DATA_DIR": str(data_dir), **environment},
        cwd=ROOT,
        stdout=PIPE,
        stderr=STDOUT,
    )
    run = Run(process, data_dir)
    try:
        yield run
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await run.ended()


@pytest.fixture
def servers(mongo_url: str, mongo_db: str) -> dict[str, str]:
    """Servers that the run need not start; the tiny services never look for the broker."""
    return {"MONGO_URL": mongo_url, "MONGO_DB": mongo_db, "AMQP_URL": "amqp://127.0.0.1:1/"}


def all_pids(document: dict[str, Any]) -> list[int]:
    return [pid for pids in document["pids"].values() for pid in pids]


async def test_a_run_says_where_everything_is_and_stops_when_told(tmp_path: Path, servers: dict[str, str]) -> None:
    async with running(tmp_path, ROUTERS="2", **servers) as run:
        document = await run.ready()
        parts = {"gateway", "console", "sandbox", "ops", "env", "app", "agents", "vendors", "pids"}
        assert set(document) == parts
        vendors = {one["account"]: one["staff_page"] for one in document["vendors"]}
        assert vendors["qiyu-demo"] == f"{document['sandbox']}/qiyu"
        assert set(document["ops"]) == set(document["pids"]) == set(START_ORDER)
        assert len(document["ops"]["router"]) == len(document["pids"]["router"]) == 2
        shared = {"AMQP_URL", "MONGO_URL", "MONGO_DB", "WXDESK_SECRET_KEYS", "WECHAT_API_BASE", "QIYU_API_BASE"}
        assert document["env"].keys() == shared
        assert document["env"]["WECHAT_API_BASE"] == document["sandbox"]
        assert set(document["app"]) == {"appid", "secret", "token", "aes_key", "mode", "format"}
        assert {agent["login"]: agent["role"] for agent in document["agents"]}.items() >= {
            ("admin", "admin"),
            ("lina", "agent"),
        }
        assert (tmp_path / "run.json").stat().st_mode & 0o777 == 0o600
        async with aiohttp.ClientSession() as session:
            for url in [*document["ops"]["router"], document["console"]]:
                async with session.get(f"{url}/readyz") as answer:
                    assert answer.status == 200

        run.process.send_signal(signal.SIGTERM)
        assert await run.ended() == 0
        assert run.file() is None
        assert not any(map(alive, all_pids(document)))
    assert document["console"] in run.output
    assert f"{document['sandbox']}/qiyu" in run.output
    assert "router-2 | this is router\n" in run.output
    assert (tmp_path / "logs" / "router-2.log").read_text() == "this is router\n"


async def test_the_death_of_a_part_stops_the_rest(tmp_path: Path, servers: dict[str, str]) -> None:
    async with running(tmp_path, **servers) as run:
        document = await run.ready()
        os.kill(document["pids"]["sender"][0], signal.SIGKILL)
        assert await run.ended() == 1
        assert f"sender died (killed by signal 9); its log is {tmp_path / 'logs' / 'sender.log'}" in run.output
        assert run.file() is None
        assert not any(map(alive, all_pids(document)))


async def test_a_part_that_cannot_start_stops_the_rest(tmp_path: Path, servers: dict[str, str]) -> None:
    async with running(tmp_path, TINY_FAILS="router", **servers) as run:
        assert await run.ended() == 1
        assert "router   | the thing I need is not there\n" in run.output
        assert f"router died (ended with exit code 3); its log is {tmp_path / 'logs' / 'router.log'}" in run.output
        assert "wxdesk is ready" not in run.output


async def test_a_killed_run_leaves_nothing_and_the_next_one_finds_its_data(
    tmp_path: Path, servers: dict[str, str]
) -> None:
    async with running(tmp_path, **servers) as run:
        first = await run.ready()
        run.process.kill()
        await eventually(lambda: not any(map(alive, all_pids(first))))
    async with running(tmp_path, **servers) as run:
        second = await eventually(lambda: newer(run, first), within_seconds=90)
        assert second["app"] == first["app"]
        assert second["agents"] == first["agents"]
        assert second["env"]["WXDESK_SECRET_KEYS"] == first["env"]["WXDESK_SECRET_KEYS"]


def newer(run: Run, old: dict[str, Any]) -> dict[str, Any]:
    document = run.file()
    assert document is not None
    assert document["pids"] != old["pids"]
    return document


async def test_told_twice_it_ends_at_once_and_takes_the_deaf_along(tmp_path: Path, servers: dict[str, str]) -> None:
    async with running(tmp_path, TINY_DEAF="console", **servers) as run:
        document = await run.ready()
        run.process.send_signal(signal.SIGINT)
        await eventually(lambda: "stopping …" in run.output)
        run.process.send_signal(signal.SIGINT)
        assert await run.ended() == 128 + signal.SIGINT
        assert run.file() is None
        await eventually(lambda: not any(map(alive, all_pids(document))))


async def test_a_second_run_on_the_same_data_is_refused(tmp_path: Path, servers: dict[str, str]) -> None:
    async with running(tmp_path, **servers) as first:
        document = await first.ready()
        async with running(tmp_path, **servers) as second:
            assert await second.ended() == 1
            assert f"{tmp_path} is in use by another run (pid {first.process.pid})" in second.output
        assert first.file() == document
        assert all(map(alive, all_pids(document)))


async def test_a_taken_port_names_its_variable_before_anything_starts(tmp_path: Path, servers: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        async with running(tmp_path, **servers, GATEWAY_PORT=str(port)) as run:
            assert await run.ended() == 1
            assert f"GATEWAY_PORT: 127.0.0.1:{port} is taken by another process" in run.output
            assert "this is" not in run.output


async def test_wrong_settings_are_named(tmp_path: Path) -> None:
    async with running(tmp_path, ROUTERS="0", AMQP_URL="http://broker") as run:
        assert await run.ended() == 2
        assert "ROUTERS: " in run.output


async def test_servers_out_of_reach_are_told(tmp_path: Path, servers: dict[str, str]) -> None:
    gone = {**servers, "MONGO_URL": "mongodb://127.0.0.1:1/?replicaSet=wxdesk"}
    async with running(tmp_path, **gone) as run:
        assert await run.ended() == 1
        assert "MONGO_URL: " in run.output


@pytest.mark.servers
async def test_the_private_servers_belong_to_the_run(tmp_path: Path) -> None:
    """Its own RabbitMQ and mongod: killed with the run, and counted as parts of it."""
    async with running(tmp_path) as run:
        first = await run.ready()
        assert {"rabbitmq", "mongod"} <= set(first["pids"])
        everything = family(run.process.pid)
        assert set(all_pids(first)) < set(everything)
        run.process.kill()
        await eventually(lambda: not any(map(alive, everything)))
    async with running(tmp_path) as run:
        second = await eventually(lambda: newer(run, first), within_seconds=90)
        os.kill(second["pids"]["rabbitmq"][0], signal.SIGKILL)
        assert await run.ended() == 1
        assert "rabbitmq died (killed by signal 9); its log is" in run.output
        assert not any(map(alive, all_pids(second)))
