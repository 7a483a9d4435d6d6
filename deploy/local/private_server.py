"""What a private RabbitMQ and a private mongod have in common: one process, one directory, one log."""

from abc import ABC, abstractmethod
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final

from deploy.local.children import kill_child, start_child, stop_child, until_ready
from deploy.local.directories import fresh_log
from deploy.local.failures import CannotStart, DiskFull, NotInstalled, PartFailed, PortTaken
from deploy.local.ports import require_free

HOST: Final = "127.0.0.1"
_READY_SECONDS = 90.0
_STOP_SECONDS = 20.0
_LAST_LINES = 8


class PrivateServer(ABC):
    """A server on loopback. `kill`, `stop` and `start` may be called again and again; the directory keeps its data."""

    name: ClassVar[str]

    def __init__(self, directory: Path, port: int, lock: int) -> None:
        self.directory = directory
        self.port = port
        self.log = directory / f"{self.name}.log"
        self._lock = lock
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        return self._started().pid

    async def start(self) -> None:
        """Start on the same directory and port, and wait until it serves. Raises CannotStart, saying why not."""
        require_free(HOST, self.port, self.name)
        with fresh_log(self.log).open("ab") as log:
            self._process = await start_child(
                self._command(), self._environment(), self.directory, log, keep_open=[self._lock]
            )
        try:
            await until_ready(self._process, self._why_not_ready, _READY_SECONDS, self._explain)
        except BaseException:
            await self.kill()
            raise

    async def stop(self) -> None:
        """End it in good order."""
        if self._process:
            await stop_child(self._process, _STOP_SECONDS)

    async def kill(self) -> None:
        """End it as a crash would (SIGKILL)."""
        if self._process:
            await kill_child(self._process)

    async def ended(self) -> int:
        """Wait until the process has ended, however that comes; its exit code, negative for a signal."""
        return await self._started().wait()

    @abstractmethod
    def _command(self) -> Sequence[str | Path]: ...

    @abstractmethod
    def _environment(self) -> Mapping[str, str]: ...

    @abstractmethod
    async def _why_not_ready(self) -> str | None:
        """None once it serves."""

    def _started(self) -> Process:
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process

    def _explain(self, what: str) -> CannotStart:
        return explain(self.name, what, self.log)


def explain(name: str, what: str, log: Path) -> CannotStart:
    """Why a server did not start, read from its log."""
    lines = log.read_text(errors="replace").splitlines()
    text = "\n".join(lines).lower()
    if "no space left on device" in text or "enospc" in text:
        return DiskFull(
            f"{name} {what}: the disk is full; free some room, or set DATA_DIR to a directory on another disk"
        )
    if "address already in use" in text or "eaddrinuse" in text or "port_already_used" in text:
        return PortTaken(f"{name} {what}: another process took its port meanwhile; start again")
    if "error while loading shared libraries" in text:
        return NotInstalled(f"{name} {what}: {lines[-1]}; run `sudo apt-get install -y libcurl4 libssl3`")
    last = "\n".join(f"  {line[:300]}" for line in lines[-_LAST_LINES:])
    return PartFailed(f"{name} {what}; its log is {log}:\n{last}")
