"""What a release is made of besides our own code: the Python packages of the images, the npm packages in the desk."""

import json
import re
from collections.abc import Iterator
from importlib.metadata import metadata
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
PYTHON_LOCK: Final = ROOT / "requirements" / "runtime.txt"
NPM_LOCK: Final = ROOT / "services" / "console" / "web" / "package-lock.json"
UNNAMED: Final = {
    "Apache 2.0": "Apache-2.0",
    "Apache License": "Apache-2.0",
    "MIT License": "MIT",
    "PSFL": "PSF-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
}
"""Licences that packages name otherwise than SPDX does."""
_PINNED: Final = re.compile(
    r"^([A-Za-z0-9_.-]+)==([^ \\;]+)(?: ; ([^\\]+?))? \\\n((?: +--hash=sha256:\w+(?: \\)?\n)+)", re.MULTILINE
)
_LONGEST_LICENCE: Final = 60
_HASH: Final = re.compile(r"sha256:(\w+)")


class Part(NamedTuple):
    """One package. `licence` is an SPDX expression; `sha256` are those of its files, any of which may be installed."""

    kind: str
    name: str
    version: str
    licence: str
    sha256: tuple[str, ...] = ()
    integrity: str = ""

    @property
    def purl(self) -> str:
        """Its package URL (github.com/package-url/purl-spec)."""
        return f"pkg:{self.kind}/{self.name.replace('@', '%40')}@{self.version}"


class LicenceUnknown(Exception):
    """A package says nothing, or nothing SPDX knows: look it up, and name it in `UNNAMED`."""


def python_parts() -> Iterator[Part]:
    """What `requirements/runtime.txt` pins, but for what other systems than Linux need. They must be installed."""
    for name, version, marker, hashes in _PINNED.findall(PYTHON_LOCK.read_text()):
        if "win32" not in marker and "Windows" not in marker:
            about = metadata(name)
            licence = licence_of(name, *(about[key] for key in ("License-Expression", "License") if key in about))
            yield Part("pypi", name, version, licence, tuple(_HASH.findall(hashes)))


def npm_parts() -> Iterator[Part]:
    """What the desk asks for, and what that asks for, each version once; what only builds or tests it is left out."""
    packages = json.loads(NPM_LOCK.read_text())["packages"]
    found: dict[str, Part] = {}
    places = [_place(packages, "", name) for name in packages[""]["dependencies"]]
    while places:
        place = places.pop()
        package, name = packages[place], place.rpartition("node_modules/")[2]
        part = Part("npm", name, package["version"], package["license"], (), package["integrity"])
        if part.purl not in found:
            found[part.purl] = part
            places += [_place(packages, place, other) for other in package.get("dependencies", {})]
    yield from sorted(found.values())


def _place(packages: dict[str, Any], place: str, name: str) -> str:
    """Where Node looks for `name` from a package's place: below it, else one folder up, and so on."""
    while place and f"{place}/node_modules/{name}" not in packages:
        place = place.rpartition("node_modules/")[0].rstrip("/")
    return f"{place}/node_modules/{name}" if place else f"node_modules/{name}"


def licence_of(name: str, *told: str | None) -> str:
    """The first line of whatever says it. Raises LicenceUnknown."""
    said = next((text for text in told if text), "")
    first = said.strip().partition("\n")[0].strip()
    licence = UNNAMED.get(first, first)
    if not re.fullmatch(r"[A-Za-z0-9.+() -]+", licence) or len(licence) > _LONGEST_LICENCE:
        raise LicenceUnknown(f"{name}: {first[:_LONGEST_LICENCE]!r}")
    return licence
