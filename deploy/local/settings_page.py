"""`python -m deploy.local.settings_page`: writes the table of docs/settings.md anew, from the settings themselves."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from deploy.local.print_settings import settings_classes
from shared.secret_files import FOLDER_VARIABLE
from shared.settings import Settings

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "settings.md"
HEAD: Final = ("| variable | read by | is | default | |", "|---|---|---|---|---|")
NOT_SERVICES: Final = frozenset({"make run"})
_MORE: Final = (
    f"| `{FOLDER_VARIABLE}` | every service, `wxdesk` | a folder | – | where files stand in for variables, see above |"
)
_DECIDED: Final = {"LOG_FORMAT": "`console` on a terminal, else `json`"}
"""Defaults that are made at start."""


class Told(NamedTuple):
    """What one service says of one variable."""

    service: str
    name: str
    kind: str
    default: str
    meaning: str


def rows() -> list[str]:
    """The whole table. Where services differ only in a default, one row has them all."""
    told: dict[tuple[str, str, str], list[Told]] = {}
    for one in _everything():
        told.setdefault((one.name, one.kind, one.meaning), []).append(one)
    lines = [_line(some) for _, some in sorted(told.items())]
    return [*HEAD, *sorted([*lines, _MORE])]


def page_with(table: Iterable[str], page: str) -> str:
    """The page, its table replaced."""
    begin = page.index(HEAD[0])
    end = page.index("\n\n", begin)
    return page[:begin] + "\n".join(table) + page[end:]


def _everything() -> Iterator[Told]:
    for service, kind in settings_classes():
        if service not in NOT_SERVICES:
            properties = kind.model_json_schema()["properties"]
            for name, field in kind.model_fields.items():
                meaning = (field.description or "").replace("|", "\\|")
                yield Told(service, name.upper(), _kind(properties[name], field), _default(name, field, kind), meaning)


def _line(told: list[Told]) -> str:
    first = told[0]
    services = ", ".join(sorted({one.service for one in told}))
    defaults = {one.default for one in told}
    default = first.default if len(defaults) == 1 else ", ".join(f"{one.service} {one.default}" for one in told)
    return f"| `{first.name}` | {services} | {first.kind} | {default} | {first.meaning} |"


def _kind(schema: dict[str, Any], field: FieldInfo) -> str:
    """What may stand there; `secret` where it should come from a file."""
    if SecretStr in (field.annotation, *getattr(field.annotation, "__args__", ())):
        return "secret"
    one: dict[str, Any] = next((any_of for any_of in schema.get("anyOf", []) if any_of["type"] != "null"), schema)
    if "enum" in one:
        return ", ".join(f"`{choice}`" for choice in one["enum"])
    if "const" in one:
        return f"`{one['const']}`"
    match one.get("type"):
        case "integer" | "number":
            return _number(one)
        case "boolean":
            return "`true` or `false`"
        case _:
            return "a folder" if one.get("format") == "path" else "text"


def _number(one: dict[str, Any]) -> str:
    least = f"from {one['minimum']:g}" if "minimum" in one else ""
    more = f"over {one['exclusiveMinimum']:g}" if "exclusiveMinimum" in one else ""
    most = f"to {one['maximum']:g}" if "maximum" in one else ""
    kind = "whole number" if one["type"] == "integer" else "number"
    bounds = " ".join(filter(None, (least, more, most)))
    return f"{kind}, {bounds}" if bounds else kind


def _default(name: str, field: FieldInfo, kind: type[Settings]) -> str:
    if field.is_required():
        return "needed"
    if field.default_factory is not None:
        if name.upper() not in _DECIDED:
            raise LookupError(f"{kind.__name__}.{name}: say in _DECIDED how its default is made")
        return _DECIDED[name.upper()]
    if field.default in {None, ""}:
        return "–"
    default = field.default.relative_to(ROOT) if isinstance(field.default, Path) else field.default
    return f"`{default}`"


def main() -> None:
    PAGE.write_text(page_with(rows(), PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
