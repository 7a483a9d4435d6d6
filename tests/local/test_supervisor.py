import asyncio
import os
from pathlib import Path

import pytest

from deploy.local import supervisor
from deploy.local.run import watching_disk
from deploy.local.supervisor import Ending, Part, Supervisor
from tests.support.waiting import eventually


def shell(script: str) -> Part:
    return Part("router", ["sh", "-c", script], {"PATH": os.environ["PATH"]}, "http://127.0.0.1:1/readyz")


async def shown_of(script: str, directory: Path) -> list[str]:
    """The lines shown of a part that runs `script` to its end."""
    shown: list[str] = []

    async def run() -> int:
        task = asyncio.current_task()
        assert task is not None
        parts = Supervisor(directory, directory, shown.append, Ending(task))
        async with parts.running(shell(script)):
            await asyncio.get_running_loop().create_future()
        return 0

    await asyncio.wait([asyncio.create_task(run())])
    return shown


async def test_every_line_is_shown_under_its_part_and_kept_in_its_log(tmp_path: Path) -> None:
    assert await shown_of("echo one; echo two >&2", tmp_path) == ["router   | one", "router   | two"]
    assert (tmp_path / "router.log").read_text() == "one\ntwo\n"


async def test_a_line_of_any_length_and_an_unfinished_one_are_shown(tmp_path: Path) -> None:
    shown = await shown_of("head -c 300000 /dev/zero | tr '\\0' x; echo; printf '%s' unfinished", tmp_path)
    assert shown == [f"router   | {'x' * 300_000}", "router   | unfinished"]


async def test_a_full_disk_costs_the_log_its_lines_but_never_blocks_the_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "fresh_log", lambda _: Path("/dev/full"))
    shown = await shown_of("echo one", tmp_path)
    assert shown == ["router   | (not kept in the log: No space left on device)", "router   | one"]


async def test_a_disk_that_fills_up_is_told_once(tmp_path: Path) -> None:
    shown: list[str] = []
    asked: list[Path] = []

    def no_room(directory: Path) -> int:
        asked.append(directory)
        return 0

    async with watching_disk(tmp_path, shown.append, no_room, every_seconds=0.01):
        await eventually(lambda: len(asked) > 2)
    assert len(shown) == 1
    assert "less than 200 MiB free" in shown[0]


async def test_bytes_that_are_no_text_are_shown_all_the_same(tmp_path: Path) -> None:
    assert await shown_of(r"printf 'a\377b\n'", tmp_path) == ["router   | a\ufffdb"]
