"""What a contact button's `session-from` says, read as far as it goes.

WeChat passes on whatever text the mini program put there, cut at 1,024 characters: a JSON object, perhaps without
its end, a query string, or plain words (button's page, `session-from`). Nothing here fails on any of it.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from pydantic_core import from_json

MOST_FIELDS: Final = 50
_DEEPEST: Final = 4


def read_source(text: str | None) -> dict[str, str]:
    """Its fields by name, those of nested objects joined by a dot; none where it names no fields."""
    said = (text or "").strip()
    if said.startswith("{"):
        return _flat(_object(said))
    if "=" in said:
        return dict(parse_qsl(said.lstrip("?"), keep_blank_values=True, max_num_fields=None)[:MOST_FIELDS])
    return {}


def _object(said: str) -> Any:
    try:
        return from_json(said, allow_partial="trailing-strings")
    except ValueError:
        return {}


def _flat(value: Any, within: str = "", depth: int = 0) -> dict[str, str]:
    if isinstance(value, Mapping) and depth < _DEEPEST:
        fields: dict[str, str] = {}
        for name, inner in value.items():
            fields |= _flat(inner, f"{within}.{name}" if within else str(name), depth + 1)
        return dict(list(fields.items())[:MOST_FIELDS])
    return {within: _words(value)} if within else {}


def _words(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return ",".join(_words(one) for one in value)
        case _:
            return str(value)
