"""`NAME=VALUE` on a command line: settings and secrets of a vendor account."""

import json
from collections.abc import Iterable
from typing import Any

from pydantic import SecretStr

from services.console.cli.failures import Misused
from services.console.cli.secret_values import secret_word


def settings_of(option: str, given: Iterable[str]) -> dict[str, Any]:
    """By their names, `breaker.failures=3` below `breaker`; raises Misused.

    A value is the text itself, which the setting's own kind then reads (`20`, `true`); `[…]` and `{…}` are JSON, and
    `null` takes the setting back to its default.
    """
    found: dict[str, Any] = {}
    for pair in given:
        name, value = _parts(option, pair)
        above, _, below = name.partition(".")
        if below:
            found.setdefault(above, {})[below] = _value(option, name, value)
        else:
            found[name] = _value(option, name, value)
    return found


def secrets_of(given: Iterable[str]) -> dict[str, SecretStr]:
    """`-` and `@file` as for every secret, in the order they stand; raises Misused."""
    found = {}
    for pair in given:
        name, value = _parts("--secret", pair)
        found[name] = SecretStr(secret_word(f"--secret {name}", value) or "")
    return found


def _parts(option: str, pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals or not name.strip():
        raise Misused(f"{option} {pair if not equals else '='}: write NAME=VALUE, as in {option} calls_per_second=20")
    return name.strip(), value


def _value(option: str, name: str, value: str) -> Any:
    if value != "null" and not value.startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError as broken:
        raise Misused(f"{option} {name}: is not JSON: {broken.msg} at {broken.colno}") from None
