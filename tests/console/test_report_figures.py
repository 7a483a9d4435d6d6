"""The arithmetic of reports, against what is counted by hand and against slower ways of counting."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.administering.faults import FieldsRefused
from services.console.reporting.figures import (
    Counted,
    Spread,
    Tally,
    at_once,
    is_late,
    percentile,
    until_answered,
    waited,
)
from services.console.reporting.period import MOST_DAYS, Period, period
from services.console.reporting.report import Known, Narrowed, Report
from shared.store.reports import ReportedSession

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
"""Noon in Shanghai."""

times = st.integers(0, 10_000).map(float)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def session(opened: float = 0, **fields: Any) -> ReportedSession:
    """Instants are given in seconds after noon."""
    instants = {name: after(value) for name, value in fields.items() if name.endswith("_at")}
    return ReportedSession("wx1", after(opened), **{**fields, **instants})


def served(opened: float = 0, *, asked: float, assigned: float, answered: float, closed: float) -> ReportedSession:
    return session(
        opened,
        asked_at=asked,
        assigned_at=assigned,
        first_answer_at=answered,
        closed_at=closed,
        holder="agent",
        agent_id="lina",
        agent_name="李娜",
    )


def reported(by: Any, *sessions: ReportedSession, known: Known = Known(), **more: Any) -> Report:  # noqa: B008
    asked = period(more.pop("since", "2026-11-22"), more.pop("until", None), SHANGHAI, NOON)
    report = Report(by, asked, known, more.pop("now", after(3600)), **more)
    for one in sessions:
        report.add(one)
    return report


@pytest.mark.parametrize(
    ("values", "p50", "p90"),
    [([], None, None), ([7], 7, 7), ([1, 2], 1, 2), ([1, 2, 3], 2, 3), (list(range(1, 11)), 5, 9), ([5] * 4, 5, 5)],
)
def test_percentiles_by_hand(values: list[float], p50: float | None, p90: float | None) -> None:
    assert (percentile(values, 50), percentile(values, 90)) == (p50, p90)


@given(st.lists(times, min_size=1), st.sampled_from([1, 50, 90, 99, 100]))
def test_a_percentile_is_the_least_value_that_covers_so_many(values: list[float], per_cent: int) -> None:
    ascending = sorted(values)
    found = percentile(ascending, per_cent)
    assert found in values
    covered = [value for value in values if value <= found]
    below = [value for value in values if value < found]
    assert len(covered) * 100 >= per_cent * len(values) > len(below) * 100


@given(st.lists(times))
def test_a_spread_lies_within_its_values(values: list[float]) -> None:
    spread = Spread.of(iter(values))
    assert spread.sessions == len(values)
    if not values:
        assert spread == Spread(0, None, None, None)
        return
    assert spread.p50 is not None
    assert spread.p90 is not None
    assert spread.mean is not None
    assert min(values) <= spread.p50 <= spread.p90 <= max(values)
    assert spread.mean == pytest.approx(sum(values) / len(values))


def test_sessions_at_once_by_hand() -> None:
    # 0-10 and 5-15 and 15-20, then nothing until 30-40: ten and ten and five and ten seconds held in thirty.
    load = at_once([0, 5, 15, 30], [10, 15, 20, 40])
    assert load.most == 2
    assert load.mean == pytest.approx(35 / 30)
    assert at_once([], []) == (0, None)
    assert at_once([0, 10], [10, 20]).most == 1


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20)), max_size=12))
def test_sessions_at_once_are_those_that_a_clock_would_count(spans: list[tuple[int, int]]) -> None:
    counted = [sum(begin <= tick < begin + long for begin, long in spans) for tick in range(61)]
    load = at_once([begin for begin, _ in spans], [begin + long for begin, long in spans])
    assert load.most == max(counted)
    busy = [count for count in counted if count]
    assert load.mean == (pytest.approx(sum(busy) / len(busy)) if busy else None)


def test_times_of_one_session_by_hand() -> None:
    one = served(opened=0, asked=10, assigned=40, answered=70, closed=300)
    assert (waited(one), until_answered(one)) == (30, 60)
    taken_from_the_bot = session(assigned_at=20, first_answer_at=25)
    assert (waited(taken_from_the_bot), until_answered(taken_from_the_bot)) == (None, 5)
    in_line_again = session(assigned_at=20, asked_at=50, first_answer_at=60)
    assert (waited(in_line_again), until_answered(in_line_again)) == (None, 40)


@pytest.mark.parametrize(
    ("one", "late"),
    [
        (session(asked_at=0, assigned_at=10, first_answer_at=60), False),
        (session(asked_at=0, assigned_at=10, first_answer_at=61), True),
        (session(asked_at=0, closed_at=60), False),
        (session(asked_at=0, closed_at=61), True),
        (session(asked_at=3590), False),
        (session(asked_at=3539), True),
        (session(closed_at=1000, holder="bot"), None),
        (session(asked_at=0, closed_at=1000, holder="official"), None),
        (session(asked_at=0, closed_at=1000, holder="vendor"), None),
        (session(asked_at=0, assigned_at=100, closed_at=1000, holder="vendor"), True),
    ],
)
def test_late_is_who_got_no_answer_within_the_target(one: ReportedSession, *, late: bool | None) -> None:
    assert is_late(one, 60, after(3600)) is late
    assert is_late(one, None, after(3600)) is None


def test_every_figure_of_a_row_by_hand() -> None:
    tally, now = Tally(), after(3600)
    for one in (
        served(asked=0, assigned=10, answered=20, closed=100)._replace(agent_messages=3, asked_rating=True, score=5),
        served(asked=0, assigned=30, answered=90, closed=500)._replace(agent_messages=1, asked_rating=True, score=2),
        served(asked=0, assigned=20, answered=30, closed=200)._replace(asked_rating=True),
        session(closed_at=60, holder="bot"),
        session(asked_at=0, closed_at=900),
        session(asked_at=0, closed_at=50, holder="official"),
        session(closed_at=50, holder="vendor"),
        session(holder="vendor"),
        session(asked_at=3590),
        session(holder="bot"),
    ):
        tally.add(Counted.of(one, 60, now))
    outcomes = (tally.sessions, tally.running, tally.with_agent, tally.by_bot, tally.gave_up)
    assert outcomes == (10, 3, 3, 1, 1)
    assert (tally.official, tally.vendor) == (1, 2)
    assert Spread.of(tally.waiting) == (3, 20, 30, 20)
    assert list(Spread.of(tally.first_answer)) == [3, 30, 90, pytest.approx(140 / 3)]
    assert list(Spread.of(tally.resolution)) == [3, 200, 500, pytest.approx(800 / 3)]
    assert (tally.with_target, tally.late, tally.agent_messages) == (5, 2, 4)
    assert (tally.asked_rating, tally.answered_rating, tally.scores, tally.mean_score) == (3, 2, [0, 1, 0, 0, 1], 3.5)


def test_rows_by_day_and_hour_are_all_there_and_local() -> None:
    midnight = 12 * 3600
    sessions = [session(midnight - 1), session(midnight), session(midnight + 3600)]
    days = reported("day", *sessions, until="2026-11-24")
    assert [(key, row.tally.sessions) for key, row in days.rows] == [
        ("2026-11-22", 1),
        ("2026-11-23", 2),
        ("2026-11-24", 0),
    ]
    hours = reported("hour", *sessions, until="2026-11-24")
    assert [key for key, _ in hours.rows] == [f"{hour:02}" for hour in range(24)]
    assert {key: row.tally.sessions for key, row in hours.rows if row.tally.sessions} == {"23": 1, "00": 1, "01": 1}
    assert hours.total.tally.sessions == 3


def test_a_group_is_that_of_the_line_else_the_agents_and_the_total_counts_once() -> None:
    known = Known(groups={"lina": ("vip", "day"), "omar": ()})
    one = served(asked=0, assigned=10, answered=20, closed=100)
    sessions = [
        one,
        one._replace(group="night"),
        one._replace(agent_id="omar"),
        one._replace(agent_id="gone"),
        session(asked_at=0, closed_at=5, group="night"),
        session(closed_at=60, holder="bot"),
    ]
    report = reported("group", *sessions, known=known)
    assert [(key, row.tally.sessions) for key, row in report.rows] == [("night", 2), ("day", 1), ("vip", 1), (None, 3)]
    assert report.total.tally.sessions == 6
    assert reported("app", *sessions, known=known, narrowed=Narrowed("night")).total.tally.sessions == 2
    assert reported("app", *sessions, known=known, narrowed=Narrowed("vip", "omar")).total.tally.sessions == 0
    assert reported("app", *sessions, known=known, narrowed=Narrowed(agent="lina")).total.tally.sessions == 2


def test_the_load_of_an_agent_is_cut_to_the_period_and_counts_what_began_before() -> None:
    day = 24 * 3600
    before = served(opened=-day, asked=-day, assigned=-day, answered=-day, closed=-day / 2 + 600)
    one = served(opened=-day / 2, asked=-day / 2, assigned=-day / 2, answered=0, closed=-day / 2 + 1200)
    running = one._replace(agent_id="omar", agent_name="奥马", closed_at=None)
    known = Known(names={"lina": "李娜娜"})
    report = reported("agent", before, one, running, known=known, now=NOON)
    rows = dict(report.rows)
    assert (rows["lina"].tally.sessions, rows["omar"].tally.sessions) == (1, 1)
    assert list(report.load(rows["lina"]) or ()) == [2, pytest.approx(1800 / 1200)]
    assert report.load(rows["omar"]) == (1, 1)
    assert list(report.load(report.total) or ()) == [3, pytest.approx((1800 + day / 2) / (day / 2))]
    assert (report.agent_name("lina"), report.agent_name("omar"), report.agent_name("x")) == ("李娜娜", "奥马", "x")
    by_day = reported("day", one)
    assert by_day.load(by_day.total) is None


def test_periods() -> None:
    week = period(None, None, SHANGHAI, NOON)
    assert (week.days[0], week.days[-1], len(week.days)) == ("2026-11-16", "2026-11-22", 7)
    assert week.until == datetime(2026, 11, 22, 16, tzinfo=UTC)
    assert period("2026-11-22", "2026-11-22", SHANGHAI, NOON).days == ["2026-11-22"]
    hour = period("2026-11-22T23:30:00+08:00", "2026-11-22T16:30:00Z", SHANGHAI, NOON)
    assert hour.until - hour.since == timedelta(hours=1)
    assert hour.days == ["2026-11-22", "2026-11-23"]
    until_then = period(None, "2026-03-02", SHANGHAI, NOON)
    assert (until_then.days[0], until_then.days[-1]) == ("2026-02-24", "2026-03-02")
    # The clocks of Berlin go back on 25 October: that day has 25 hours.
    long = period("2026-10-25", "2026-10-25", BERLIN, NOON)
    assert long.until - long.since == timedelta(hours=25)


@given(st.dates(datetime(1971, 1, 1).date(), datetime(9990, 1, 1).date()), st.integers(1, MOST_DAYS))  # noqa: DTZ001
def test_as_many_days_as_may_be_asked_for_are_told_each_once(first: Any, count: int) -> None:
    last = first + timedelta(days=count - 1)
    asked: Period = period(first.isoformat(), last.isoformat(), BERLIN, NOON)
    assert asked.days == [(first + timedelta(days=ahead)).isoformat() for ahead in range(count)]


@pytest.mark.parametrize(
    ("since", "until", "where"),
    [
        ("yesterday", None, "from"),
        ("2026-02-30", None, "from"),
        ("2026-11-22T08:00:00", None, "from"),
        (None, "20261122", "to"),
        ("2026-11-22", "2026-11-21", "to"),
        ("2026-11-23", None, "to"),
        ("2025-10-18", "2026-11-22", "from"),
        ("0001-01-01", "0001-01-02", "to"),
        ("9999-12-31", "9999-12-31", "to"),
    ],
)
def test_what_is_no_period_is_refused_with_its_place(since: str | None, until: str | None, where: str) -> None:
    with pytest.raises(FieldsRefused) as refused:
        period(since, until, SHANGHAI, NOON)
    assert [fault.dotted for fault in refused.value.faults] == [where]
