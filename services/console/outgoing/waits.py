"""How long until the next try: longer each time, and never the same for all that failed together."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

WEBHOOK_WAITS: Final = (10, 30, 60, 300, 900, 1800, 3600, 7200, 14_400)
NOTIFIER_WAITS: Final = (60, 120, 300, 900, 1800, 3600)
SPREAD: Final = 0.25
"""A wait is up to this part shorter or longer."""


def next_try(waits: Sequence[float], tries: int, now: datetime, chance: float) -> datetime:
    """When to try again after `tries` that failed (at least one). `chance`: a random number from 0 to 1."""
    seconds = waits[min(tries, len(waits)) - 1]
    return now + timedelta(seconds=seconds * (1 - SPREAD + 2 * SPREAD * chance))
