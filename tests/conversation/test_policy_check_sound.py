"""Whatever is called a mistake is one: compared, for calendars and rules made by chance, with what really happens."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from hypothesis import event, given, settings
from hypothesis import strategies as st

from shared.conversation.hours import Hours
from shared.conversation.moments import Moment, moments
from shared.conversation.overlaps import overlaps
from shared.conversation.routes import AGENTS, Conditions, Rule, Situation, route
from shared.conversation.rule_check import rule_mistakes

MONDAY: Final = date(2026, 11, 23)
DAYS: Final = [MONDAY + timedelta(days=day) for day in range(28)]
TIMES: Final = ["00:00", "01:30", "09:00", "12:00", "18:00", "22:00"]

dates = st.sampled_from([day.isoformat() for day in DAYS[7:21]])
windows = st.tuples(st.sampled_from(TIMES), st.sampled_from([*TIMES[1:], "24:00"])).filter(
    lambda pair: pair[0] != pair[1]
)
weekly = st.builds(
    lambda days, window: {"days": days, "from": window[0], "to": window[1]},
    st.lists(st.integers(1, 7), min_size=1, max_size=4),
    windows,
)
extra = st.builds(lambda day, window: {"date": day, "from": window[0], "to": window[1]}, dates, windows)
calendars = st.builds(
    lambda week, holidays, days: Hours.model_validate(
        {"time_zone": "UTC", "weekly": week, "holidays": [{"date": day} for day in holidays], "extra_days": days}
    ),
    st.lists(weekly, min_size=1, max_size=3),
    st.lists(dates, max_size=2),
    st.lists(extra, max_size=2),
)


def instants() -> list[datetime]:
    """Each minute at which one of the windows may begin or end, of four weeks of which only the middle is special."""
    hours = [time.fromisoformat(text) for text in TIMES]
    return [datetime.combine(day, hour, UTC) for day in DAYS[1:] for hour in hours]


@given(hours=calendars)
@settings(max_examples=300, deadline=None)
def test_the_moments_of_a_calendar_are_those_that_come(hours: Hours) -> None:
    came = {Moment(hours.weekday(at), hours.holiday_at(at), hours.open_at(at)) for at in instants()}
    assert moments(hours) == came


@given(hours=calendars)
@settings(max_examples=300, deadline=None)
def test_weekly_windows_overlap_where_two_of_them_have_a_minute(hours: Hours) -> None:
    covered: dict[int, set[int]] = {}
    for place, window in enumerate(hours.weekly):
        for day in window.days:
            for minute in range(window.first_minute, window.end_minute, 30):
                covered.setdefault((day * 1440 + minute) % 10_080, set()).add(place)
    twice = any(len(places) > 1 for places in covered.values())
    told = [mistake.where for mistake in overlaps(hours) if mistake.where[1] == "weekly"]
    assert bool(told) is twice
    assert len(set(told)) == len(told)


values = st.lists(st.sampled_from(["a", "ab", "b", "B"]), min_size=1, max_size=2)
conditions: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "words": values,
        "tags": values,
        "customers": values,
        "hours": st.sampled_from(["open", "closed"]),
        "weekdays": st.lists(st.integers(1, 7), min_size=1, max_size=6),
        "holiday": st.booleans(),
        "profile": st.lists(st.builds(lambda of: {"name": "n", "values": of}, values), min_size=1, max_size=2),
        "source": st.lists(
            st.builds(
                lambda about, match, of: {"field": about, "match": match, "values": of},
                st.sampled_from([None, "f"]),
                st.sampled_from(["equals", "begins", "contains"]),
                values,
            ),
            min_size=1,
            max_size=2,
        ),
    },
)
destinations = st.sampled_from(["agents", "bot", "official"])
situations = st.builds(
    Situation,
    at=st.sampled_from(instants()),
    text=st.sampled_from(["", "a", "ab", "xaby"]),
    source=st.sampled_from([None, "a", "ab", "b", "f=a", "f=ab", "f=b"]),
    openid=st.sampled_from(["a", "b"]),
    tags=st.lists(st.sampled_from(["a", "b", "ab"]), max_size=2).map(tuple),
    profile=st.sampled_from([{}, {"n": "a"}, {"n": "ab"}, {"n": "b"}]),
    hours=st.none(),
)


@given(
    asked=st.lists(st.tuples(conditions, destinations), min_size=1, max_size=4),
    hours=st.none() | calendars,
    here=st.lists(situations, min_size=10, max_size=10),
)
@settings(max_examples=500, deadline=None)
def test_a_rule_that_is_said_never_to_hold_decides_nothing(
    asked: list[tuple[dict[str, Any], str]], hours: Hours | None, here: list[Situation]
) -> None:
    rules = [
        Rule.model_validate({"name": str(place), "when": when, "to": {"kind": kind}})
        for place, (when, kind) in enumerate(asked)
    ]
    in_vain = {str(mistake.where[1]) for mistake in rule_mistakes(rules, hours)}
    event(f"{len(in_vain)} rules in vain")
    for now in here:
        for to_people in (False, True):
            assert route(rules, AGENTS, now._replace(hours=hours), to_people=to_people).rule not in in_vain


@given(when=conditions, hours=calendars)
@settings(max_examples=300, deadline=None)
def test_what_only_time_forbids_is_found_exactly(when: dict[str, Any], hours: Hours) -> None:
    timely = Conditions.model_validate({name: when[name] for name in ("hours", "weekdays", "holiday") if name in when})
    rule = Rule(name="r", when=timely, to=AGENTS)
    holds = any(timely.hold(Situation(at, hours=hours)) for at in instants())
    assert bool(list(rule_mistakes([rule], hours))) is not holds
