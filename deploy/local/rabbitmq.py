"""A private RabbitMQ: own node, own epmd, own cookie, own password, on loopback only."""

import asyncio
import os
import re
import secrets
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar, Final

from typing_extensions import override

from deploy.local.children import kill_child, start_child
from deploy.local.directories import (
    MEBIBYTE,
    FreeBytes,
    free_bytes_at,
    held,
    kept_secret,
    make_private,
    require_room,
    write_private,
)
from deploy.local.failures import NotInstalled, PartFailed
from deploy.local.ports import free_port
from deploy.local.private_server import HOST, PrivateServer
from shared.bus.queue_policies import QueuePolicy

DEBIAN_PROGRAMS: Final = Path("/usr/lib/rabbitmq/bin")
"""Debian's scripts as RabbitMQ ships them; their wrappers in /usr/sbin refuse any user but root and `rabbitmq`."""

_NODE = "wxdesk@localhost"
_USER = "wxdesk"
_ROOM_BYTES = 256 * MEBIBYTE
_DISK_FREE_LIMIT_BYTES = 50 * MEBIBYTE
_MEMORY_LIMIT_BYTES = 1024 * MEBIBYTE
_WAL_BYTES = 64 * MEBIBYTE  # kept in memory too; the default of 512 MiB is for servers of their own
_LOCK_SECONDS = 3.0  # a server whose run was killed is dying
_CALL_SECONDS = 30.0
_CALL_TRIES = 5
_CALL_PAUSE_SECONDS = 0.2
_NOT_REACHED = "failed to connect to node"
_AMQP_GREETING = b"AMQP\x00\x00\x09\x01"
_METHOD_FRAME = b"\x01"
_VHOST = re.compile(r"[A-Za-z0-9_.-]+")


class RabbitServer(PrivateServer):
    """A running broker; `url` is its default vhost."""

    name: ClassVar[str] = "rabbitmq"

    def __init__(
        self,
        directory: Path,
        port: int,
        lock: int,
        programs: Path,
        plugins: Sequence[str],
        configuration: Mapping[str, str],
    ) -> None:
        super().__init__(directory, port, lock)
        self._programs = programs
        self._plugins = plugins
        self._configuration = configuration
        self._epmd: Process | None = None
        self._epmd_port = 0
        self._distribution_port = 0
        make_private(directory / "home")
        self._password = kept_secret(directory / "password", lambda: secrets.token_hex(16))
        kept_secret(directory / "home" / ".erlang.cookie", lambda: secrets.token_hex(16))

    @property
    def url(self) -> str:
        return self.url_of("")

    def url_of(self, vhost: str) -> str:
        return f"amqp://{_USER}:{self._password}@{HOST}:{self.port}/{vhost}"

    @override
    async def start(self) -> None:
        write_private(self.directory / "rabbitmq.conf", self._configuration_text())
        write_private(self.directory / "enabled_plugins", f"[{','.join(self._plugins)}].\n")
        write_private(self.directory / "rabbitmq-env.conf", "")  # so that the machine's own is not read
        await self._start_epmd()
        await super().start()

    @override
    async def stop(self) -> None:
        await super().stop()
        await self._end_epmd()

    @override
    async def kill(self) -> None:
        """End it as a crash would; see `write_queues_down` for what then does not come back."""
        await super().kill()
        await self._end_epmd()

    async def create_vhost(self, name: str) -> str:
        """Make a vhost and return its URL; about 20 ms."""
        await self.evaluate(
            f"ok = rabbit_vhost:add({_binary(name)}, {_binary(_USER)}), "
            f"ok = rabbit_auth_backend_internal:set_permissions({_binary(_USER)}, {_binary(name)}, "
            f'<<".*">>, <<".*">>, <<".*">>, {_binary(_USER)})'
        )
        return self.url_of(name)

    async def delete_vhost(self, name: str) -> None:
        """Have a vhost deleted with all its queues; the broker does it after this has returned."""
        await self.evaluate(f"spawn(fun() -> rabbit_vhost:delete({_binary(name)}, {_binary(_USER)}) end), ok")

    async def set_policy(self, policy: QueuePolicy, vhost: str = "/") -> None:
        """Have the broker follow it from now on, in place of one of the same name."""
        definition = ", ".join(f"{{{_text(key)}, {_term(value)}}}" for key, value in policy.definition.items())
        await self.evaluate(
            f"ok = rabbit_policy:set({_text(vhost)}, {_text(policy.name)}, {_text(policy.pattern)}, [{definition}], 0, "
            f"{_text(policy.apply_to)}, {_binary(_USER)})"
        )

    async def write_queues_down(self) -> None:
        """Have the broker write to disk which quorum queues there are.

        It does so half a second after the last declaration. A quorum queue declared shorter before a SIGKILL comes back
        without its messages and without a leader, for ever (`name_not_registered`, rabbitmq-server issue 15725).
        """
        await self.evaluate("[ok = dets:sync(Table) || Table <- dets:all()]")

    async def evaluate(self, expression: str) -> str:
        """Evaluate Erlang on the node and return what it printed: some milliseconds, where rabbitmqctl takes seconds.

        Raises PartFailed with Erlang's reason. A call that did not reach the node evaluated nothing, and is made again.
        """
        for _ in range(_CALL_TRIES - 1):
            try:
                return await self._evaluate_once(expression)
            except PartFailed as failed:
                if _NOT_REACHED not in str(failed):
                    raise
                await asyncio.sleep(_CALL_PAUSE_SECONDS)
        return await self._evaluate_once(expression)

    async def _evaluate_once(self, expression: str) -> str:
        call = await asyncio.create_subprocess_exec(
            "erl_call", "-sname", _NODE, "-e", env=self._environment(), stdin=PIPE, stdout=PIPE, stderr=STDOUT
        )
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                output, _ = await call.communicate(f"{expression}.\n".encode())
        finally:
            await kill_child(call)
        answer = output.decode(errors="replace").strip()
        if not answer.startswith("{ok,"):
            raise PartFailed(f"rabbitmq refused {expression!r}: {answer}")
        return answer.removeprefix("{ok,").removesuffix("}").strip()

    @override
    def _command(self) -> Sequence[str | Path]:
        return [self._programs / "rabbitmq-server"]

    @override
    def _environment(self) -> Mapping[str, str]:
        here = self.directory
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(here / "home"),
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": HOST,
            "ERL_CRASH_DUMP_SECONDS": "0",
            "RUNNING_UNDER_SYSTEMD": "true",  # the script becomes the broker instead of waiting for it: one pid
            "RABBITMQ_NODENAME": _NODE,
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(here / "data"),
            "RABBITMQ_LOG_BASE": str(here / "data"),
            "RABBITMQ_CONFIG_FILE": str(here / "rabbitmq.conf"),
            "RABBITMQ_CONFIG_FILES": str(here / "conf.d"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(here / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": str(here / "rabbitmq-env.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(here / "enabled_plugins"),
            # Unbound: several brokers on one machine would else crowd the first cores.
            "RABBITMQ_SCHEDULER_BIND_TYPE": "u",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }

    def _configuration_text(self) -> str:
        lines = {
            "listeners.tcp.default": f"{HOST}:{self.port}",
            "default_user": _USER,
            "default_pass": self._password,
            "disk_free_limit.absolute": str(_DISK_FREE_LIMIT_BYTES),
            "vm_memory_high_watermark.absolute": str(_memory_limit_bytes()),
            "raft.wal_max_size_bytes": str(_WAL_BYTES),
            "log.file": "false",
            "log.console": "true",
            "log.console.level": "info",
            "log.console.use_colors": "off",
            **self._configuration,
        }
        return "".join(f"{key} = {value}\n" for key, value in lines.items())

    async def _start_epmd(self) -> None:
        """Our own epmd, as our child: the one that Erlang starts by itself would outlive us."""
        await self._end_epmd()
        self._epmd_port, self._distribution_port = free_port(), free_port()
        with (self.directory / "epmd.log").open("ab") as log:
            self._epmd = await start_child(
                ["epmd", "-port", str(self._epmd_port), "-address", HOST], self._environment(), self.directory, log
            )

    async def _end_epmd(self) -> None:
        if self._epmd:
            await kill_child(self._epmd)

    @override
    async def _why_not_ready(self) -> str | None:
        """Ready when it answers AMQP's greeting: the port alone opens earlier."""
        try:
            reader, writer = await asyncio.open_connection(HOST, self.port)
        except OSError:
            return "does not listen"
        try:
            writer.write(_AMQP_GREETING)
            async with asyncio.timeout(1):
                answer = await reader.read(1)
        except (OSError, TimeoutError):
            return "does not answer"
        finally:
            writer.close()
        return None if answer == _METHOD_FRAME else "does not speak AMQP yet"


@asynccontextmanager
async def rabbitmq(
    directory: Path,
    port: int = 0,
    *,
    plugins: Sequence[str] = (),
    configuration: Mapping[str, str] | None = None,
    programs: Path = DEBIAN_PROGRAMS,
    free_bytes: FreeBytes = free_bytes_at,
) -> AsyncIterator[RabbitServer]:
    """Run a private broker on `directory` (port 0 = any free); it is stopped on leaving.

    `plugins` are enabled, `configuration` adds to or replaces lines of rabbitmq.conf. Raises NotInstalled, PortTaken,
    DirectoryInUse, DiskFull or PartFailed.
    """
    if not (programs / "rabbitmq-server").exists():
        raise NotInstalled(f"RabbitMQ is not installed ({programs}); run `sudo apt-get install -y rabbitmq-server`")
    make_private(directory)
    require_room(directory, _ROOM_BYTES, free_bytes)
    async with held(directory, _LOCK_SECONDS) as lock:
        server = RabbitServer(directory, port or free_port(), lock, programs, plugins, configuration or {})
        try:
            await server.start()
            yield server
        finally:
            await server.stop()


def _memory_limit_bytes() -> int:
    """Where publishers are blocked: as RabbitMQ's default 40 % of the machine, but never more than we mean to use."""
    machine_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(_MEMORY_LIMIT_BYTES, machine_bytes * 4 // 10)


def _binary(name: str) -> str:
    if not _VHOST.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a private vhost: letters, digits, _ . - only")
    return f'<<"{name}">>'


def _text(text: str) -> str:
    """As an Erlang binary, whatever is in it."""
    return f"<<{','.join(str(byte) for byte in text.encode())}>>"


def _term(value: str | int) -> str:
    return str(value) if isinstance(value, int) else _text(value)
