"""`python -m deploy.release.images [PREFIX]`: build all images with whatever builder is there, and say what they are.

The files' times are the commit's where the builder can set them, so that the same commit on the same bases comes to the
same images. PYTHON_DIGEST and NODE_DIGEST (`@sha256:…`) hold the bases to their bytes. PREFIX stands before the names,
as in `registry.example.com/`.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from deploy.release.parts import ROOT
from shared.version import version

SERVICES: Final = ("gateway", "router", "sender", "bot", "console")
BUILDERS: Final = ("docker", "podman", "buildah")
DIGESTS: Final = ("PYTHON_DIGEST", "NODE_DIGEST")


def command(builder: str, service: str, prefix: str, environment: Mapping[str, str], *, at: int) -> list[str]:
    """How `builder` makes one image; `at` is the time of its files, in seconds since 1970."""
    told = {"SERVICE": service, "VERSION": version()} | {
        name: environment[name] for name in DIGESTS if name in environment
    }
    timestamp = ["--build-arg", f"SOURCE_DATE_EPOCH={at}"] if builder == "docker" else [f"--timestamp={at}", "--layers"]
    arguments = [word for name, value in told.items() for word in ("--build-arg", f"{name}={value}")]
    name = f"{prefix}wxdesk/{service}:{version()}"
    return [builder, "build", "--file", "deploy/images/Dockerfile", "--tag", name, *timestamp, *arguments, "."]


def _works(builder: str) -> bool:
    """Whether it is there, and so is what it speaks to: docker's client is nothing without its daemon."""
    found = shutil.which(builder)
    return found is not None and subprocess.run([found, "info"], check=False, capture_output=True).returncode == 0


def main(arguments: Sequence[str]) -> int:
    if len(arguments) > 1:
        print(__doc__, file=sys.stderr)
        return 2
    builder = next((name for name in BUILDERS if _works(name)), None)
    if builder is None:
        print(f"none of {', '.join(BUILDERS)} is here, and running, to build images with", file=sys.stderr)
        return 1
    when = ["git", "log", "-1", "--format=%ct"]
    at = int(subprocess.run(when, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    for service in SERVICES:
        words = command(builder, service, "".join(arguments), os.environ, at=at)
        if subprocess.run(words, cwd=ROOT, check=False).returncode:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
