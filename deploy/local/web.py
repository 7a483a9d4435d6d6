"""Build the desk, the console's web app, where its sources have changed.

    .venv/bin/python -m deploy.local.web            its packages, and services/console/web/dist
    .venv/bin/python -m deploy.local.web packages   its packages only

Does nothing, quickly, when all is there. A build that fails or is killed leaves the last whole one in place.
Exit codes: 0 all there, 1 npm or the build failed, 2 usage, 128 + n ended by signal n.
"""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from deploy.local.install import leave_in_order, one_at_a_time
from deploy.local.node import WEB, command, environment, node_home

NOT_SOURCES: Final = frozenset({"node_modules", "dist", "tests"})
"""Folders that the build does not read; nor what begins with a dot."""

_STAMP = ".vite/built-from"


class CannotBuild(Exception):
    """npm or the build failed; the text says what to do."""


class Npm:
    """npm in the web app's folder."""

    def __init__(self, home: Path, inherited: Mapping[str, str]) -> None:
        self._home = home
        self._environment = environment(inherited, home)

    def run(self, arguments: Sequence[str], folder: Path) -> int:
        """Run to its end, its words on our output; the exit code. Whatever interrupts us ends it and its children."""
        words = command("npm", arguments, self._home)
        process = subprocess.Popen(words, cwd=folder, env=self._environment, start_new_session=True)
        try:
            return process.wait()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise


def build(web: Path, npm: Npm, *, packages_only: bool = False) -> None:
    """Bring node_modules and dist to what the sources ask for. Raises CannotBuild."""
    with one_at_a_time(web):
        if not has_packages(web):
            install_packages(web, npm)
        if not packages_only and not is_built(web):
            make_dist(web, npm)


def has_packages(web: Path) -> bool:
    """Whether node_modules holds what package-lock.json asks for, by npm's own note of what it has installed."""
    try:
        installed = _packages(web / "node_modules" / ".package-lock.json")
    except FileNotFoundError:
        return False
    wanted = _packages(web / "package-lock.json")
    wanted.pop("", None)  # the app itself
    missing = [name for name in wanted if name not in installed and not wanted[name].get("optional")]
    other = [name for name in installed if name not in wanted or _exactly(installed[name]) != _exactly(wanted[name])]
    return not missing and not other


def install_packages(web: Path, npm: Npm) -> None:
    print("installing the web app's packages …", flush=True)
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error")
    if npm.run(["ci", *quiet], web):
        raise CannotBuild(
            "npm could not install the web app's packages; see above. If it did not reach its registry: "
            "`npm config get registry` tells which one it asks, HTTPS_PROXY or ~/.npmrc changes the way. "
            "If package.json and package-lock.json disagree: `.venv/bin/python -m deploy.local.node npm install`."
        )


def is_built(web: Path) -> bool:
    """Whether dist was built from these very sources."""
    try:
        return (web / "dist" / _STAMP).read_text() == fingerprint(web)
    except FileNotFoundError:
        return False


def make_dist(web: Path, npm: Npm) -> None:
    """Build beside dist, and put it in its place when it is whole."""
    print("building the web app …", flush=True)
    for left_behind in web.glob(".dist-*"):
        shutil.rmtree(left_behind, ignore_errors=True)
    sources = fingerprint(web)  # as they are now: what changes meanwhile is for the next build
    fresh, old = web / f".dist-new-{os.getpid()}", web / f".dist-old-{os.getpid()}"
    bundle = ["build", "--", "--outDir", fresh.name, "--emptyOutDir", "--logLevel=warn"]
    if any(npm.run(["run", "--silent", *script], web) for script in (bundle, ["compress", "--", fresh.name])):
        raise CannotBuild("the web app did not build; see above")
    (fresh / _STAMP).parent.mkdir(exist_ok=True)
    (fresh / _STAMP).write_text(sources)
    dist = web / "dist"
    if dist.exists():
        dist.rename(old)
    fresh.rename(dist)
    shutil.rmtree(old, ignore_errors=True)


def fingerprint(web: Path) -> str:
    """Changes with whatever the build reads: sources, what to install, how to build."""
    told = hashlib.sha256()
    for path in sorted(_sources(web)):
        told.update(f"{path.relative_to(web)}\0".encode())
        told.update(hashlib.sha256(path.read_bytes()).digest())
    return told.hexdigest()


def _sources(web: Path) -> Iterator[Path]:
    for entry in web.iterdir():
        if entry.name in NOT_SOURCES or entry.name.startswith("."):
            continue
        found = entry.rglob("*") if entry.is_dir() else [entry]
        yield from (path for path in found if path.is_file() and ".test." not in path.name)


def _packages(lock: Path) -> dict[str, dict[str, Any]]:
    packages: dict[str, dict[str, Any]] = json.loads(lock.read_text())["packages"]
    return packages


def _exactly(package: Mapping[str, Any]) -> tuple[Any, Any]:
    return package.get("version"), package.get("integrity")


def main(arguments: Sequence[str], web: Path = WEB) -> int:
    if list(arguments) not in ([], ["packages"]):
        print(__doc__, file=sys.stderr)
        return 2
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave_in_order)
    try:
        build(web, Npm(node_home(), os.environ), packages_only=bool(arguments))
    except CannotBuild as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
