import os
from pathlib import Path

import pytest

from deploy.local.directories import (
    MEBIBYTE,
    fresh_log,
    held,
    kept_secret,
    make_private,
    require_room,
    write_private,
)
from deploy.local.failures import CannotStart, DirectoryInUse, DiskFull


async def test_a_directory_is_held_by_one_run_at_a_time(tmp_path: Path) -> None:
    async with held(tmp_path):
        with pytest.raises(DirectoryInUse, match=f"in use by another run .pid {os.getpid()}.*set DATA_DIR"):
            async with held(tmp_path):
                pass
    async with held(tmp_path):
        pass


async def test_who_waits_gets_the_directory_once_it_is_free(tmp_path: Path) -> None:
    first = held(tmp_path)
    descriptor = await first.__aenter__()
    inherited = os.dup(descriptor)
    await first.__aexit__(None, None, None)
    with pytest.raises(DirectoryInUse):  # a child that inherited the lock still has it
        async with held(tmp_path, patience_seconds=0.1):
            pass
    os.close(inherited)
    async with held(tmp_path, patience_seconds=20):
        pass


async def test_a_directory_that_cannot_be_written_names_data_dir(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(CannotStart, match="set DATA_DIR to a directory you may write"):
        async with held(tmp_path):
            pass


def test_too_little_room_says_how_much_is_needed(tmp_path: Path) -> None:
    require_room(tmp_path, 100 * MEBIBYTE, lambda _: 100 * MEBIBYTE)
    with pytest.raises(DiskFull, match=r"only 99 MiB free, 100 MiB are needed.*set DATA_DIR"):
        require_room(tmp_path, 100 * MEBIBYTE, lambda _: 100 * MEBIBYTE - 1)


def test_a_secret_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    assert kept_secret(path, lambda: "first") == "first"
    assert kept_secret(path, lambda: "second") == "first"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_private_file_is_replaced_whole_and_stays_private(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old and longer")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_directory_that_cannot_be_made_names_data_dir(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="set DATA_DIR to a directory you may write"):
        make_private(tmp_path / "file" / "data")


def test_a_fresh_log_keeps_the_last_one(tmp_path: Path) -> None:
    log = fresh_log(tmp_path / "router.log")
    log.write_text("the last run")
    assert fresh_log(tmp_path / "router.log").read_text() == ""
    assert (tmp_path / "router.log.previous").read_text() == "the last run"
