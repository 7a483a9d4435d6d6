"""The built web app, served from memory: read once at start, so that no path a client names ever reaches the disk."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

INDEX: Final = "/index.html"
ASSETS: Final = "/assets/"
"""What stands below carries a hash of its content in its name, and is never another under the same one."""

CODINGS: Final[Mapping[str, str]] = {"br": ".br", "gzip": ".gz"}
"""Content codings by preference, with how a file compressed that way is named beside the plain one."""

KEPT_FOR_GOOD: Final = "public, max-age=31536000, immutable"
ASKED_AGAIN: Final = "no-cache"

TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""Our own table: the machine's, which Python would ask, differs from one to the next."""
UNKNOWN_TYPE: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Variant:
    """One way the file can travel. `coding` None: as it is."""

    coding: str | None
    content: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class DeskFile:
    """`variants` in the order of preference; the last is the plain one."""

    content_type: str
    cache_control: str
    variants: tuple[Variant, ...]

    def best_for(self, accepted: str) -> Variant:
        """What to send to a client that says `accepted` in Accept-Encoding."""
        wanted = _codings(accepted)
        return next(one for one in self.variants if one.coding is None or one.coding in wanted)


def read_desk(folder: Path) -> dict[str, DeskFile]:
    """Every file of the build by its path in an address; empty where there is no build, which is one with no index."""
    contents = {f"/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in _files(folder)}
    if INDEX not in contents:
        return {}
    beside = {name + suffix for name in contents for suffix in CODINGS.values()}
    return {name: _file(name, contents) for name in contents if name not in beside}


def _files(folder: Path) -> Iterator[Path]:
    """No hidden ones, which are the build's own notes, and nothing a link leads to."""
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found = (Path(where, name) for name in names if not name.startswith("."))
        yield from (path for path in found if path.is_file() and not path.is_symlink())


def _file(name: str, contents: Mapping[str, bytes]) -> DeskFile:
    mark = hashlib.sha256(contents[name]).hexdigest()[:20]
    coded = ((coding, contents.get(name + suffix)) for coding, suffix in CODINGS.items())
    return DeskFile(
        content_type=TYPES.get(Path(name).suffix.lower(), UNKNOWN_TYPE),
        cache_control=KEPT_FOR_GOOD if name.startswith(ASSETS) else ASKED_AGAIN,
        variants=(
            *(Variant(coding, content, f"{mark}-{coding}") for coding, content in coded if content is not None),
            Variant(None, contents[name], mark),
        ),
    )


def _codings(accepted: str) -> frozenset[str]:
    """The codings a client names without refusing them (`q=0`); `*` is not taken at its word."""
    wanted = set()
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        if not _is_zero(weight.strip().removeprefix("q=")):
            wanted.add(name.strip())
    return frozenset(wanted)


def _is_zero(weight: str) -> bool:
    return bool(weight) and not weight.strip("0.")
