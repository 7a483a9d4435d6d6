"""Refused fields as the one who typed a command knows them: by their options."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from services.console.administering.faults import Fault, FieldsRefused, Place
from services.console.cli.failures import Misused

_OPTIONS: Final = {"app_id": "--appid", "login": "LOGIN", "groups": "--group", "away_after_seconds": "--away-after"}
"""Fields whose options are called otherwise than they are."""
_VENDOR_OPTIONS: Final = {"id": "ID", "settings": "--setting", "secrets": "--secret"}


@contextmanager
def options_named() -> Iterator[None]:
    """Turn refused fields into Misused, with one line for each, naming its option."""
    try:
        yield
    except FieldsRefused as refused:
        raise Misused("\n".join(_line(fault) for fault in refused.faults)) from None


@contextmanager
def vendor_options_named() -> Iterator[None]:
    """The same of a vendor account's fields."""
    try:
        yield
    except FieldsRefused as refused:
        raise Misused("\n".join(_vendor_line(fault) for fault in refused.faults)) from None


def _vendor_line(fault: Fault) -> str:
    field, *within = fault.where
    option = _VENDOR_OPTIONS.get(str(field), f"--{field}")
    place = f"{option} {_place(tuple(within))}" if within else option
    return f"{place} {fault.what}" if fault.what.startswith(("must ", "is ")) else f"{place}: {fault.what}"


def _line(fault: Fault) -> str:
    field, *within = fault.where
    if field == "settings":
        about = "; see `wxdesk apps show APPID --json` for their names" if "no such setting" in fault.what else ""
        return f"--settings {_place(tuple(within))}: {fault.what}{about}"
    option = _OPTIONS.get(str(field), f"--{field}".replace("_", "-"))
    return f"{option} {fault.what}" if fault.what.startswith("must ") else f"{option}: {fault.what}"


def _place(where: Place) -> str:
    """`keyword_rules[0].words` for the location of a mistake."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where)
    return place.lstrip(".") or "document"
