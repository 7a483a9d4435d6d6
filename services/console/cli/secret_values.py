"""Secrets on a command line: as they are, `-` for a line of standard input, or `@file`. Text files likewise."""

import sys
from pathlib import Path

from services.console.cli import standard_input
from services.console.cli.failures import Misused


def secret_word(option: str, given: str | None) -> str | None:
    """A secret as WeChat's are, trimmed: that it is one word is for whoever checks the fields. See `secret_value`."""
    value = secret_value(option, given)
    return value.strip() if value is not None else None


def secret_value(option: str, given: str | None) -> str | None:
    """The secret meant by `given`; several `-` take one line of standard input each, in the order they are read.

    On a terminal it is asked for without echo. Raises Misused where it is missing or empty.
    """
    if given is None:
        return None
    value = _read(option, given).rstrip("\r\n")
    if not value.strip():
        raise Misused(f"{option} is empty; give the value itself, - for standard input, or @file")
    return value


def document_text(option: str, given: str) -> str:
    """A whole text: all of standard input for `-`, a file for `@file`, else as given."""
    if given == "-":
        return standard_input.everything()
    return file_text(option, given[1:]) if given.startswith("@") else given


def file_text(option: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as failure:
        raise Misused(f"{option}: cannot read {path}: {failure.strerror}") from None
    except UnicodeDecodeError:
        raise Misused(f"{option}: {path} is not UTF-8 text") from None


def file_bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as failure:
        raise Misused(f"cannot read {path}: {failure.strerror}") from None


def _read(option: str, given: str) -> str:
    if given == "-":
        return _line_of_input(option)
    return file_text(option, given[1:]) if given.startswith("@") else given


def _line_of_input(option: str) -> str:
    if sys.stdin.isatty():
        return standard_input.hidden_line(f"{option.lstrip('-')}: ")
    line = standard_input.line()
    if not line:
        raise Misused(f"{option} is -, but standard input has no line for it; give one line for each -")
    return line
