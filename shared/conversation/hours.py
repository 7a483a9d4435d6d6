"""When agents work: weekly hours, holidays and extra days, in the app's own time zone. Pure: the instant is given."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from shared.conversation.content import Frozen

DEFAULT_TIME_ZONE: Final = "Asia/Shanghai"
DAY_MINUTES: Final = 24 * 60
LOOKS_AHEAD_DAYS: Final = 367
_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _known_zone(name: str | None) -> str | None:
    if name is not None and not is_time_zone(name):
        raise ValueError("must be an IANA time zone, e.g. Asia/Shanghai; leave it out for that of the installation")
    return name


def _time_of_day(text: str) -> str:
    if _TIME.fullmatch(text) is None:
        raise ValueError("must be a time of day as in 09:00; 24:00 is the end of the day")
    return text


def _calendar_day(text: str) -> str:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError(f"{text} is not in the calendar") from None
    raise ValueError("must be a date as in 2026-10-01")


def _weekdays(days: tuple[int, ...]) -> tuple[int, ...]:
    if not days:
        raise ValueError("name at least one day: 1 is Monday, 7 is Sunday")
    if not all(1 <= day <= 7 for day in days):  # noqa: PLR2004 - a week
        raise ValueError("a day is a number from 1, Monday, to 7, Sunday")
    return tuple(sorted(set(days)))


Days = Annotated[tuple[int, ...], AfterValidator(_weekdays)]
TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
CalendarDay = Annotated[str, AfterValidator(_calendar_day)]


class Window(Frozen):
    """From a time of day until, not including, another; one that ends no later than it begins ends on the next day."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_alias=True, validate_by_name=True)

    starts: TimeOfDay = Field(alias="from", description="time of day, as in 09:00")
    ends: TimeOfDay = Field(alias="to", description="time of day; not later than `from`: on the next day")

    @model_validator(mode="after")
    def _is_some_time(self) -> Self:
        if self.starts == "24:00":
            raise ValueError("from: the day has ended at 24:00; write 00:00 of the next day")
        if self.starts == self.ends:
            raise ValueError("from and to are the same time; for a whole day write from 00:00 to 24:00")
        return self

    @property
    def first_minute(self) -> int:
        """Of the day on which the window begins."""
        return _minutes(self.starts)

    @property
    def end_minute(self) -> int:
        """The first minute after the window, counted from the beginning of the day on which it begins."""
        end = _minutes(self.ends)
        return end if end > self.first_minute else end + DAY_MINUTES

    def has(self, minute: int) -> bool:
        return self.first_minute <= minute < self.end_minute


class WeeklyWindow(Window):
    days: Days = Field(description="1 Monday … 7 Sunday; a window past midnight belongs to its first day")


class Holiday(Frozen):
    """No weekly window begins on this day."""

    date: CalendarDay = Field(description="as in 2026-10-01")
    name: str | None = Field(None, max_length=40, description="for people")


class ExtraDay(Window):
    """A window beside the weekly ones, on one day; it holds on a holiday, too."""

    date: CalendarDay = Field(description="as in 2026-10-01")


class Hours(Frozen):
    """A customer who would wait outside these hours is told so. Times are wall-clock times of the time zone."""

    time_zone: Annotated[str | None, AfterValidator(_known_zone)] = Field(
        None, description="IANA time zone; none: TZ_DEFAULT of the installation"
    )
    weekly: tuple[WeeklyWindow, ...] = Field((), max_length=50, description="when somebody works, week by week")
    holidays: tuple[Holiday, ...] = Field((), max_length=400, description="days on which no weekly window begins")
    extra_days: tuple[ExtraDay, ...] = Field((), max_length=400, description="windows of one day, beside the week")

    @model_validator(mode="after")
    def _are_some(self) -> Self:
        if not self.weekly and not self.extra_days:
            raise ValueError("these hours name no time at which anybody works; leave hours out to be open always")
        return self

    def open_at(self, at: datetime) -> bool:
        """Whether a window is open at this instant: one of this day, or one of yesterday that goes past midnight."""
        local = self._local(at)
        minute = local.hour * 60 + local.minute
        today = local.date()
        yesterday = today - timedelta(days=1)
        return any(window.has(minute) for window in self._beginning_on(today)) or any(
            window.has(minute + DAY_MINUTES) for window in self._beginning_on(yesterday)
        )

    def open_from(self, at: datetime) -> datetime | None:
        """This instant if a window is open, else when the next one opens; None where that is over a year away."""
        if self.open_at(at):
            return at
        today = self._local(at).date()
        for day in (today + timedelta(days=ahead) for ahead in range(LOOKS_AHEAD_DAYS)):
            begins = [_instant(day, window.first_minute, self._zone) for window in self._beginning_on(day)]
            later = [begin for begin in begins if begin > at]
            if later:
                return min(later)
        return None

    def weekday(self, at: datetime) -> int:
        """1 Monday … 7 Sunday."""
        return self._local(at).isoweekday()

    def holiday_at(self, at: datetime) -> bool:
        name = self._local(at).date().isoformat()
        return any(holiday.date == name for holiday in self.holidays)

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone or DEFAULT_TIME_ZONE)

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self._zone)

    def _beginning_on(self, day: date) -> list[Window]:
        name = day.isoformat()
        extra: list[Window] = [window for window in self.extra_days if window.date == name]
        if any(holiday.date == name for holiday in self.holidays):
            return extra
        return extra + [window for window in self.weekly if day.isoweekday() in window.days]


def _instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    hours, minutes = divmod(minute, 60)
    return datetime.combine(day, time(hours, minutes), zone).astimezone(UTC)


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
