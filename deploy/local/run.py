"""`make run`: private servers, every service, the sandbox and a demo app, until Ctrl-C.

Exit codes: 0 told to stop, 1 something could not start or died, 2 the settings are wrong.
"""

import asyncio
import errno
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet

from deploy.local.directories import MEBIBYTE, FreeBytes, free_bytes_at, held, kept_secret, make_private
from deploy.local.failures import CannotStart, DiskFull
from deploy.local.plan import (
    Plan,
    Replica,
    RunSettings,
    common_environment,
    own_environment,
    plan,
)
from deploy.local.ports import free_port, require_free
from deploy.local.run_file import describe, published
from deploy.local.seed import Seeded, register, save
from deploy.local.servers import mongod, rabbitmq
from deploy.local.supervisor import Ending, Part, Show, Supervisor
from deploy.local.vendors import staff_page
from shared.bus.queue_policies import router_policy
from shared.settings import MongoSettings, RabbitSettings, SecretSettings, SettingsRefused, read_settings

ROOT: Final = Path(__file__).resolve().parents[2]
EXIT_FAILED: Final = 1
EXIT_SETTINGS: Final = 2

_LOW_DISK_BYTES = 200 * MEBIBYTE
_DISK_CHECK_SECONDS = 5.0
_STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

CommandOf = Callable[[Replica], Sequence[str | Path]]


def main(command_of: CommandOf | None = None) -> None:
    """Run with the settings of the environment, and exit."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal may not know every character
    try:
        settings = _read(os.environ)
    except SettingsRefused as refused:
        print(f"make run cannot start:\n{refused}", file=sys.stderr)
        sys.exit(EXIT_SETTINGS)
    sys.exit(asyncio.run(run(settings, os.environ, command_of or _service_command)))


async def run(settings: RunSettings, inherited: Mapping[str, str], command_of: CommandOf) -> int:
    """Start everything, keep it running until told to stop or until a part dies, stop what was started."""
    task: asyncio.Task[int] | None = asyncio.current_task()
    if task is None:
        raise RuntimeError("run() is a task of its own")
    ending = Ending(task)
    for number in _STOPPING_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, ending.obey, number)
    try:
        async with AsyncExitStack() as stack:
            try:
                await _Run(settings, inherited, command_of, ending).start(stack)
                await asyncio.get_running_loop().create_future()
            finally:
                ending.close()
                _print("stopping …")
    except CannotStart as failure:
        return _report(failure)
    except OSError as failure:
        if failure.errno != errno.ENOSPC:
            raise
        return _report(
            DiskFull(f"{settings.data_dir}: the disk is full; free some room, or set DATA_DIR to another disk")
        )
    except asyncio.CancelledError:
        if ending.failure:
            return _report(ending.failure)
        if ending.told is None:
            raise
    return 0


class _Run:
    """One run: what it was told, and what it has started."""

    def __init__(
        self, settings: RunSettings, inherited: Mapping[str, str], command_of: CommandOf, ending: Ending
    ) -> None:
        self._settings = settings
        self._inherited = inherited
        self._command_of = command_of
        self._ending = ending
        self._data_dir = settings.data_dir
        self._supervisor = Supervisor(ROOT, settings.data_dir / "logs", self._show, ending)
        self._pids: dict[str, list[int]] = {}

    async def start(self, stack: AsyncExitStack) -> None:
        """Everything in order, each on the stack as soon as it runs; DATA_DIR/run.json comes last."""
        await self._take_data_dir(stack)
        everything = plan(self._settings, free_port)
        for variable, host, port in everything.ports():
            require_free(host, port, variable)
        servers = await self._start_servers(stack)
        common = common_environment(self._settings, everything, servers, self._inherited)
        seeded = await save(common, self._data_dir)
        await self._start_services(stack, everything, common)
        await register(common, seeded)
        document = describe(everything, common, seeded, self._pids)
        stack.enter_context(published(self._data_dir / "run.json", document))
        self._show(_welcome(everything, seeded, self._data_dir))

    async def _take_data_dir(self, stack: AsyncExitStack) -> None:
        make_private(self._data_dir)
        make_private(self._data_dir / "logs")
        await stack.enter_async_context(held(self._data_dir))
        (self._data_dir / "run.json").unlink(missing_ok=True)  # of a run that was killed
        await stack.enter_async_context(watching_disk(self._data_dir, self._show, free_bytes_at))

    async def _start_servers(self, stack: AsyncExitStack) -> dict[str, str]:
        """The private servers that the settings do not replace by others; where they are, and the secret keys."""
        given = self._settings
        return {
            "MONGO_URL": given.mongo_url.get_secret_value() if given.mongo_url else await self._start_mongod(stack),
            "AMQP_URL": given.amqp_url.get_secret_value() if given.amqp_url else await self._start_rabbitmq(stack),
            "WXDESK_SECRET_KEYS": given.wxdesk_secret_keys.get_secret_value()
            if given.wxdesk_secret_keys
            else kept_secret(self._data_dir / "secret_keys", lambda: Fernet.generate_key().decode()),
        }

    async def _start_mongod(self, stack: AsyncExitStack) -> str:
        self._show("starting mongod …")
        server = await stack.enter_async_context(mongod(self._data_dir / "mongod"))
        await stack.enter_async_context(self._supervisor.watched("mongod", server.ended(), server.log))
        self._pids["mongod"] = [server.pid]
        return server.url

    async def _start_rabbitmq(self, stack: AsyncExitStack) -> str:
        self._show("starting RabbitMQ (some seconds) …")
        server = await stack.enter_async_context(rabbitmq(self._data_dir / "rabbitmq"))
        await stack.enter_async_context(self._supervisor.watched("rabbitmq", server.ended(), server.log))
        self._pids["rabbitmq"] = [server.pid]
        await server.set_policy(router_policy())
        return server.url

    async def _start_services(self, stack: AsyncExitStack, everything: Plan, common: Mapping[str, str]) -> None:
        """All in the order of the plan; they wait for each other by themselves, and we for all of them."""
        started: list[tuple[Part, Process]] = []
        for replica in everything.replicas:
            environment = own_environment(replica, common)
            part = Part(replica.name, self._command_of(replica), environment, f"{replica.ops_url}/readyz")
            process = await stack.enter_async_context(self._supervisor.running(part))
            self._pids.setdefault(replica.service, []).append(process.pid)
            started.append((part, process))
        for part, process in started:
            await self._supervisor.until_ready(part, process)

    def _show(self, line: str) -> None:
        if not _print(line):
            self._ending.fail(CannotStart("nobody reads our output any more"))


@asynccontextmanager
async def watching_disk(
    directory: Path, show: Show, free_bytes: FreeBytes, every_seconds: float = _DISK_CHECK_SECONDS
) -> AsyncIterator[None]:
    """While inside, say so when the disk is nearly full: RabbitMQ then silently stops taking messages."""

    async def watch() -> None:
        was_low = False
        while True:
            low = free_bytes(directory) < _LOW_DISK_BYTES
            if low and not was_low:
                show(f"WARNING: less than {_LOW_DISK_BYTES // MEBIBYTE} MiB free for {directory}; free some room")
            was_low = low
            await asyncio.sleep(every_seconds)

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()


def _read(environment: Mapping[str, str]) -> RunSettings:
    """Raises SettingsRefused, also for what only the services would look at."""
    settings = read_settings(RunSettings)
    for kind, variable in (
        (RabbitSettings, "AMQP_URL"),
        (MongoSettings, "MONGO_URL"),
        (SecretSettings, "WXDESK_SECRET_KEYS"),
    ):
        if environment.get(variable):
            read_settings(kind)
    return settings.model_copy(update={"data_dir": settings.data_dir.resolve()})


def _service_command(replica: Replica) -> Sequence[str | Path]:
    return [sys.executable, "-m", f"services.{replica.service}"]


def _welcome(everything: Plan, seeded: Seeded, data_dir: Path) -> str:
    logins = "\n".join(f"             {agent.login:<6} {agent.password}  ({agent.role})" for agent in seeded.agents)
    sandbox = everything.url("sandbox")
    pages = "\n".join(
        f"  {vendor.vendor:<10} {staff_page(sandbox, vendor.vendor)}  (its staff, for the account {vendor.account})"
        for vendor in seeded.vendors
    )
    return f"""
wxdesk is ready.

  the desk   {everything.url("console")}
{logins}
  the phone  {everything.url("sandbox")}  (the sandbox: a customer's side, and WeChat's)
{pages}
  gateway    {everything.url("gateway")}/wechat/{seeded.app.appid}
  the rest   {data_dir / "run.json"}; logs in {data_dir / "logs"}

On the phone press 新客户, 联系客服, and write 人工; on the desk log in as lina and accept. Or from a second terminal:
  .venv/bin/wxdesk sandbox enter o-customer --wait 5
  .venv/bin/wxdesk sandbox say o-customer 人工
  WXDESK_PASSWORD={_password(seeded, "lina")} .venv/bin/wxdesk desk list --view waiting --as lina
Ctrl-C stops everything; the data stays in {data_dir}.
"""


def _password(seeded: Seeded, login: str) -> str:
    return next(agent.password for agent in seeded.agents if agent.login == login)


def _report(failure: CannotStart) -> int:
    print(f"make run: {failure}", file=sys.stderr)
    return EXIT_FAILED


def _print(line: str) -> bool:
    """False once nobody can read it any more: a closed pipe, a terminal that is gone."""
    try:
        print(line, flush=True)
    except OSError as failure:
        if failure.errno in {errno.EPIPE, errno.EIO}:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return False
    return True


if __name__ == "__main__":
    main()
