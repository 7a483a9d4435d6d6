"""A mistake in an app's settings that no single field shows, and where it is."""

from typing import NamedTuple

Place = tuple[str | int, ...]


class Mistake(NamedTuple):
    """`where` from the top of the settings: `("rules", 3, "when", "hours")`; `what` says what to do about it."""

    where: Place
    what: str

    @property
    def dotted(self) -> str:
        return ".".join(str(part) for part in self.where)
