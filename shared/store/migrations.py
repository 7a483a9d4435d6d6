"""What has to be done once to a database that a former release made: a list that only grows.

An `expand` change leaves everything that former releases rely on: they go on beside the new one, and a rollback is
safe. A `contract` change takes away what only former releases need; it is made when it is asked for, once no replica of
theirs runs and nobody will go back. A plain new index needs no entry: indexes are compared by themselves.
"""

from collections.abc import Awaitable, Callable
from typing import Final, Literal, NamedTuple

from shared.store.driver import Database


class Change(NamedTuple):
    """One step. `make` must do the same made twice, and made in part before. Numbers are never used again."""

    number: int
    kind: Literal["expand", "contract"]
    name: str
    make: Callable[[Database], Awaitable[None]]


async def _one_started_send_a_line(database: Database) -> None:
    """The former index allowed a conversation one send at a time, also where it goes two ways."""
    await database["sends"].drop_index("conversation_1")


CHANGES: Final[tuple[Change, ...]] = (Change(1, "expand", "one_started_send_a_line", _one_started_send_a_line),)
