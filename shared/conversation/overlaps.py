"""Business hours that say the same time twice: of windows that overlap one is a mistake, or both should be one."""

from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple

from shared.conversation.hours import DAY_MINUTES, Hours, Window
from shared.conversation.mistakes import Mistake

_WEEK_MINUTES: Final = 7 * DAY_MINUTES
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class _Span(NamedTuple):
    """Minutes from a first until, not including, an end; `place` is that of its window in the list."""

    first: int
    end: int
    place: int


def overlaps(hours: Hours) -> Iterator[Mistake]:
    """Among the weekly windows, and among the extra days, also past midnight.

    An extra day may overlap the week: to stay open longer on one day is what it is for.
    """
    for place, other, at in _clashes(_weekly_spans(hours)):
        day = _DAYS[at // DAY_MINUTES % 7]
        what = f"overlaps hours.weekly.{other} on {day}; make them one window, or end one before the other begins"
        yield Mistake(("hours", "weekly", place), what)
    for place, other, _ in _clashes(_extra_spans(hours)):
        what = f"overlaps hours.extra_days.{other}; make them one window, or end one before the other begins"
        yield Mistake(("hours", "extra_days", place), what)


def _weekly_spans(hours: Hours) -> list[_Span]:
    """A window of Sunday night goes on in Monday morning, before the week it is drawn in, too."""
    spans = [
        _span(window, (day - 1) * DAY_MINUTES, place)
        for place, window in enumerate(hours.weekly)
        for day in window.days
    ]
    before = [_Span(span.first - _WEEK_MINUTES, span.end - _WEEK_MINUTES, span.place) for span in spans]
    return [*spans, *(span for span in before if span.end > 0)]


def _extra_spans(hours: Hours) -> list[_Span]:
    return [
        _span(extra, date.fromisoformat(extra.date).toordinal() * DAY_MINUTES, place)
        for place, extra in enumerate(hours.extra_days)
    ]


def _span(window: Window, midnight: int, place: int) -> _Span:
    return _Span(midnight + window.first_minute, midnight + window.end_minute, place)


def _clashes(spans: list[_Span]) -> list[tuple[int, int, int]]:
    """Each window that overlaps one named before it, with that one, and the first minute that both have."""
    found: dict[int, tuple[int, int]] = {}
    furthest: _Span | None = None
    for span in sorted(spans):
        if furthest is not None and span.first < furthest.end:
            other, place = sorted((furthest.place, span.place))
            found.setdefault(place, (other, span.first))
        if furthest is None or span.end > furthest.end:
            furthest = span
    return [(place, other, at) for place, (other, at) in sorted(found.items())]
