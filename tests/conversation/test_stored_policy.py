from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from shared.conversation.policy import MOST_IDLE_SECONDS, Policy
from shared.conversation.routes import MOST_SECONDS
from shared.conversation.stored_policy import read_stored
from tests.support.facts import Story, received

FAR = 10**12
NUMBERS: list[dict[str, Any]] = [
    *({"idle_close_seconds": {state: number}} for state in ("bot", "waiting", "agent") for number in (FAR, 59, -1)),
    {"bot_reply_seconds": FAR},
    {"bot_reply_seconds": 9},
    {"bot_turn_seconds": FAR},
    {"bot_turn_seconds": 0},
    {"bot_budget": FAR},
    {"retention_days": FAR},
    {"retention_days": 6},
]


@pytest.mark.parametrize("document", NUMBERS)
def test_every_number_has_its_bounds(document: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate(document)


@pytest.mark.parametrize("document", NUMBERS)
def test_a_number_that_was_stored_beyond_them_serves_all_the_same(document: dict[str, Any]) -> None:
    read = read_stored({**document, "welcome": "欢迎"})
    assert read.policy.welcome == "欢迎"
    assert len(read.faults) == 1
    story = Story(read.policy)
    story.tell(received())
    due = story.conversation.due_at
    assert due is not None
    assert due <= story.conversation.decided_at + timedelta(seconds=MOST_IDLE_SECONDS)  # type: ignore[operator] # decided


def test_the_most_of_everything_can_be_reckoned_with() -> None:
    idle = dict.fromkeys(("bot", "waiting", "agent"), MOST_IDLE_SECONDS)
    story = Story(Policy.model_validate({"idle_close_seconds": idle, "bot_reply_seconds": MOST_SECONDS}))
    story.tell(received("在吗"))
    assert story.conversation.due_at is not None


MORNING = {"from": "09:00", "to": "12:00"}
MENDED: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({"welcome": "您好"}, {"welcome": "您好"}, []),
    (
        {"idle_close_seconds": {"bot": FAR, "agent": 60}},
        {"idle_close_seconds": {"bot": MOST_IDLE_SECONDS, "agent": 60}},
        ["idle_close_seconds.bot"],
    ),
    (
        {"assignment": {"strategy": "by_moon", "groups": ["vip"]}},
        {"assignment": {"groups": ["vip"]}},
        ["assignment.strategy"],
    ),
    (
        {"keyword_rules": [{"words": ["a"]}, {"words": [" "]}, {"words": ["b"]}, {}], "bot_budget": 9},
        {"keyword_rules": [{"words": ["a"]}, {"words": ["b"]}], "bot_budget": 5},
        ["bot_budget", "keyword_rules.3", "keyword_rules.1"],
    ),
    ({"hours": {"weekly": "always"}, "retention_days": 3}, {}, ["retention_days", "hours.weekly", "hours"]),
    (
        {"hours": {"weekly": [{**MORNING, "days": [8]}, {**MORNING, "days": [1]}]}},
        {"hours": {"weekly": [{**MORNING, "days": [1]}]}},
        ["hours.weekly.0"],
    ),
    ({"welcome": " ", "assignment": None}, {}, ["assignment", "welcome"]),
]


@pytest.mark.parametrize(("stored", "served", "places"), MENDED)
def test_what_is_not_good_is_left_out_and_named_and_the_rest_stays(
    stored: dict[str, Any], served: dict[str, Any], places: list[str]
) -> None:
    as_it_was = repr(stored)
    read = read_stored(stored)
    assert read.policy == Policy.model_validate(served)
    assert [fault.partition(":")[0] for fault in read.faults] == places
    assert repr(stored) == as_it_was


@pytest.mark.parametrize("stored", [None, [], "x", 3])
def test_what_is_no_policy_at_all_is_the_default(stored: Any) -> None:
    read = read_stored(stored)
    assert read.policy == Policy()
    assert read.faults
