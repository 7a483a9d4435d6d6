"""What was said or done a short while ago, and need not be again yet. Only in memory: a repeat does no harm."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

REMEMBERED: Final = 10_000
COMPLAIN_SECONDS: Final = 600.0
"""How often the same trouble is worth a line in the log."""


class Lately:
    """Names, each remembered for so many seconds; of more than `most` the oldest is forgotten first.

    `now`: seconds that only ever grow.
    """

    def __init__(self, seconds: float, most: int = REMEMBERED, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._most = most
        self._now = now
        self._noted: OrderedDict[Hashable, float] = OrderedDict()

    def __contains__(self, name: Hashable) -> bool:
        return self._now() - self._noted.get(name, float("-inf")) < self._seconds

    def add(self, name: Hashable) -> None:
        """Remember it from now on."""
        self._noted.pop(name, None)
        self._noted[name] = self._now()
        if len(self._noted) > self._most:
            self._noted.popitem(last=False)

    def due(self, name: Hashable) -> bool:
        """True once, which counts as done; then not until it is forgotten."""
        if name in self:
            return False
        self.add(name)
        return True
