from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from shared.conversation.hours import Hours
from shared.conversation.policy import Policy

WORKDAYS = {"days": [1, 2, 3, 4, 5], "from": "09:00", "to": "18:00"}
SHANGHAI = ZoneInfo("Asia/Shanghai")


def hours(**fields: Any) -> Hours:
    return Hours.model_validate({"weekly": [WORKDAYS], **fields})


def open_at(given: Hours, local: str, zone: str = "Asia/Shanghai") -> bool:
    return given.open_at(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC))


@pytest.mark.parametrize(
    ("local", "is_open"),
    [
        ("2026-11-23T08:59:59", False),
        ("2026-11-23T09:00:00", True),
        ("2026-11-23T17:59:59", True),
        ("2026-11-23T18:00:00", False),
        ("2026-11-27T12:00:00", True),
        ("2026-11-28T12:00:00", False),
        ("2026-11-29T12:00:00", False),
    ],
)
def test_a_working_week_from_its_first_minute_until_its_last(local: str, is_open: bool) -> None:  # noqa: FBT001
    assert open_at(hours(), local) is is_open


def test_times_are_those_of_the_hours_own_zone() -> None:
    at = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
    assert hours(time_zone="Asia/Shanghai").open_at(at)
    assert not hours(time_zone="UTC").open_at(at)
    assert hours().open_at(at) == hours(time_zone="Asia/Shanghai").open_at(at)


@pytest.mark.parametrize(
    ("local", "is_open"),
    [
        ("2026-11-27T21:59:00", False),
        ("2026-11-27T22:00:00", True),
        ("2026-11-28T01:59:00", True),
        ("2026-11-28T02:00:00", False),
        ("2026-11-28T23:00:00", False),
        ("2026-11-27T01:00:00", False),
    ],
)
def test_a_window_past_midnight_belongs_to_the_day_it_begins_on(local: str, is_open: bool) -> None:  # noqa: FBT001
    night = hours(weekly=[{"days": [5], "from": "22:00", "to": "02:00"}])
    assert open_at(night, local) is is_open


def test_a_week_without_end_has_no_gap_at_midnight() -> None:
    always = hours(weekly=[{"days": [1, 2, 3, 4, 5, 6, 7], "from": "00:00", "to": "24:00"}])
    assert all(open_at(always, f"2026-11-{day}T{time}") for day in (22, 23, 24) for time in ("00:00", "12:00", "23:59"))


def test_a_sunday_night_reaches_into_monday() -> None:
    night = hours(weekly=[{"days": [7], "from": "20:00", "to": "08:00"}])
    assert open_at(night, "2026-11-23T07:59:00")
    assert not open_at(night, "2026-11-24T07:59:00")


def test_on_a_holiday_no_weekly_window_begins() -> None:
    given = hours(holidays=[{"date": "2026-10-01", "name": "国庆节"}])
    assert not open_at(given, "2026-10-01T12:00:00")
    assert open_at(given, "2026-10-02T12:00:00")


def test_a_night_shift_ends_as_planned_though_a_holiday_has_begun() -> None:
    night = hours(weekly=[{"days": [3], "from": "22:00", "to": "06:00"}], holidays=[{"date": "2026-10-01"}])
    assert open_at(night, "2026-10-01T05:00:00")
    assert not open_at(night, "2026-10-01T23:00:00")


def test_an_extra_day_is_open_beside_the_week_and_on_a_holiday() -> None:
    given = hours(
        holidays=[{"date": "2026-10-01"}],
        extra_days=[
            {"date": "2026-10-10", "from": "09:00", "to": "18:00"},
            {"date": "2026-10-01", "from": "10:00", "to": "12:00"},
            {"date": "2026-10-02", "from": "19:00", "to": "21:00"},
        ],
    )
    assert open_at(given, "2026-10-10T12:00:00"), "a Saturday worked in return for a holiday"
    assert open_at(given, "2026-10-01T11:00:00")
    assert not open_at(given, "2026-10-01T13:00:00")
    assert open_at(given, "2026-10-02T12:00:00"), "the weekly window stays"
    assert open_at(given, "2026-10-02T20:00:00")


def test_an_extra_night_reaches_into_the_next_day() -> None:
    given = hours(weekly=[], extra_days=[{"date": "2026-11-11", "from": "20:00", "to": "02:00"}])
    assert open_at(given, "2026-11-12T01:00:00")
    assert not open_at(given, "2026-11-13T01:00:00")


def test_a_wall_clock_that_is_put_back_shows_an_hour_twice_and_both_are_open() -> None:
    given = hours(time_zone="Europe/Berlin", weekly=[{"days": [7], "from": "02:00", "to": "03:00"}])
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    assert given.open_at(first)
    assert given.open_at(second)


def test_the_written_form_is_the_one_that_is_read() -> None:
    written = hours(
        time_zone="Asia/Tokyo", extra_days=[{"date": "2026-10-10", "from": "09:00", "to": "18:00"}]
    ).model_dump(mode="json")
    assert written["weekly"] == [WORKDAYS]
    assert written["extra_days"] == [{"date": "2026-10-10", "from": "09:00", "to": "18:00"}]
    assert Hours.model_validate(written, extra="forbid").model_dump(mode="json") == written


def mistakes(document: Any) -> dict[str, str]:
    with pytest.raises(ValidationError) as refused:
        Policy.model_validate(document, extra="forbid")
    errors = refused.value.errors(include_input=False, include_url=False, include_context=False)
    return {".".join(map(str, error["loc"])): error["msg"].removeprefix("Value error, ") for error in errors}


@pytest.mark.parametrize(
    ("fields", "where", "what"),
    [
        ({"weekly": [{**WORKDAYS, "from": "9:00"}]}, "hours.weekly.0.from", "must be a time of day as in 09:00"),
        ({"weekly": [{**WORKDAYS, "to": "25:00"}]}, "hours.weekly.0.to", "must be a time of day as in 09:00"),
        ({"weekly": [{**WORKDAYS, "from": "24:00"}]}, "hours.weekly.0", "from: the day has ended at 24:00"),
        ({"weekly": [{**WORKDAYS, "to": "09:00"}]}, "hours.weekly.0", "from and to are the same time"),
        ({"weekly": [{**WORKDAYS, "days": []}]}, "hours.weekly.0.days", "name at least one day"),
        ({"weekly": [{**WORKDAYS, "days": [0]}]}, "hours.weekly.0.days", "from 1, Monday, to 7, Sunday"),
        ({"weekly": [{**WORKDAYS, "day": 1}]}, "hours.weekly.0.day", "Extra inputs are not permitted"),
        ({"weekly": []}, "hours", "leave hours out to be open always"),
        ({"holidays": [{"date": "1.10.2026"}]}, "hours.holidays.0.date", "must be a date as in 2026-10-01"),
        ({"holidays": [{"date": "20261001"}]}, "hours.holidays.0.date", "must be a date as in 2026-10-01"),
        ({"holidays": [{"date": "2026-02-30"}]}, "hours.holidays.0.date", "2026-02-30 is not in the calendar"),
        ({"time_zone": "Asia/Nowhere"}, "hours.time_zone", "must be an IANA time zone, e.g. Asia/Shanghai"),
        ({"time_zone": "Asia"}, "hours.time_zone", "must be an IANA time zone, e.g. Asia/Shanghai"),
        ({"time_zone": "../etc/passwd"}, "hours.time_zone", "must be an IANA time zone, e.g. Asia/Shanghai"),
    ],
)
def test_a_mistake_in_the_hours_is_named_with_its_place(fields: Any, where: str, what: str) -> None:
    found = mistakes({"hours": {"weekly": [WORKDAYS], **fields}})
    assert what in found[where], found


@pytest.mark.parametrize(
    ("document", "where", "what"),
    [
        (
            {"retention_days": 6},
            "retention_days",
            "must be at least 7: whatever is quiet for longer is deleted for good",
        ),
        (
            {"retention_days": 4000},
            "retention_days",
            "must be at most 3650, ten years; leave it out to keep everything",
        ),
        ({"out_of_hours": " "}, "out_of_hours", "must not be blank; leave it out instead"),
        ({"out_of_hours": "长" * 700}, "out_of_hours", "is 2100 bytes; WeChat takes at most 2048 in one message"),
    ],
)
def test_a_mistake_beside_the_hours_is_told_in_words(document: Any, where: str, what: str) -> None:
    assert what in mistakes(document)[where]


def test_hours_without_a_zone_get_the_installations() -> None:
    policy = Policy(hours=hours()).in_time_zone("UTC")
    assert policy.hours is not None
    assert policy.hours.time_zone == "UTC"
    own = Policy(hours=hours(time_zone="Asia/Tokyo")).in_time_zone("UTC")
    assert own.hours is not None
    assert own.hours.time_zone == "Asia/Tokyo"
    assert Policy().in_time_zone("UTC") == Policy()


def test_without_hours_it_is_always_open() -> None:
    assert Policy().open_at(datetime(2026, 1, 1, 3, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("local", "opens"),
    [
        ("2026-11-23T10:00:00", "2026-11-23T10:00:00"),
        ("2026-11-23T08:00:00", "2026-11-23T09:00:00"),
        ("2026-11-23T20:00:00", "2026-11-24T09:00:00"),
        ("2026-11-27T18:00:00", "2026-11-30T09:00:00"),
    ],
)
def test_when_it_opens_next(local: str, opens: str) -> None:
    at = datetime.fromisoformat(local).replace(tzinfo=SHANGHAI)
    assert hours().open_from(at) == datetime.fromisoformat(opens).replace(tzinfo=SHANGHAI)


def test_over_a_holiday_it_opens_later_and_an_extra_day_counts() -> None:
    given = hours(
        holidays=[{"date": "2026-11-23"}], extra_days=[{"date": "2026-11-22", "from": "14:00", "to": "15:00"}]
    )
    sunday = datetime(2026, 11, 22, 10, tzinfo=SHANGHAI)
    assert given.open_from(sunday) == datetime(2026, 11, 22, 14, tzinfo=SHANGHAI)
    assert given.open_from(sunday.replace(hour=16)) == datetime(2026, 11, 24, 9, tzinfo=SHANGHAI)


def test_what_never_opens_again_has_no_next_time() -> None:
    past = Hours.model_validate({"extra_days": [{"date": "2020-01-01", "from": "09:00", "to": "10:00"}]})
    assert past.open_from(datetime(2026, 11, 22, tzinfo=UTC)) is None
