"""`make settings`: every variable a service reads, with its default and meaning."""

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from pydantic.fields import FieldInfo

from deploy.local.plan import RunSettings
from shared.settings import Settings

SERVICES: Final = Path(__file__).resolve().parents[2] / "services"


def settings_classes() -> Iterator[tuple[str, type[Settings]]]:
    """`make run` and each service that has settings, by name."""
    yield "make run", RunSettings
    for service in sorted(module.name for module in pkgutil.iter_modules([str(SERVICES)])):
        path = f"services.{service}.settings"
        if find_spec(path):
            yield from ((service, kind) for kind in _own_classes(path))


def describe(kind: type[Settings]) -> list[str]:
    return [
        f"  {name.upper():<22} {_default(field):<34} {field.description or ''}"
        for name, field in kind.model_fields.items()
    ]


def _own_classes(path: str) -> list[type[Settings]]:
    members = inspect.getmembers(import_module(path), inspect.isclass)
    return [kind for _, kind in members if issubclass(kind, Settings) and kind.__module__ == path]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "(required)"
    if field.default_factory is not None:
        return "(decided at start)"
    default = field.default
    return "" if default in {None, ""} else str(default)


def main() -> None:
    for name, kind in settings_classes():
        print(name, *describe(kind), "", sep="\n")


if __name__ == "__main__":
    main()
