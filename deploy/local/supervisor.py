"""Running several parts as one: the first that dies ends the run, and what was started is stopped in reverse order."""

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import aiohttp

from deploy.local.children import describe_end, start_child, stop_child, until_ready
from deploy.local.directories import fresh_log
from deploy.local.failures import CannotStart, PartFailed

_READY_SECONDS = 90.0
_STOP_SECONDS = 15.0
_ANSWER_SECONDS = 5.0
_CHUNK_BYTES = 65536
_NAME_WIDTH = 9

Show = Callable[[str], None]


@dataclass(frozen=True)
class Part:
    """A process that counts: it must answer 200 on `ready_url`, and must not end before it is told to."""

    name: str
    command: Sequence[str | Path]
    environment: Mapping[str, str]
    ready_url: str


class Ending:
    """Why the run ends. The first reason cancels the run's task, whose clean-up stops everything.

    That task calls `close` when its clean-up begins: what dies from then on was stopped.
    """

    def __init__(self, task: asyncio.Task[int]) -> None:
        self._task = task
        self._open = True
        self.failure: CannotStart | None = None
        self.told: signal.Signals | None = None

    def fail(self, failure: CannotStart) -> None:
        if self._open:
            self.failure = failure
            self._cancel()

    def obey(self, number: signal.Signals) -> None:
        """Stop in good order; told a second time, end at once: the kernel then kills the children."""
        if self.told:
            os._exit(128 + number)
        self.told = number
        if self._open:
            self._cancel()

    def close(self) -> None:
        self._open = False

    def _cancel(self) -> None:
        self.close()
        self._task.cancel()


class Supervisor:
    """Starts parts in `directory`, writes their output to `logs` and shows it, each line under its part's name."""

    def __init__(self, directory: Path, logs: Path, show: Show, ending: Ending) -> None:
        self._directory = directory
        self._logs = logs
        self._show = show
        self._ending = ending

    @asynccontextmanager
    async def running(self, part: Part) -> AsyncIterator[Process]:
        """Start the part; on leaving it is stopped, and its last lines are shown."""
        log = fresh_log(self._logs / f"{part.name}.log")
        process = await start_child(part.command, part.environment, self._directory, PIPE)
        output = asyncio.create_task(self._stream(process, part.name, log))
        try:
            async with self.watched(part.name, process.wait(), log):
                yield process
        finally:
            await stop_child(process, _STOP_SECONDS)
            await output

    @asynccontextmanager
    async def watched(self, name: str, ended: Awaitable[int], log: Path) -> AsyncIterator[None]:
        """While inside, the end of the part named `name` ends the run."""
        watch = asyncio.create_task(self._watch(name, ended, log))
        try:
            yield
        finally:
            watch.cancel()

    async def until_ready(self, part: Part, process: Process) -> None:
        """Wait until the part serves; raises PartFailed with its own reason if it does not in time."""

        async def why_not() -> str | None:
            return await _why_not_ready(part.ready_url)

        def explain(what: str) -> PartFailed:
            return PartFailed(f"{part.name} {what}; its log is {self._logs / part.name}.log")

        await until_ready(process, why_not, _READY_SECONDS, explain)

    async def _watch(self, name: str, ended: Awaitable[int], log: Path) -> None:
        code = await ended
        self._ending.fail(PartFailed(f"{name} died ({describe_end(code)}); its log is {log}"))

    async def _stream(self, process: Process, name: str, log: Path) -> None:
        """Until the part closes its output. A line may be of any length, and the last one may be unfinished."""
        if process.stdout is None:
            raise RuntimeError("a part's output is a pipe")
        rest = b""
        with log.open("ab", buffering=0) as file:
            while chunk := await process.stdout.read(_CHUNK_BYTES):
                self._keep(file, chunk, name)
                *lines, rest = (rest + chunk).split(b"\n")
                self._show_lines(name, lines)
            self._show_lines(name, [rest] if rest else [])

    def _keep(self, file: FileIO, chunk: bytes, name: str) -> None:
        """A full disk costs the log its lines, never the part its life: unread, its output would block it."""
        try:
            file.write(chunk)
        except OSError as failure:
            self._show_lines(name, [f"(not kept in the log: {failure.strerror})".encode()])

    def _show_lines(self, name: str, lines: Sequence[bytes]) -> None:
        for line in lines:
            self._show(f"{name:<{_NAME_WIDTH}}| {line.decode(errors='replace').rstrip()}")


async def _why_not_ready(url: str) -> str | None:
    """None, or what `/readyz` says is missing."""
    limit = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=limit) as session, session.get(url) as answer:
            return None if answer.status == 200 else f"not ready: {(await answer.text()).strip()}"  # noqa: PLR2004
    except (aiohttp.ClientError, TimeoutError, OSError):
        return f"no answer from {url}"
