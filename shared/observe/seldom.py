"""What would be said again and again is said once in a while."""

import time
from collections.abc import Callable
from typing import Final

EVERY_SECONDS: Final = 600.0


class Seldom:
    """By name: whether it is time to say it (again). `now`: seconds that only ever grow."""

    def __init__(self, every_seconds: float = EVERY_SECONDS, now: Callable[[], float] = time.monotonic) -> None:
        self._every_seconds = every_seconds
        self._now = now
        self._said: dict[str, float] = {}

    def due(self, name: str) -> bool:
        """True once; then not for `every_seconds`."""
        now = self._now()
        if now - self._said.get(name, float("-inf")) < self._every_seconds:
            return False
        self._said[name] = now
        return True
