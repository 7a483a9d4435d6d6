"""A calendar reduced to what rules can ask of an instant: the weekday, whether it is a holiday, whether it is open."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final, NamedTuple

from shared.conversation.hours import DAY_MINUTES, Hours, Window
from shared.conversation.routes import Conditions

WEEK: Final = range(1, 8)
_DAY: Final = timedelta(days=1)


class Moment(NamedTuple):
    weekday: int
    holiday: bool
    open: bool


def moments(hours: Hours | None) -> frozenset[Moment]:
    """Every kind of moment that there is by these hours. However long the calendar, they are 28 at most."""
    if hours is None:
        return frozenset(Moment(weekday, holiday=False, open=True) for weekday in WEEK)
    return frozenset(_Calendar(hours).moments())


def held(when: Conditions, hours: Hours | None, among: Iterable[Moment]) -> frozenset[Moment]:
    """Those of these moments at which what `when` asks of time holds."""
    if hours is None and when.need_hours:
        return frozenset()
    return frozenset(
        moment
        for moment in among
        if (when.hours is None or moment.open == (when.hours == "open"))
        and (when.weekdays is None or moment.weekday in when.weekdays)
        and (when.holiday is None or moment.holiday == when.holiday)
    )


class _Calendar:
    """Hours by day: an ordinary week, and the days which differ from it with those that follow them."""

    def __init__(self, hours: Hours) -> None:
        self._weekly = {day: [window for window in hours.weekly if day in window.days] for day in WEEK}
        self._holidays = {date.fromisoformat(holiday.date) for holiday in hours.holidays}
        self._extra: defaultdict[date, list[Window]] = defaultdict(list)
        for extra in hours.extra_days:
            self._extra[date.fromisoformat(extra.date)].append(extra)

    def moments(self) -> Iterator[Moment]:
        for weekday in WEEK:
            yield from _moments_of(weekday, self._weekly[weekday], self._weekly[(weekday - 2) % 7 + 1])
        special = self._holidays | self._extra.keys()
        for day in special | {day + _DAY for day in special if day < date.max}:
            before = self._beginning_on(day - _DAY) if day > date.min else []
            today = self._beginning_on(day)
            yield from _moments_of(day.isoweekday(), today, before, holiday=day in self._holidays)

    def _beginning_on(self, day: date) -> list[Window]:
        weekly = [] if day in self._holidays else self._weekly[day.isoweekday()]
        return [*self._extra.get(day, ()), *weekly]


def _moments_of(
    weekday: int, today: Iterable[Window], before: Iterable[Window], *, holiday: bool = False
) -> Iterator[Moment]:
    """Of a day on which these windows begin, after one on which those began."""
    open_spans = sorted(
        [(window.first_minute, window.end_minute) for window in today]
        + [(0, window.end_minute - DAY_MINUTES) for window in before if window.end_minute > DAY_MINUTES]
    )
    if open_spans:
        yield Moment(weekday, holiday, open=True)
    covered = 0
    for first, end in open_spans:
        if first > covered:
            break
        covered = max(covered, end)
    if covered < DAY_MINUTES:
        yield Moment(weekday, holiday, open=False)
