"""Install what is missing: Debian packages, `.venv`, the locked Python packages, wxdesk itself.

    python3 deploy/local/install.py run         what `make run` needs
    python3 deploy/local/install.py test        what `make test` and `make check` need
    python3 deploy/local/install.py packages …  Debian packages only, as root, without starting their services

Runs with the machine's own Python and its standard library. Does nothing, quickly, when all is there. Debian packages
need root or `sudo -n`; without, the line to run is printed. Exit codes: 0 all there, 1 something is missing, 2 usage.
"""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NoReturn

ROOT: Final = Path(__file__).resolve().parents[2]
LOCKS: Final[Mapping[str, str]] = {"run": "requirements/local.txt", "test": "requirements/dev.txt"}
POLICY: Final = Path("/usr/sbin/policy-rc.d")
"""Debian asks it whether a package's service may be started (policy-rc.d(8)); 101 means no."""

_OLDEST_PYTHON = (3, 11)
_LIBRARIES = Path("/usr/lib")
_RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_BROWSER: Mapping[str, Path] = {
    "chromium": Path("/usr/bin/chromium"),
    "fonts-noto-cjk": Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
    "fonts-noto-color-emoji": Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"),
}
"""What the tests in a browser need, and a file that each package brings."""
_MARK = "wxdesk put this here while it installs packages"


class CannotInstall(Exception):
    """Something is missing that we cannot get by ourselves; the text holds the line to run."""


def main(arguments: Sequence[str]) -> int:
    if not arguments or arguments[0] not in {*LOCKS, "packages"}:
        print(__doc__, file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave_in_order)
    try:
        if arguments[0] == "packages":
            install_packages(arguments[1:], POLICY)
        else:
            install(arguments[0], ROOT)
    except CannotInstall as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as failure:
        command = " ".join(str(word) for word in failure.cmd)
        print(f"\n`{command}` failed with exit code {failure.returncode}; see above", file=sys.stderr)
        return 1
    return 0


def install(group: str, root: Path) -> None:
    """Bring the machine to what `group` needs. Raises CannotInstall, or CalledProcessError of what was tried."""
    if sys.version_info < _OLDEST_PYTHON:
        raise CannotInstall(
            f"wxdesk needs Python 3.11 or newer, this is {sys.version.split()[0]}; `make PYTHON=…` names another"
        )
    with one_at_a_time(root / "requirements"):
        require_packages(missing_packages(group, os.environ))
        if not is_installed(group, root):
            make_venv(root / ".venv")
            install_locked(group, root)
        if group == "test":
            subprocess.run([root / ".venv" / "bin" / "python", "-m", "deploy.local.checks"], check=True, cwd=root)


def missing_packages(group: str, environment: Mapping[str, str]) -> list[str]:
    """Debian packages to install; `make run` with servers of one's own does without those servers."""
    private_rabbitmq = group == "test" or not environment.get("AMQP_URL")
    private_mongod = group == "test" or not environment.get("MONGO_URL")
    needed = {
        f"python3.{sys.version_info.minor}-venv": find_spec("ensurepip") is None,
        "rabbitmq-server": private_rabbitmq and not _RABBITMQ.exists(),
        "libcurl4": private_mongod and not any(_LIBRARIES.glob("*/libcurl.so.4")),  # mongod's only wish
        **{package: group == "test" and not brought.exists() for package, brought in _BROWSER.items()},
    }
    return [package for package, missing in needed.items() if missing]


def require_packages(packages: Sequence[str]) -> None:
    """Install them as root or by `sudo -n`, else raise CannotInstall with the line to run."""
    if not packages:
        return
    if not shutil.which("apt-get"):
        raise CannotInstall(f"this is no Debian; please install what it calls {', '.join(packages)}")
    command = [sys.executable, "deploy/local/install.py", "packages", *packages]
    sudo = shutil.which("sudo")
    if os.geteuid() == 0:
        install_packages(packages, POLICY)
    elif sudo and subprocess.run([sudo, "-n", "true"], check=False, capture_output=True).returncode == 0:
        subprocess.run([sudo, "-n", *command], check=True, cwd=ROOT)
    else:
        raise CannotInstall(
            f"Missing: {', '.join(packages)}. Run {'this' if sudo else 'as root'}, then the same command again:\n\n"
            f"    {'sudo ' if sudo else ''}{' '.join(command)}\n\n"
            "It is `apt-get install` without starting Debian's own RabbitMQ service."
        )


def install_packages(packages: Sequence[str], policy: Path) -> None:
    """`apt-get install`, with `apt-get update` first only where the lists are too old for it."""
    environment = os.environ | {
        "DEBIAN_FRONTEND": "noninteractive",
        "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin",
    }
    apt_get = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
    command = [*apt_get, "install", "-y", "--no-install-recommends", *packages]
    print(f"installing {', '.join(packages)} …", flush=True)
    with services_not_started(policy):
        if subprocess.run(command, env=environment, check=False).returncode:
            subprocess.run([*apt_get, "update"], env=environment, check=True)
            subprocess.run(command, env=environment, check=True)
    systemctl = shutil.which("systemctl", path=environment["PATH"])
    if systemctl and "rabbitmq-server" in packages:
        # Nor at the next boot: nobody asked for a broker on this machine's public port.
        subprocess.run([systemctl, "disable", "rabbitmq-server"], check=False, capture_output=True)


@contextmanager
def services_not_started(policy: Path) -> Iterator[None]:
    """While inside, RabbitMQ's and Erlang's own services do not start; other services are up to the old policy."""
    saved = policy.with_name(f"{policy.name}.before-wxdesk")
    _restore(policy, saved)  # what an installation that was killed left behind
    if policy.exists():
        policy.rename(saved)
    policy.write_text(
        "#!/bin/sh\n"
        f"# {_MARK}\n"
        'for word; do case "$word" in rabbitmq-server*|epmd*) exit 101;; esac; done\n'
        f'[ -x "{saved}" ] && exec "{saved}" "$@"\n'
        "exit 0\n"
    )
    policy.chmod(0o755)
    try:
        yield
    finally:
        _restore(policy, saved)


def _restore(policy: Path, saved: Path) -> None:
    if policy.exists() and _MARK in policy.read_text(errors="replace"):
        policy.unlink()
    if saved.exists():
        saved.rename(policy)


def is_installed(group: str, root: Path) -> bool:
    """Whether `.venv` holds what the lock asks for. What the tests need includes what a run needs."""
    stamp, programs = _stamp(root), root / ".venv" / "bin"
    if not stamp.exists() or not (programs / "python").exists() or not (programs / "wxdesk").exists():
        return False
    installed: dict[str, str] = json.loads(stamp.read_text())
    return any(installed.get(name) == fingerprint(name, root) for name in {group, "test"})


def fingerprint(group: str, root: Path) -> str:
    """Changes with whatever an installation depends on."""
    sources = (LOCKS[group], "requirements/runtime.in", "pyproject.toml")
    return hashlib.sha256(b"\0".join((root / source).read_bytes() for source in sources)).hexdigest()


def make_venv(venv: Path) -> None:
    """Make it, or make it again where its Python is gone."""
    if not (venv / "bin" / "python").exists():
        print(f"making {venv.name} …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)


def install_locked(group: str, root: Path) -> None:
    """Exactly the locked packages, by their hashes; then wxdesk itself, editable and without network."""
    print(f"installing {LOCKS[group]} …", flush=True)
    _stamp(root).unlink(missing_ok=True)
    python = str(root / ".venv" / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "--no-deps", "-r", LOCKS[group]], check=True, cwd=root)
    subprocess.run([*pip, "--no-index", "--no-deps", "--no-build-isolation", "-e", "."], check=True, cwd=root)
    _stamp(root).write_text(json.dumps({group: fingerprint(group, root)}))


def _stamp(root: Path) -> Path:
    return root / ".venv" / "wxdesk-installed.json"


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Wait for whoever else installs or builds there; a process that dies lets go."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def leave_in_order(number: int, _: object) -> NoReturn:
    """For a signal: what is under way is undone, by its own `finally`, before the process ends."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
