import asyncio
import os
import subprocess
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from deploy.local import children
from deploy.local.children import start_child, stop_child, until_ready
from deploy.local.failures import PartFailed
from tests.local.processes import alive
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
SHELL_ENVIRONMENT = {"PATH": os.environ["PATH"]}

PARENT = """
import asyncio, os, signal, sys
from asyncio.subprocess import DEVNULL
from pathlib import Path
from deploy.local.children import start_child

async def main():
    process = await start_child(["sleep", "1000"], os.environ, Path("/"), DEVNULL)
    print(process.pid, flush=True)
    await process.wait()

asyncio.run(main())
"""


async def test_a_child_dies_with_a_parent_that_is_killed() -> None:
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, stdout=PIPE, cwd=ROOT)
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    assert alive(child)
    parent.kill()
    await parent.wait()
    await eventually(lambda: not alive(child))


def test_a_child_whose_parent_died_before_it_could_ask_does_not_go_on(tmp_path: Path) -> None:
    went_on = tmp_path / "went-on"
    other_parent = str(os.getpid() + 1)
    command = ["sh", "-c", children._GO_ON_IF_PARENT_IS, other_parent, "touch", str(went_on)]
    assert subprocess.run(command, check=False).returncode == 1
    assert not went_on.exists()


async def test_a_child_that_ignores_being_asked_is_killed(tmp_path: Path) -> None:
    command = ["sh", "-c", 'trap "" TERM; echo deaf; while :; do sleep 1; done']
    process = await start_child(command, SHELL_ENVIRONMENT, tmp_path, PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"deaf\n"
    await stop_child(process, within_seconds=0.1)
    assert process.returncode == -9
    await process.stdout.read()


async def test_waiting_for_a_child_that_ends_says_how_it_ended(tmp_path: Path) -> None:
    process = await start_child(["sh", "-c", "exit 3"], SHELL_ENVIRONMENT, tmp_path, PIPE)

    async def never() -> str:
        return "does not answer"

    with pytest.raises(PartFailed, match="ended with exit code 3"):
        await until_ready(process, never, 20, PartFailed)


async def test_waiting_for_a_child_ends_with_what_it_lacks(tmp_path: Path) -> None:
    process = await start_child(["sleep", "1000"], SHELL_ENVIRONMENT, tmp_path, PIPE)

    async def never() -> str:
        return "does not answer"

    with pytest.raises(PartFailed, match=r"not ready after 0 s \(does not answer\)"):
        await until_ready(process, never, 0.1, PartFailed)
    await stop_child(process, within_seconds=20)
    assert process.returncode == -15
