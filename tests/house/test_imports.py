"""Dependencies point one way: services → shared → shared/conversation; drivers stay behind their package."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for folder in ("services", "shared", "deploy")
    for path in (ROOT / folder).rglob("*.py")
    if "node_modules" not in path.parts
)
PURE = {
    "__future__",
    "base64",
    "bisect",
    "collections",
    "datetime",
    "enum",
    "hashlib",
    "itertools",
    "json",
    "math",
    "pydantic",
    "pydantic_core",
    "re",
    "typing",
    "typing_extensions",
    "unicodedata",
    "urllib.parse",  # of text; nothing else of urllib is pure
    "zoneinfo",
}


def imported(path: Path) -> Iterator[str]:
    """Every module a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def module(path: Path) -> tuple[str, ...]:
    return path.relative_to(ROOT).with_suffix("").parts


def violations(path: Path, name: str) -> str | None:
    here, there = module(path), tuple(name.split("."))
    rules = {
        "a service imports another service": here[0] == there[0] == "services" and here[1] != there[1],
        "shared imports a service or deploy": here[0] == "shared" and there[0] in {"services", "deploy"},
        "a service imports deploy": here[0] == "services" and there[0] == "deploy",
        "deploy imports a service": here[0] == "deploy" and there[0] == "services",
        "the pure core imports something impure": here[:2] == ("shared", "conversation")
        and there[:2] != ("shared", "conversation")
        and there[0] not in PURE
        and name not in PURE,
        "only shared/store imports a MongoDB driver": here[:2] != ("shared", "store")
        and here[0] != "deploy"
        and there[0] in {"motor", "pymongo"},
        "only shared/bus imports aio-pika": here[:2] != ("shared", "bus") and there[0] in {"aio_pika", "aiormq"},
    }
    return next((rule for rule, broken in rules.items() if broken), None)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    broken = [f"{rule}: {name}" for name in imported(path) if (rule := violations(path, name))]
    assert not broken


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("services/router/app.py", "services.gateway.app"),
        ("shared/store/apps.py", "services.router.app"),
        ("shared/conversation/decide.py", "structlog"),
        ("services/router/app.py", "pymongo"),
        ("shared/store/apps.py", "aio_pika"),
    ],
)
def test_a_wrong_import_is_found(path: str, name: str) -> None:
    assert violations(ROOT / path, name) is not None
