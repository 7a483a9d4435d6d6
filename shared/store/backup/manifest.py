"""What a backup says of itself: which collections, how many documents, their checksums, and what it is not."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from bson import json_util
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.bus.topology import Topology

FORMAT: Final = 1
"""Of the files. A release reads all formats up to its own."""
MANIFEST: Final = "manifest.json"
_JSON: Final = json_util.CANONICAL_JSON_OPTIONS

LEFT_OUT: Final = frozenset(
    {"clock", "doctor", "leases", "login_attempts", "logins", "pages_open", "restores", "taking", "tokens"}
)
"""Collections that a restored installation must begin without: who was logged in, which process held what, access
tokens that WeChat has replaced since, a sandbox's clock."""
MEDIA: Final = "media"
"""Read after the others: its documents are large, and stay as they are. One more or less than the messages show does
no harm, and the instant of the others need not be kept for as long."""


class BackupBroken(Exception):
    """The files are no whole backup, or not one this release can read; the text says what is wrong."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Kept(_Part):
    """One collection. `sha256` is of the documents one after the other, uncompressed; so is `bytes`."""

    file: str = Field(pattern=r"^[A-Za-z0-9_.-]+\.bson\.gz$")
    documents: int
    bytes: int
    sha256: str
    indexes: tuple[str, ...] = ()
    """Each as canonical extended JSON."""
    read: Literal["one_instant", "afterwards"] = "one_instant"

    def index_specs(self) -> list[dict[str, Any]]:
        return [dict(json_util.loads(text, json_options=_JSON)) for text in self.indexes]


class Manifest(_Part):
    """`at` is MongoDB's time, in seconds since 1970: everything a majority had then is here."""

    format: int
    wxdesk: str
    mongodb: str
    database: str
    made_at: datetime
    at: int
    topology: Topology | None
    collections: dict[str, Kept]
    left_out: tuple[str, ...]

    @property
    def documents(self) -> int:
        return sum(kept.documents for kept in self.collections.values())

    @property
    def name(self) -> str:
        """What tells this backup from others."""
        told = (f"{name} {kept.sha256}" for name, kept in sorted(self.collections.items()))
        return hashlib.sha256("\n".join((self.made_at.isoformat(), *told)).encode()).hexdigest()[:16]


def index_texts(indexes: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(json_util.dumps(one, json_options=_JSON) for one in indexes)


def read_manifest(folder: Path) -> Manifest:
    """Raises BackupBroken."""
    try:
        text = (folder / MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise BackupBroken(f"{folder} holds no backup: there is no {MANIFEST} in it") from None
    except OSError as failure:
        raise BackupBroken(f"cannot read {folder / MANIFEST}: {failure.strerror}") from None
    try:
        form = _Form.model_validate_json(text).format
        if form > FORMAT:
            raise BackupBroken(f"{folder} is of format {form}; this release reads up to {FORMAT}: use a newer one")
        return Manifest.model_validate_json(text)
    except ValidationError:
        raise BackupBroken(f"{folder / MANIFEST} is damaged") from None


class _Form(_Part):
    format: int
