"""Which release this is."""

import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path
from typing import Final

PYPROJECT: Final = Path(__file__).parents[1] / "pyproject.toml"
UNKNOWN: Final = "unknown"


@cache
def version() -> str:
    """By the tree we run from, else by what is installed; `unknown` where neither says."""
    try:
        return str(tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["version"])
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        pass
    try:
        return installed("wxdesk")
    except PackageNotFoundError:
        return UNKNOWN
