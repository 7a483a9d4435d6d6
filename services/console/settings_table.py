"""`python -m services.console.settings_table`: every setting of an app, as the table of docs/settings-of-an-app.md."""

import json
import sys
from collections.abc import Iterator
from typing import Any, Final

from shared.conversation.policy import Policy

_HEAD: Final = ("| setting | is | default | |", "|---|---|---|---|")
_EXAMPLES: Final = {r"^vendor:[a-z0-9][a-z0-9-]{0,39}$": "`vendor:…`"}
"""By its pattern, how a text looks."""
_ABOVE: Final = "version"
"""Not the writer's to say: it counts the changes."""


def rows() -> list[str]:
    """The table, made from the very model that reads the settings."""
    schema = Policy.model_json_schema()
    told = (line for name, one in schema["properties"].items() if name != _ABOVE for line in _rows(name, one, schema))
    return [*_HEAD, *told]


def _rows(path: str, told: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    """One for the setting, unless it only holds others; and one for each of these."""
    optional, one = _without_null(told)
    inner = _resolved(one, schema) if "$ref" in one else _resolved(one.get("items", {}), schema)
    parts = inner.get("properties", {})
    is_list = one.get("type") == "array"
    if not parts or is_list or optional:
        kind = "object" if "$ref" in one else _kinds(told, one)
        words = f"{kind}, or null" if optional else kind
        yield f"| `{path}` | {words} | {_default(told)} | {told.get('description', '–')} |"
    whole = {} if is_list else told.get("default") or {}
    for name, part in parts.items():
        below = f"{path}[].{name}" if is_list else f"{path}.{name}"
        yield from _rows(below, {**part, "default": whole[name]} if name in whole else part, schema)


def _without_null(told: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    others = [one for one in told.get("anyOf", [told]) if one.get("type") != "null"]
    bounds = {name: told[name] for name in ("minimum", "maximum") if name in told}
    return len(others) < len(told.get("anyOf", [told])), {**others[0], **bounds}


def _resolved(one: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["$defs"][one["$ref"].rpartition("/")[2]] if "$ref" in one else {}
    return found


def _kinds(told: dict[str, Any], one: dict[str, Any]) -> str:
    """Of a setting that may be of several kinds, all of them."""
    others = [other for other in told.get("anyOf", []) if other.get("type") != "null"][1:]
    return " or ".join([_kind(one), *map(_kind, others)])


def _kind(one: dict[str, Any]) -> str:
    if "enum" in one:
        return ", ".join(f"`{choice}`" for choice in one["enum"])
    match one["type"]:
        case "boolean":
            return "true or false"
        case "integer":
            bounds = (one.get("minimum"), one.get("maximum"))
            return "number" if None in bounds else f"{bounds[0]} … {bounds[1]}"
        case "array":
            return _list(one)
        case _:
            return (
                f"text, at most {one['maxLength']}"
                if "maxLength" in one
                else _EXAMPLES.get(str(one.get("pattern")), "text")
            )


def _list(one: dict[str, Any]) -> str:
    items = {"string": "texts", "integer": "numbers"}.get(one["items"].get("type", ""), "objects")
    # Where words are bounded twice, the narrower bound holds.
    most = min((one[name] for name in ("maxItems", "maxLength") if name in one), default=None)
    least = f"at least {one['minItems']}" if "minItems" in one else ""
    return ", ".join(filter(None, (f"list of {items}", least, f"at most {most}" if most else "")))


def _default(told: dict[str, Any]) -> str:
    if "default" not in told:
        return "needed"
    return f"`{json.dumps(told['default'], ensure_ascii=False)}`"


def main() -> None:
    sys.stdout.write("\n".join(rows()) + "\n")


if __name__ == "__main__":
    main()
