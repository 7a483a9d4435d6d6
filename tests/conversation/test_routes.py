from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from shared.conversation.hours import Holiday, Hours, WeeklyWindow
from shared.conversation.policy import Policy
from shared.conversation.routes import AGENTS, Conditions, Destination, Fallback, Rule, Situation
from tests.support.facts import NOON

VIP = Destination(kind="group", name="vip")
HOURS = Hours(
    time_zone="Asia/Shanghai",
    weekly=(WeeklyWindow(days=(1, 2, 3, 4, 5, 6, 7), starts="09:00", ends="18:00"),),
    holidays=(Holiday(date="2026-11-23"),),
)


def holds(when: dict[str, Any], **now: Any) -> bool:
    return Conditions.model_validate(when).hold(Situation(at=now.pop("at", NOON), **now))


def policy(**fields: Any) -> Policy:
    return Policy.model_validate(fields)


@pytest.mark.parametrize(
    ("test", "source", "expected"),
    [
        ({"field": "page", "values": ["商品页"]}, '{"page": "商品页"}', True),
        ({"field": "page", "values": ["商品页"]}, '{"page": "首页"}', False),
        ({"field": "page", "values": ["商品页"]}, "page=商品页", True),
        ({"field": "page", "values": ["首页", "商品页"]}, "page=商品页", True),
        ({"field": "page", "values": ["商品页"]}, "商品页", False),
        ({"values": ["商品页"]}, "商品页", True),
        ({"values": ["商品"], "match": "contains"}, "新商品页", True),
        ({"values": ["商品"], "match": "begins"}, "新商品页", False),
        ({"values": ["AD "], "match": "begins"}, "ad-42", True),
        ({"values": ["x"], "match": "contains"}, None, False),
    ],
)
def test_what_the_button_says_is_compared(test: dict[str, Any], source: str | None, expected: bool) -> None:  # noqa: FBT001
    assert holds({"source": [test]}, source=source) is expected


def test_all_conditions_must_hold_and_none_always_hold() -> None:
    assert holds({})
    both = {"words": ["退款"], "tags": ["VIP", "老客户"]}
    assert holds(both, text="我要退 款", tags=("老客户",))
    assert not holds(both, text="我要退款")
    assert not holds(both, tags=("VIP",))


def test_customers_and_what_the_app_knows_of_them() -> None:
    assert holds({"customers": ["o-1", "o-2"]}, openid="o-2")
    assert not holds({"customers": ["o-1"]}, openid="o-2")
    level = {"profile": [{"name": "等级", "values": ["金卡", "黑卡"]}]}
    assert holds(level, profile={"等级": "黑卡"})
    assert not holds(level, profile={"等级": "普通"})
    assert not holds(level)


def test_the_calendar_is_that_of_the_hours() -> None:
    sunday_evening = NOON  # 20:00 in Shanghai
    assert holds({"hours": "closed"}, at=sunday_evening, hours=HOURS)
    assert holds({"hours": "open"}, at=NOON.replace(hour=4), hours=HOURS)
    assert holds({"weekdays": [7]}, at=sunday_evening, hours=HOURS)
    assert not holds({"weekdays": [1, 2]}, at=sunday_evening, hours=HOURS)
    monday = datetime.fromisoformat("2026-11-23T04:00:00+00:00")
    assert holds({"holiday": True}, at=monday, hours=HOURS)
    assert holds({"holiday": False}, at=sunday_evening, hours=HOURS)


def test_without_hours_it_is_always_open_and_there_is_no_calendar() -> None:
    assert holds({"hours": "open"})
    assert not holds({"hours": "closed"})
    assert not holds({"weekdays": [7]})
    assert not holds({"holiday": False})


def test_the_first_rule_that_holds_decides_and_else_the_entry() -> None:
    rules = [
        {"name": "退款", "when": {"words": ["退款"]}, "to": {"kind": "group", "name": "refunds"}},
        {"name": "VIP", "when": {"tags": ["VIP"]}, "to": {"kind": "group", "name": "vip"}},
    ]
    app = policy(rules=rules)
    assert app.route(Situation(at=NOON, text="退款", tags=("VIP",))).rule == "退款"
    assert app.route(Situation(at=NOON, tags=("VIP",))) == (VIP, "VIP")
    assert app.route(Situation(at=NOON)) == (Destination(kind="bot"), None)


def test_the_bot_is_passed_over_when_it_is_through() -> None:
    rules = [
        {"name": "bot first", "to": {"kind": "bot"}},
        {"name": "VIP", "when": {"tags": ["VIP"]}, "to": {"kind": "group", "name": "vip"}},
    ]
    app = policy(rules=rules)
    assert app.route(Situation(at=NOON, tags=("VIP",))).to.kind == "bot"
    assert app.route(Situation(at=NOON, tags=("VIP",)), to_people=True) == (VIP, "VIP")
    assert app.route(Situation(at=NOON), to_people=True) == (AGENTS, None)
    assert policy(entry="official").route(Situation(at=NOON), to_people=True).to.kind == "official"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "group"},
        {"kind": "agent", "name": " "},
        {"kind": "bot", "name": "x"},
        {"kind": "vendor"},
    ],
)
def test_a_destination_says_who(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Destination.model_validate(wrong)


def test_what_can_never_be_meant_is_refused() -> None:
    with pytest.raises(ValidationError, match="how long is longer"):
        Fallback.model_validate({"when": "waiting_longer", "to": {"kind": "bot"}})
    with pytest.raises(ValidationError, match="blank"):
        Rule.model_validate({"name": "x", "when": {"words": [" "]}, "to": {"kind": "bot"}})
    with pytest.raises(ValidationError, match="1, Monday"):
        Conditions.model_validate({"weekdays": [0]})


def test_only_an_app_that_may_hand_over_is_asked_at_each_push() -> None:
    assert not Policy().may_hand_over
    assert policy(entry="official").may_hand_over
    assert policy(official={"agents_may_transfer": True}).may_hand_over
    assert policy(rules=[{"name": "x", "to": {"kind": "official"}}]).may_hand_over
    assert policy(fallbacks=[{"when": "nobody_online", "to": {"kind": "official"}}]).may_hand_over
