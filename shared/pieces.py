"""Many of something, a handful at a time."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def pieces(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """In order, `size` at a time; the last may be fewer."""
    return (items[start : start + size] for start in range(0, len(items), size))
