"""How often each API may be called, by the minute and by the day. Pure arithmetic over counters.

Source: WeChat's published daily limits (service accounts; none is published for mini programs) and the pages
查询 API 调用额度 and 清空 API 调用额度. The minute limit is the sandbox's own, beyond what one machine sends by itself.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Final

from services.sandbox.wechat.config import Knobs
from services.sandbox.wechat.errcodes import Refused

MINUTE_LIMIT: Final = 60_000
DAY_LIMIT: Final = 500_000
_MINUTE_LIMITS: Final = {"/cgi-bin/stable_token": 10_000}
_DAY_LIMITS: Final = {
    "/cgi-bin/token": 2_000,
    "/cgi-bin/media/upload": 100_000,
    "/cgi-bin/media/get": 200_000,
}
CLEARS_A_MONTH: Final = 10
_BEIJING: Final = timezone(timedelta(hours=8))


def wechat_day(now: datetime) -> date:
    """WeChat's days end at midnight in Beijing."""
    return now.astimezone(_BEIJING).date()


@dataclass(frozen=True, slots=True)
class Limits:
    minute: int
    day: int


def limits_of(path: str, knobs: Knobs) -> Limits:
    minute = knobs.minute_limit if knobs.minute_limit is not None else _MINUTE_LIMITS.get(path, MINUTE_LIMIT)
    day = knobs.day_limit if knobs.day_limit is not None else _DAY_LIMITS.get(path, DAY_LIMIT)
    return Limits(minute, day)


@dataclass(slots=True)
class _Counter:
    minute: int = -1
    in_minute: int = 0
    day: date = date.min
    in_day: int = 0

    def turn_to(self, now: datetime) -> None:
        minute, day = int(now.timestamp()) // 60, wechat_day(now)
        if minute != self.minute:
            self.minute, self.in_minute = minute, 0
        if day != self.day:
            self.day, self.in_day = day, 0


@dataclass(slots=True)
class CallCounters:
    """One app's calls."""

    _counters: dict[str, _Counter] = field(default_factory=dict)
    _clears: dict[tuple[int, int], int] = field(default_factory=dict)

    def count(self, path: str, limits: Limits, now: datetime) -> None:
        """Count a call; raises Refused (45011 minute, 45009 day) instead when there are too many."""
        counter = self._counters.setdefault(path, _Counter())
        counter.turn_to(now)
        if counter.in_minute >= limits.minute:
            raise Refused(45011)
        if counter.in_day >= limits.day:
            raise Refused(45009)
        counter.in_minute += 1
        counter.in_day += 1

    def used_today(self, path: str, now: datetime) -> int:
        counter = self._counters.get(path)
        if counter is None:
            return 0
        counter.turn_to(now)
        return counter.in_day

    def today(self, now: datetime) -> dict[str, int]:
        """How often each API was called today, those that were."""
        used = {path: self.used_today(path, now) for path in self._counters}
        return {path: count for path, count in used.items() if count}

    def clear(self, now: datetime) -> None:
        """Forget the day's calls; raises Refused (48006) the eleventh time in a month."""
        day = wechat_day(now)
        month = (day.year, day.month)
        if self._clears.get(month, 0) >= CLEARS_A_MONTH:
            raise Refused(48006)
        self._clears = {month: self._clears.get(month, 0) + 1}
        self._counters.clear()
