"""What a run keeps on disk: private directories held by one run at a time, secrets, room enough."""

import asyncio
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from deploy.local.failures import CannotStart, DirectoryInUse, DiskFull

MEBIBYTE: Final = 1024 * 1024
FreeBytes = Callable[[Path], int]


def free_bytes_at(path: Path) -> int:
    """How much this user may still write there."""
    return shutil.disk_usage(path).free


def require_room(directory: Path, needed_bytes: int, free_bytes: FreeBytes) -> None:
    """Raises DiskFull when less than `needed_bytes` are free."""
    free = free_bytes(directory)
    if free < needed_bytes:
        raise DiskFull(
            f"{directory}: only {free // MEBIBYTE} MiB free, {needed_bytes // MEBIBYTE} MiB are needed; "
            "free some room, or set DATA_DIR to a directory on another disk"
        )


def make_private(directory: Path) -> None:
    """Make the directory, readable by its owner only."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as failure:
        raise CannotStart(
            f"cannot make {directory}: {failure.strerror}; set DATA_DIR to a directory you may write"
        ) from None


@asynccontextmanager
async def held(directory: Path, patience_seconds: float = 0.0) -> AsyncIterator[int]:
    """Hold the directory for this run; yields the lock's descriptor.

    A child that inherits the descriptor keeps the lock until it, too, has ended: so a new run cannot meet the
    dying server of a killed one. Raises DirectoryInUse if another run still has it after `patience_seconds`.
    """
    lock = directory / "lock"
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as failure:
        raise CannotStart(
            f"cannot write in {directory}: {failure.strerror}; set DATA_DIR to a directory you may write"
        ) from None
    try:
        await _lock(descriptor, directory, patience_seconds)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


async def _lock(descriptor: int, directory: Path, patience_seconds: float) -> None:
    deadline = asyncio.get_running_loop().time() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(0.05)
                continue
            holder = os.pread(descriptor, 32, 0).decode().strip() or "unknown"
            raise DirectoryInUse(
                f"{directory} is in use by another run (pid {holder}); stop that one, "
                "or set DATA_DIR to another directory"
            ) from None
        return


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """The secret kept in `path` (mode 0600), made at first use."""
    if not path.exists():
        write_private(path, make())
    return path.read_text().strip()


def write_private(path: Path, text: str) -> None:
    """Replace the file whole, or not at all; readable by its owner only."""
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def fresh_log(path: Path) -> Path:
    """Make room for a new log, keeping the last one as `….previous`."""
    if path.exists():
        path.replace(path.with_name(f"{path.name}.previous"))
    path.touch(mode=0o600)
    return path
