"""What was said a short while ago, and need not be said again yet. Only in memory: a repeat does no harm."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from shared.clock import real_now

RETELL_SECONDS: Final = 30


class Lately:
    """Names, each remembered for a while by the machine's real time."""

    def __init__(self, seconds: float = RETELL_SECONDS, now: Callable[[], datetime] = real_now) -> None:
        self._kept = timedelta(seconds=seconds)
        self._now = now
        self._said: dict[str, datetime] = {}

    def __contains__(self, name: str) -> bool:
        at = self._said.get(name)
        return at is not None and self._now() - at < self._kept

    def add(self, name: str) -> None:
        """Remember it from now on, and forget whatever is old: the oldest come first."""
        now = self._now()
        self._said.pop(name, None)
        self._said[name] = now
        while now - self._said[oldest := next(iter(self._said))] >= self._kept:
            del self._said[oldest]
