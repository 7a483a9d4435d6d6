"""How many calls of a second are taken: of each endpoint, and of the whole account. Pure."""

from collections import defaultdict, deque
from datetime import datetime, timedelta
from typing import Final

_PERIOD: Final = timedelta(seconds=1)


class CallLimits:
    """Counts over the second before each call. A call that was refused does not count."""

    def __init__(self) -> None:
        self._of_path: dict[str, deque[datetime]] = defaultdict(deque)
        self._of_all: deque[datetime] = deque()

    def allows(self, path: str, now: datetime, *, per_endpoint: int, per_account: int) -> bool:
        """Whether this call may go on; it is counted if so."""
        counted = ((self._of_path[path], per_endpoint), (self._of_all, per_account))
        for calls, _ in counted:
            _forget_others(calls, now)
        if any(len(calls) >= most for calls, most in counted):
            return False
        for calls, _ in counted:
            calls.append(now)
        return True


def _forget_others(calls: deque[datetime], now: datetime) -> None:
    """All that is not of this second; the future too, since the sandbox's clock may be put back."""
    while calls and not now - _PERIOD < calls[0] <= now:
        calls.popleft()
    while calls and calls[-1] > now:
        calls.pop()
