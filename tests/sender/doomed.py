"""A sender that ends as kill -9 would end it, the first time it comes to a step.

`python -m tests.sender.doomed STEP`. Its settings come from the environment.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from services.sender.app import sender
from services.sender.settings import SenderSettings
from shared.settings import read_settings

ROOT = Path(__file__).parents[2]


async def run_until(last: str) -> None:
    async def step(name: str) -> None:
        if name == last:
            os.kill(os.getpid(), signal.SIGKILL)

    async with sender(read_settings(SenderSettings), step) as background:
        await background.died


async def dies_at(step: str, environment: Mapping[str, str]) -> None:
    """Run one in a process of its own, until it has died there."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.sender.doomed",
        step,
        cwd=ROOT,
        env={**os.environ, **environment},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(60):
            _, told = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == -signal.SIGKILL, told.decode()


if __name__ == "__main__":
    asyncio.run(run_until(sys.argv[1]))
