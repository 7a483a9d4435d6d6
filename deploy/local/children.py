"""Processes of ours: they cannot outlive us, and only they are ever ended."""

import asyncio
import os
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from deploy.local.failures import CannotStart

_POLL_SECONDS = 0.05

# The kernel kills the child when the thread that started it ends (prctl PR_SET_PDEATHSIG, kept across exec).
# If we died before setpriv could ask for that, the shell finds another parent and does not go on.
_GO_ON_IF_PARENT_IS = 'test "$PPID" = "$0" || exit 1; exec "$@"'


async def start_child(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    directory: Path,
    output: int | IO[bytes],
    keep_open: Sequence[int] = (),
) -> Process:
    """Start a process that ends when we do, even if we are killed.

    It leads a session of its own, so that Ctrl-C reaches us alone and we stop things in order. Its standard output
    and error go to `output`; descriptors in `keep_open` are inherited.
    """
    return await asyncio.create_subprocess_exec(
        "setpriv",
        "--pdeathsig",
        "KILL",
        "sh",
        "-c",
        _GO_ON_IF_PARENT_IS,
        str(os.getpid()),
        *command,
        env=dict(environment),
        cwd=directory,
        stdin=DEVNULL,
        stdout=output,
        stderr=STDOUT,
        start_new_session=True,
        pass_fds=keep_open,
    )


async def stop_child(process: Process, within_seconds: float) -> None:
    """Ask it to end (SIGTERM); kill it if it has not after `within_seconds`."""
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(within_seconds):
                await process.wait()
        except TimeoutError:
            await kill_child(process)


async def kill_child(process: Process) -> None:
    """End it now (SIGKILL), and wait until it is gone."""
    if process.returncode is None:
        process.kill()
    await process.wait()


async def until_ready(
    process: Process,
    why_not: Callable[[], Awaitable[str | None]],
    within_seconds: float,
    explain: Callable[[str], CannotStart],
) -> None:
    """Wait until `why_not()` is None. Raises what `explain` makes of the process's end or of a missed deadline."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_seconds
    while (reason := await why_not()) is not None:
        if process.returncode is not None:
            raise explain(describe_end(process.returncode))
        if loop.time() > deadline:
            raise explain(f"not ready after {within_seconds:.0f} s ({reason})")
        await asyncio.sleep(_POLL_SECONDS)


def describe_end(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
