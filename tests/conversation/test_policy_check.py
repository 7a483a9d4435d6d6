"""What an administrator can get wrong in an app's settings as a whole, and where it is found."""

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shared.conversation.policy import Policy
from shared.conversation.policy_check import Member, mistakes
from shared.conversation.routes import Situation
from shared.conversation.vendor_check import Account
from tests.support.facts import NOON, Story, entered, fired, received, stood
from tests.support.policies import BRIDGES, POLICIES, with_vendors

STAFF = (
    Member("lina", groups=("g",)),
    Member("omar", groups=("vip",)),
    Member("mia", groups=("gone",), enabled=False),
    Member("boss", groups=("heads",), supervises=True),
)
ACCOUNTS = tuple(Account(bridge.account) for bridge in BRIDGES)
WEEK = {"time_zone": "UTC", "weekly": [{"days": [1, 2, 3, 4, 5], "from": "09:00", "to": "18:00"}]}
NIGHTS = {"weekly": [{"days": [5], "from": "22:00", "to": "02:00"}]}
ALWAYS = {"weekly": [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "00:00", "to": "24:00"}]}


def found(**fields: Any) -> dict[str, str]:
    """By place."""
    return {one.dotted: one.what for one in mistakes(Policy.model_validate(fields), STAFF)}


def rules(*given: dict[str, Any], **fields: Any) -> dict[str, str]:
    """With these conditions, to agents where they do not say."""
    named = [
        {"name": str(place), "when": {name: value for name, value in one.items() if name != "to"}}
        | {"to": one.get("to", {"kind": "agents"})}
        for place, one in enumerate(given)
    ]
    return found(rules=named, **fields)


def fallback(when: str, kind: str, name: str | None = None, seconds: int = 0) -> dict[str, Any]:
    return {"when": when, "after_seconds": seconds, "to": {"kind": kind, "name": name}}


def test_the_settings_of_a_new_app_have_no_mistakes() -> None:
    assert mistakes(Policy(), ()) == ()


@pytest.mark.parametrize(
    ("to", "what"),
    [
        ({"kind": "agent", "name": "nobody"}, "no agent has the login nobody; name one that exists"),
        ({"kind": "agent", "name": "mia"}, "mia is disabled; enable them, or name somebody else"),
        ({"kind": "agent", "name": "omar"}, "omar does not serve this app; put them into one of its groups"),
        ({"kind": "group", "name": "nowhere"}, "nobody is in the group nowhere; put agents into it first"),
        ({"kind": "group", "name": "gone"}, "everybody in the group gone is disabled; enable somebody"),
        ({"kind": "group", "name": "vip"}, "nobody in the group vip serves this app; add it to the app's groups"),
    ],
)
def test_who_cannot_take_a_session_is_named_wherever_it_is_sent_to_them(to: dict[str, str], what: str) -> None:
    assignment = {"groups": ["g"]}
    by_rule = found(rules=[{"name": "r", "to": to}], assignment=assignment)
    by_fallback = found(fallbacks=[{"when": "nobody_online", "to": to}], assignment=assignment)
    assert list(by_rule) == ["rules.0.to.name"]
    assert list(by_fallback) == ["fallbacks.0.to.name"]
    assert by_rule["rules.0.to.name"].startswith(what)
    assert by_fallback["fallbacks.0.to.name"].startswith(what)


def test_supervisors_serve_every_app_and_an_app_without_groups_is_served_by_all() -> None:
    to_boss = [{"name": "r", "to": {"kind": "group", "name": "heads"}}]
    assert found(rules=to_boss, assignment={"groups": ["g"]}) == {}
    assert found(rules=[{"name": "r", "to": {"kind": "agent", "name": "omar"}}]) == {}


@pytest.mark.parametrize(("group", "wrong"), [("g", False), ("vip", True), ("nowhere", True)])
def test_whoever_a_session_escalates_to_must_serve_the_app(group: str, wrong: bool) -> None:  # noqa: FBT001
    targets = {"answer_seconds": 600, "escalate_to": group}
    assert ("targets.escalate_to" in found(targets=targets, assignment={"groups": ["g"]})) is wrong


@pytest.mark.parametrize(
    ("when", "where"),
    [
        ({"hours": "closed"}, ["rules.0.when.hours"]),
        ({"weekdays": [6], "holiday": False}, ["rules.0.when.weekdays", "rules.0.when.holiday"]),
        ({"hours": "open"}, []),
    ],
)
def test_an_app_without_hours_has_no_calendar(when: dict[str, Any], where: list[str]) -> None:
    wrong = rules(when)
    assert list(wrong) == where
    assert all(what.startswith("never holds: the app has no hours; set them") for what in wrong.values())


@pytest.mark.parametrize(
    ("when", "hours", "where"),
    [
        ({"holiday": True}, WEEK, "rules.0.when.holiday"),
        ({"hours": "closed"}, ALWAYS, "rules.0.when.hours"),
        ({"hours": "open", "weekdays": [6, 7]}, WEEK, "rules.0.when.hours"),
        ({"hours": "open", "weekdays": [7]}, NIGHTS, "rules.0.when.hours"),
        ({"hours": "open", "holiday": True}, {**WEEK, "holidays": [{"date": "2026-10-01"}]}, "rules.0.when.hours"),
        ({"weekdays": [1], "holiday": True}, {**WEEK, "holidays": [{"date": "2026-10-01"}]}, "rules.0.when.weekdays"),
        ({"hours": "closed", "holiday": False}, ALWAYS, "rules.0.when.hours"),
    ],
)
def test_a_time_that_the_calendar_does_not_have(when: dict[str, Any], hours: dict[str, Any], where: str) -> None:
    assert list(rules(when, hours=hours)) == [where]


@pytest.mark.parametrize(
    ("when", "hours"),
    [
        ({"hours": "open", "weekdays": [6]}, NIGHTS),
        ({"hours": "closed", "weekdays": [2]}, WEEK),
        (
            {"hours": "open", "weekdays": [7]},
            {**WEEK, "extra_days": [{"date": "2026-10-11", "from": "09:00", "to": "12:00"}]},
        ),
        ({"weekdays": [4], "holiday": True}, {**WEEK, "holidays": [{"date": "2026-10-01"}]}),
        ({"hours": "closed"}, {**ALWAYS, "holidays": [{"date": "9999-12-31"}]}),
        ({"hours": "open", "holiday": True}, {**NIGHTS, "holidays": [{"date": "2026-10-03"}]}),
    ],
)
def test_a_time_that_the_calendar_has_if_only_once(when: dict[str, Any], hours: dict[str, Any]) -> None:
    assert rules(when, hours=hours) == {}


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({}, {"words": ["退款"]}),
        ({"words": ["退款"]}, {"words": ["退款"]}),
        ({"words": ["退"]}, {"words": ["退款", "退 货"], "tags": ["VIP"]}),
        ({"words": ["vip"]}, {"words": ["VIP club"]}),
        ({"tags": ["a", "b"]}, {"tags": ["b"]}),
        ({"customers": ["o1", "o2"]}, {"customers": ["o2"], "hours": "open"}),
        (
            {"source": [{"field": "page", "match": "begins", "values": ["/shop"]}]},
            {"source": [{"field": "page", "values": ["/Shop/1", "/shop/2"]}]},
        ),
        ({"source": [{"match": "contains", "values": ["hop"]}]}, {"source": [{"match": "begins", "values": ["shop"]}]}),
        (
            {"profile": [{"name": "level", "values": ["gold", "silver"]}]},
            {"profile": [{"name": "level", "values": ["Gold"]}, {"name": "city", "values": ["上海"]}]},
        ),
        ({"weekdays": [1, 2, 3, 4, 5]}, {"hours": "open"}),
        ({"to": {"kind": "bot"}}, {"words": ["a"], "to": {"kind": "bot"}}),
        ({"to": {"kind": "official"}}, {"words": ["a"], "to": {"kind": "bot"}}),
    ],
)
def test_a_rule_that_an_earlier_one_leaves_nothing_to(earlier: dict[str, Any], later: dict[str, Any]) -> None:
    wrong = rules(earlier, {"words": ["第三"]}, later, hours=WEEK)
    if not earlier or set(earlier) == {"to"}:
        wrong.pop("rules.1.when", None)
    assert list(wrong) == ["rules.2.when"]
    assert wrong["rules.2.when"].startswith("never comes to its turn: rule “0” before it holds whenever it does")


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"words": ["退款"]}, {"words": ["退"]}),
        ({"words": ["退款"]}, {"tags": ["退款"]}),
        ({"words": ["退款"], "tags": ["VIP"]}, {"words": ["退款"]}),
        ({"tags": ["b"]}, {"tags": ["a", "b"]}),
        ({"source": [{"values": ["shop"]}]}, {"source": [{"match": "begins", "values": ["shop"]}]}),
        ({"source": [{"field": "page", "values": ["shop"]}]}, {"source": [{"values": ["shop"]}]}),
        ({"hours": "open"}, {"weekdays": [1]}),
        ({"to": {"kind": "bot"}}, {"words": ["a"]}),
        ({"hours": "closed"}, {"hours": "open"}),
    ],
)
def test_a_rule_that_an_earlier_one_leaves_something_to(earlier: dict[str, Any], later: dict[str, Any]) -> None:
    assert rules(earlier, later, hours=WEEK) == {}


def test_several_earlier_rules_may_leave_nothing_between_them() -> None:
    wrong = rules({"hours": "open"}, {"hours": "closed", "to": {"kind": "official"}}, {"words": ["a"]}, hours=WEEK)
    assert wrong == {
        "rules.2.when": "never comes to its turn: rules “0” and “1” before it hold whenever it does; "
        "move this one up, or narrow those"
    }


@pytest.mark.parametrize(
    ("one", "other", "never"),
    [
        ({"values": ["a"]}, {"values": ["b"]}, True),
        ({"values": ["shop/1"]}, {"match": "begins", "values": ["cart"]}, True),
        ({"match": "begins", "values": ["shop"]}, {"match": "begins", "values": ["cart"]}, True),
        ({"match": "begins", "values": ["shop"]}, {"match": "begins", "values": ["shop/1"]}, False),
        ({"match": "begins", "values": ["shop"]}, {"match": "contains", "values": ["cart"]}, False),
        ({"field": "x", "values": ["a"]}, {"field": "y", "values": ["b"]}, False),
        ({"values": ["A"]}, {"match": "contains", "values": ["a"]}, False),
    ],
)
def test_tests_of_one_thing_that_nothing_passes_together(
    one: dict[str, Any],
    other: dict[str, Any],
    never: bool,  # noqa: FBT001
) -> None:
    assert ("rules.0.when.source.1" in rules({"source": [one, other]})) is never


def test_a_profile_field_has_one_value() -> None:
    level = [{"name": "level", "values": ["gold"]}, {"name": "level", "values": ["silver"]}]
    assert list(rules({"profile": level})) == ["rules.0.when.profile.1"]


def test_two_rules_of_one_name_cannot_be_told_apart() -> None:
    named = [
        {"name": "退款", "when": {"words": ["a"]}, "to": {"kind": "bot"}},
        {"name": " 退款", "when": {"words": ["b"]}, "to": {"kind": "bot"}},
    ]
    assert list(found(rules=named)) == ["rules.1.name"]


def test_a_fallback_that_leads_where_the_session_is_already() -> None:
    twice = [fallback("waiting_longer", "group", "g", 60), fallback("waiting_longer", "group", "g", 90)]
    assert list(found(fallbacks=twice)) == ["fallbacks.1.to"]
    both = [fallback("nobody_online", "official"), fallback("waiting_longer", "official", None, 90)]
    assert found(fallbacks=both) == {}


def test_a_fallback_to_a_bot_that_puts_everybody_back_in_line() -> None:
    to_bot = [fallback("nobody_online", "bot")]
    assert list(found(fallbacks=to_bot)) == ["fallbacks.0.to"]
    assert found(fallbacks=to_bot, unmatched={"reply": "我在", "hand_off": False}) == {}


@pytest.mark.parametrize(("hours", "wrong"), [(None, True), (ALWAYS, True), (WEEK, False)])
def test_nobody_is_out_of_hours_where_it_is_always_open(hours: dict[str, Any] | None, wrong: bool) -> None:  # noqa: FBT001
    assert ("fallbacks.0.when" in found(fallbacks=[fallback("out_of_hours", "official")], hours=hours)) is wrong


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"targets": {"answer_seconds": 60, "warn_seconds": 60}}, ["targets.warn_seconds"]),
        ({"targets": {"answer_seconds": 61, "warn_seconds": 60}}, []),
        ({"targets": {"warn_seconds": 600}}, []),
        ({"targets": {"window_seconds": 172_800}}, ["targets.window_seconds"]),
        (
            {"reminder": {"say": "在吗", "after_seconds": 600}, "idle_close_seconds": {"agent": 600}},
            ["reminder.after_seconds"],
        ),
        ({"reminder": {"after_seconds": 600}, "idle_close_seconds": {"agent": 600}}, []),
    ],
)
def test_times_that_come_too_late_or_too_early(fields: dict[str, Any], where: list[str]) -> None:
    assert list(found(**fields)) == where


@pytest.mark.parametrize(
    ("weekly", "where"),
    [
        ([([1, 2], "09:00", "12:00"), ([2, 3], "11:59", "18:00")], ["hours.weekly.1"]),
        ([([1, 2], "09:00", "12:00"), ([2, 3], "12:00", "18:00")], []),
        ([([1], "22:00", "02:00"), ([2], "01:00", "03:00")], ["hours.weekly.1"]),
        ([([1], "00:30", "03:00"), ([7], "22:00", "01:00")], ["hours.weekly.1"]),
        ([([1], "01:00", "03:00"), ([7], "22:00", "01:00")], []),
        (
            [([1], "09:00", "18:00"), ([2], "09:00", "18:00"), ([1], "10:00", "11:00"), ([1], "12:00", "13:00")],
            ["hours.weekly.2", "hours.weekly.3"],
        ),
        ([([1, 2, 3, 4, 5, 6, 7], "09:00", "08:59")], []),
    ],
)
def test_weekly_windows_that_overlap(weekly: list[tuple[list[int], str, str]], where: list[str]) -> None:
    windows = [{"days": days, "from": begin, "to": end} for days, begin, end in weekly]
    assert list(found(hours={"weekly": windows})) == where


def test_an_overlap_names_the_other_window_and_the_day() -> None:
    windows = [{"days": [7], "from": "22:00", "to": "02:00"}, {"days": [1], "from": "01:00", "to": "09:00"}]
    what = "overlaps hours.weekly.0 on Monday; make them one window, or end one before the other begins"
    assert found(hours={"weekly": windows}) == {"hours.weekly.1": what}


def test_extra_days_overlap_each_other_but_may_lengthen_a_day_of_the_week() -> None:
    longer = {"date": "2026-11-11", "from": "08:00", "to": "01:00"}
    assert found(hours={**WEEK, "extra_days": [longer]}) == {}
    after = {"date": "2026-11-12", "from": "00:30", "to": "02:00"}
    assert list(found(hours={**WEEK, "extra_days": [longer, after]})) == ["hours.extra_days.1"]


@given(policy=POLICIES, text=st.sampled_from(["你好", "退款", "转人工", "官方"]), nobody=st.booleans())
@settings(max_examples=300, deadline=None)
def test_settings_without_mistakes_bring_everybody_somewhere_and_their_fallbacks_end(
    policy: Policy,
    text: str,
    nobody: bool,  # noqa: FBT001
) -> None:
    assume(not mistakes(policy, STAFF, ACCOUNTS))
    here = Situation(NOON, text)
    assert policy.route(here).to.kind in {"agents", "group", "agent", "bot", "vendor", "official"}
    assert policy.route(here, to_people=True).to.kind != "bot"
    story = Story(with_vendors(policy))
    story.tell(entered(), received(text))
    for _ in range(50):
        if story.state == "closed":
            break
        story.tell(stood(nobody=nobody), fired(story.conversation))
    assert story.state == "closed"
    events = [message.content for one in story.decisions for message in one.messages if message.direction == "system"]
    fell = [event for event in events if getattr(event, "name", "") == "session_fell_back"]
    assert len(fell) <= len(policy.fallbacks)
