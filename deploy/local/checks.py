"""What checks the deployment, apart from `.venv`: Python tools in `.venv-checks`, programs below `.tools`.

python -m deploy.local.checks     install what is missing; does nothing, quickly, when all is there

The tools have a virtual environment of their own because what they pin would fight with what wxdesk runs on.
"""

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from deploy.local.debian_programs import PROGRAMS, unpack
from deploy.local.failures import CannotStart
from deploy.local.install import make_venv

ROOT: Final = Path(__file__).resolve().parents[2]
LOCK: Final = "requirements/checks.txt"


def venv(root: Path = ROOT) -> Path:
    return root / ".venv-checks"


def tools(root: Path = ROOT) -> Path:
    return root / ".tools"


def tool(name: str, root: Path = ROOT) -> Path:
    """A program that one of the Python packages brings, such as `checkov`."""
    return venv(root) / "bin" / name


def install_checks(root: Path = ROOT) -> None:
    """Raises CannotStart, or CalledProcessError of pip."""
    stamp, fingerprint = venv(root) / "wxdesk-installed", _fingerprint(root)
    if not stamp.exists() or stamp.read_text() != fingerprint:
        make_venv(venv(root))
        print(f"installing {LOCK} …", flush=True)
        stamp.unlink(missing_ok=True)
        pip = [str(tool("python", root)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "--no-deps", "-r", LOCK], check=True, cwd=root)
        stamp.write_text(fingerprint)
    for program in PROGRAMS:
        unpack(program, tools(root))


def _fingerprint(root: Path) -> str:
    return hashlib.sha256((root / LOCK).read_bytes()).hexdigest()


def main(arguments: Sequence[str]) -> int:
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        install_checks()
    except (CannotStart, subprocess.CalledProcessError) as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
