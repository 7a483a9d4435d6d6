"""Programs of Debian packages that are unpacked, not installed: of a newer Debian, or beside a service nobody wants.

The archive is the one that apt on this machine uses, its signatures are checked by Debian's keys, and nothing outside
the given folder changes. No root is needed.
"""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.failures import CannotStart

KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_TARGETS: Final = "$(ORIGIN) $(COMPONENT) $(RELEASE) $(REPO_URI)"


@dataclass(frozen=True)
class DebianProgram:
    """`path` is the program inside the package; `suite` the Debian it is of."""

    package: str
    suite: str
    path: str

    def home(self, tools: Path) -> Path:
        return tools / f"{self.package}-{self.suite}"

    def program(self, tools: Path) -> Path:
        return self.home(tools) / self.path


KUSTOMIZE: Final = DebianProgram("kustomize", "trixie", "usr/bin/kustomize")
"""Debian 12's kubectl is too old for components."""
PROMTOOL: Final = DebianProgram("prometheus", "bookworm", "usr/bin/promtool")
"""Debian 13 has left it out of its package."""
PROGRAMS: Final = (KUSTOMIZE, PROMTOOL)


def unpack(wanted: DebianProgram, tools: Path) -> Path:
    """The program, unpacked below `tools` where it is not yet; raises CannotStart saying what is missing."""
    program = wanted.program(tools)
    if not program.exists():
        for needed in ("apt-get", "dpkg-deb"):
            if not shutil.which(needed):
                raise CannotStart(f"this is no Debian; please install {wanted.package}, and link it to {program}")
        print(f"unpacking {wanted.package} of Debian {wanted.suite} …", flush=True)
        tools.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=tools) as scratch:
            _unpack(wanted, Path(scratch))
            shutil.rmtree(wanted.home(tools), ignore_errors=True)
            (Path(scratch) / "unpacked").rename(wanted.home(tools))
    return program


def _unpack(wanted: DebianProgram, scratch: Path) -> None:
    environment = os.environ | {"APT_CONFIG": str(_private_apt(wanted.suite, scratch))}
    apt_get = ["apt-get", "-q"]
    for command in ([*apt_get, "update"], [*apt_get, "download", wanted.package]):
        done = subprocess.run(command, cwd=scratch, env=environment, check=False, capture_output=True, text=True)
        if done.returncode:
            raise CannotStart(f"cannot fetch {wanted.package} of Debian {wanted.suite}:\n{done.stdout}{done.stderr}")
    (package,) = scratch.glob("*.deb")
    dpkg_deb = ["dpkg-deb", "-x", str(package), str(scratch / "unpacked")]
    subprocess.run(dpkg_deb, check=True)


def _private_apt(suite: str, scratch: Path) -> Path:
    """A configuration that has its own lists and this one suite, from the mirror of the machine's own sources."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (scratch / folder).mkdir(parents=True)
    sources = scratch / "sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {mirror()} {suite} main\n")
    configuration = scratch / "apt.conf"
    configuration.write_text(
        f'Dir::Etc::SourceList "{sources}";\n'
        'Dir::Etc::SourceParts "/dev/null";\n'
        f'Dir::State::Lists "{scratch / "lists"}";\n'
        f'Dir::Cache "{scratch / "cache"}";\n'
        'Acquire::Languages "none";\n'
        'APT::Sandbox::User "root";\n'
    )
    return configuration


def mirror() -> str:
    """Where this machine takes its Debian packages from; a security archive holds no others."""
    asked = ["apt-get", "indextargets", "--format", _TARGETS, "Created-By: Packages"]
    told = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    for line in told.splitlines():
        origin, component, release, uri = line.split(" ", 3)
        if (origin, component) == ("Debian", "main") and not release.endswith("-security"):
            return uri
    raise CannotStart("apt knows no Debian archive: `apt-get update`, then the same command again")
