"""Where packages come from is each machine's own affair: no file of ours names a package registry."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HOSTS = [
    "registry.np" + "mjs",
    "registry.np" + "mmirror",
    "registry.yar" + "npkg",
    "py" + "pi.org",
    "pythonhos" + "ted.org",
]
"""Written in pieces, so that this file names none either."""

FETCHED_FROM = re.compile(r'"resolved":\s*"https?:|^\s*--(?:extra-)?index-url|^\s*--find-links', re.MULTILINE)
"""How a lock file tells where it got something."""


def files() -> list[Path]:
    """Everything that is, or could be, committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def names_a_registry(text: str) -> bool:
    return any(host in text.lower() for host in HOSTS) or bool(FETCHED_FROM.search(text))


def test_no_file_names_a_package_registry() -> None:
    found = files()
    assert ROOT / "requirements" / "runtime.txt" in found
    assert ROOT / "services" / "console" / "web" / "package-lock.json" in found
    guilty = [path for path in found if names_a_registry(path.read_bytes().decode(errors="replace"))]
    assert [str(path.relative_to(ROOT)) for path in guilty] == []


@pytest.mark.parametrize(
    "line",
    [
        f"see https://{HOSTS[0]}.org/vue/-/vue-3.5.0.tgz",
        f"see https://{HOSTS[3].title()}/project/aiohttp",
        '"resolved": ' + '"https://packages.internal/vue-3.5.0.tgz",',
        "--index-url https://packages.internal/simple",
    ],
)
def test_a_registry_is_found(line: str) -> None:
    assert names_a_registry(line)


def test_what_lies_beside_is_no_registry() -> None:
    assert not names_a_registry('"resolved": "beside", "link": true')
