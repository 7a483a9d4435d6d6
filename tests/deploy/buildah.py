"""Images where no registry can be reached: bases out of Debian's archive, builds in a chroot, files to look at."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.checks import ROOT
from deploy.local.debian_programs import mirror
from deploy.local.install import require_packages
from deploy.local.node import node_home

DOCKERFILE: Final = ROOT / "deploy" / "images" / "Dockerfile"
PATH: Final = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
FROM_HOST: Final = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pip.conf", "/etc/npmrc", "/root/.npmrc")
"""How this machine reaches PyPI and npm; a build inside needs the same."""

PIP: Final = (
    "python3 -m venv /tmp/venv",
    "/tmp/venv/bin/pip --python /usr/bin/python3 install -q --break-system-packages -I pip setuptools wheel",
    "rm -r /tmp/venv",
)
"""What the base of that name brings below /usr/local, too: the images must be rid of it."""

CERTIFICATES: Final = {"NODE_EXTRA_CA_CERTS"}
"""Variables with which this machine tells programs whom to trust on the way."""


def base_names() -> dict[str, str]:
    """What the Dockerfile builds on: `python` and `node`, with their tags."""
    found = re.findall(r"^FROM ((python|node):[\w.-]+)", DOCKERFILE.read_text(), re.MULTILINE)
    return {kind: name for name, kind in found}


@dataclass(frozen=True)
class Buildah:
    home: Path

    def run(self, *arguments: str | Path) -> str:
        """Raises CalledProcessError; what buildah says of it is on our stderr."""
        program = ["buildah", f"--root={self.home / 'root'}", f"--runroot={self.home / 'run'}"]
        words = [*program, *(str(argument) for argument in arguments)]
        return subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def bases(self) -> None:
        """Debian with Python and pip, in the place of `python`; with Node beside it, in the place of `node`."""
        require_packages([name for name in ("buildah", "debootstrap") if not shutil.which(name, path=_path())])
        names = base_names()
        self._debian(names["python"])
        self._with_node(names["python"], names["node"])

    def _debian(self, name: str) -> None:
        tree = self.home / "debian"
        packages = "--include=python3,python3-venv,ca-certificates"
        debootstrap = ["debootstrap", "--variant=minbase", packages, "bookworm", str(tree), mirror()]
        subprocess.run(debootstrap, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"PATH": _path()})
        container = self.run("from", "scratch")
        self.run("add", "--quiet", container, tree, "/")
        shutil.rmtree(tree)
        self.run("config", "--env", f"PATH={PATH}", container)
        for command in PIP:
            self.run("run", "--isolation=chroot", *_mounts(), container, "--", *command.split())
        self._commit(container, name)

    def _with_node(self, base: str, name: str) -> None:
        container = self.run("from", "--pull=never", base)
        for folder in ("bin", "lib"):
            self.run("add", "--quiet", container, node_home() / folder, f"/usr/local/{folder}")
        link = ("ln", "-sf", "../lib/node_modules/npm/bin/npm-cli.js", "/usr/local/bin/npm")
        self.run("run", "--isolation=chroot", container, "--", *link)
        for variable in CERTIFICATES & set(os.environ):
            self.run("config", "--env", f"{variable}={os.environ[variable]}", container)
        self._commit(container, name)

    def _commit(self, container: str, name: str) -> None:
        self.run("commit", "--quiet", "--rm", container, name)

    def build(self, service: str, *options: str, context: Path = ROOT) -> str:
        """The image of a service; its id, which the same sources give again."""
        how: Sequence[str] = ("--isolation=chroot", "--pull=never", "--layers", "--timestamp=0", "--quiet")
        told = [f"--build-arg=SERVICE={service}", f"--file={DOCKERFILE}", f"--tag=wxdesk/{service}:test"]
        return self.run("bud", *how, *options, *_mounts(), *told, context)

    def files(self, service: str) -> Path:
        """The root of the image's files, mounted."""
        return self.mounted(f"localhost/wxdesk/{service}:test")

    def mounted(self, name: str) -> Path:
        return Path(self.run("mount", self.run("from", "--pull=never", name)))


def _mounts() -> list[str]:
    return [f"--volume={path}:{path}:ro" for path in FROM_HOST if Path(path).exists()]


def _path() -> str:
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
