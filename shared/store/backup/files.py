"""One collection as a file: BSON documents one after the other, compressed; never more than one in memory."""

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from shared.store.backup.manifest import BackupBroken, Kept

LARGEST: Final = 48 * 1024 * 1024
"""Bytes of a document; MongoDB allows a third of it."""
_LEAST: Final = 5
_LENGTH: Final = 4


class CollectionFile:
    """A file being written. It counts, and hashes what it is given."""

    def __init__(self, path: Path) -> None:
        self.documents = 0
        self.bytes = 0
        self._hash = hashlib.sha256()
        self._opened = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._file = gzip.GzipFile(filename="", fileobj=self._opened, mode="wb", compresslevel=1, mtime=0)

    def add(self, document: bytes) -> None:
        self._file.write(document)
        self._hash.update(document)
        self.documents += 1
        self.bytes += len(document)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def close(self) -> None:
        """Return when the disk has it."""
        self._file.close()
        self._opened.flush()
        os.fsync(self._opened.fileno())
        self._opened.close()


def read_documents(folder: Path, name: str, kept: Kept) -> Iterator[bytes]:
    """Each document; raises BackupBroken at the first thing that is not as the manifest says, the end at last."""
    documents, total, hashed = 0, 0, hashlib.sha256()
    try:
        with gzip.open(folder / kept.file, "rb") as file:
            while document := _next(file, name):
                documents, total = documents + 1, total + len(document)
                hashed.update(document)
                yield document
    except FileNotFoundError:
        raise BackupBroken(f"{kept.file} is missing") from None
    except (OSError, EOFError, zlib.error) as failure:
        raise BackupBroken(f"{kept.file} is damaged ({type(failure).__name__})") from None
    if (documents, total, hashed.hexdigest()) != (kept.documents, kept.bytes, kept.sha256):
        raise BackupBroken(f"{kept.file} is not what was written: its documents differ from the manifest")


def verify(folder: Path, name: str, kept: Kept) -> None:
    """Raises BackupBroken."""
    for _ in read_documents(folder, name, kept):
        pass


def _next(file: gzip.GzipFile, name: str) -> bytes | None:
    head = file.read(_LENGTH)
    if not head:
        return None
    size = int.from_bytes(head, "little")
    if not _LEAST <= size <= LARGEST:
        raise BackupBroken(f"{name}: what follows is no document")
    document = head + file.read(size - _LENGTH)
    if len(document) < size or document[-1] != 0:
        raise BackupBroken(f"{name}: a document is cut off")
    return document
