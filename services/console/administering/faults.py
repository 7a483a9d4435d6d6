"""What is wrong with fields that an administrator gave. The command line names its options, the API its fields."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pydantic import ValidationError

from services.console.naming import CONTROL, has_controls

Place = tuple[str | int, ...]


class Fault(NamedTuple):
    """One mistake: at which field, and what about it, never the value itself."""

    where: Place
    what: str

    @property
    def dotted(self) -> str:
        return ".".join(str(part) for part in self.where)


class FieldsRefused(Exception):
    """Nothing was changed; every mistake is named."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.dotted}: {fault.what}" for fault in faults))
        self.faults = tuple(faults)


def require(*faults: Fault | None) -> None:
    """Raise FieldsRefused with those that are there, if any."""
    there = [fault for fault in faults if fault is not None]
    if there:
        raise FieldsRefused(there)


def named(field: str, name: str, longest: int) -> Fault | None:
    """A name that people read: any characters but controls, some that can be seen, and not too many."""
    if not name.strip():
        return Fault((field,), "must not be blank")
    if has_controls(name):
        return Fault((field,), CONTROL)
    return Fault((field,), f"must have at most {longest} characters") if len(name.strip()) > longest else None


def faults_of(refused: ValidationError, within: Place, *, unknown: str) -> Iterable[Fault]:
    """What pydantic found, below `within`; `unknown` is said of a name that does not exist."""
    for error in refused.errors(include_url=False, include_context=False, include_input=False):
        what = unknown if error["type"] == "extra_forbidden" else error["msg"].removeprefix("Value error, ")
        yield Fault((*within, *error["loc"]), what)
