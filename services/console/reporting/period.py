"""The time a report is about, as it is asked for: days of a time zone, or instants. Pure: now is an argument."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from services.console.administering.faults import Fault, FieldsRefused
from services.console.page_cursor import FIRST_YEAR, LAST_YEAR

DEFAULT_DAYS: Final = 7
MOST_DAYS: Final = 400
_CLOCK_CHANGES: Final = timedelta(hours=2)
"""So much longer than their number of days some days together may be."""

_NO_DATE: Final = "must be a date, as in 2026-11-22, or an instant, as in 2026-11-22T08:00:00Z"
_NO_ZONE: Final = "must name its offset from UTC, as in 2026-11-22T08:00:00Z"


class Period(NamedTuple):
    """[since, until), with the days and hours of `zone`."""

    since: datetime
    until: datetime
    zone: ZoneInfo

    @property
    def days(self) -> list[str]:
        """Every day of which it has some, in order."""
        first = self.since.astimezone(self.zone).date()
        last = (self.until - timedelta(microseconds=1)).astimezone(self.zone).date()
        return [(first + timedelta(days=ahead)).isoformat() for ahead in range((last - first).days + 1)]


def period(since: str | None, until: str | None, zone: ZoneInfo, now: datetime) -> Period:
    """What is left out: until the end of today, and the seven days that end so. Raises FieldsRefused."""
    ends = _read("to", until, zone, ahead=1) if until else _midnight(_day(now, zone) + timedelta(days=1), zone)
    if since:
        begins = _read("from", since, zone)
    else:
        last = _day(ends - timedelta(microseconds=1), zone)
        begins = _midnight(last - timedelta(days=DEFAULT_DAYS - 1), zone)
    if begins >= ends:
        raise FieldsRefused([Fault(("to",), "must be later than `from`")])
    if ends - begins > timedelta(days=MOST_DAYS) + _CLOCK_CHANGES:
        raise FieldsRefused([Fault(("from",), f"must be at most {MOST_DAYS} days before `to`")])
    return Period(begins, ends, zone)


def _read(field: str, told: str, zone: ZoneInfo, ahead: int = 0) -> datetime:
    """An instant, or the beginning of the day that comes `ahead` days after the one that is named."""
    try:
        if len(told) == len("2026-11-22"):
            day = date.fromisoformat(told)
            _check_year(field, day.year)
            return _midnight(day + timedelta(days=ahead), zone)
        at = datetime.fromisoformat(told)
    except ValueError:
        raise FieldsRefused([Fault((field,), _NO_DATE)]) from None
    if at.tzinfo is None:
        raise FieldsRefused([Fault((field,), _NO_ZONE)])
    _check_year(field, at.year)
    return at.astimezone(UTC)


def _check_year(field: str, year: int) -> None:
    if not FIRST_YEAR < year < LAST_YEAR:
        raise FieldsRefused([Fault((field,), f"must be between the years {FIRST_YEAR + 1} and {LAST_YEAR - 1}")])


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
