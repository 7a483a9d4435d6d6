"""Names that say nothing, log keys nobody documented, secrets in logs: found by reading the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.observe.log_keys import LOG_KEYS
from tests.house.test_imports import ROOT, SOURCES

EMPTY_WORDS = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def log_calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in LEVELS
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in {"log", "logger"}
        ):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_log_records_have_constant_names_and_documented_keys(path: Path) -> None:
    for call in log_calls(path):
        event = call.args[0]
        assert isinstance(event, ast.Constant), f"line {call.lineno}: the event is not a constant"
        assert isinstance(event.value, str)
        assert event.value.replace("_", "").isalpha(), f"line {call.lineno}: {event.value!r} is no noun_past"
        keys = {keyword.arg for keyword in call.keywords if keyword.arg is not None}
        assert keys <= LOG_KEYS | {"exc_info"}, f"line {call.lineno}: document {keys - LOG_KEYS} in log_keys.py"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_is_named_by_an_empty_word(path: Path) -> None:
    assert not EMPTY_WORDS & set(path.relative_to(ROOT).with_suffix("").parts)
