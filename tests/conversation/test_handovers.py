"""Handing a customer to WeChat's official console: armed, missed, handed over, taken back, over."""

from typing import Any

import pytest

from shared.conversation.commands import ArmHandover, ClaimWanted, RecordDecision, ReleaseClaim, SendMessage
from shared.conversation.content import Event, Text
from shared.conversation.draft import Decision
from shared.conversation.facts import BlockCustomer, HandedToOfficial, StoodInLine
from shared.conversation.model import OFFICIAL_CONSOLE, Handover, Session
from shared.conversation.policy import Policy
from tests.support.facts import (
    Story,
    accept,
    asked,
    at,
    claimed,
    close,
    deleted,
    entered,
    fired,
    origin,
    received,
    reply,
    transfer,
)

BY_HAND = {"official": {"agents_may_transfer": True, "say": "请再发一条消息"}}


def policy(**fields: Any) -> Policy:
    return Policy.model_validate({"entry": "official", **fields})


def session(story: Story) -> Session:
    assert story.conversation.session is not None
    return story.conversation.session


def handover(story: Story) -> Handover:
    found = session(story).handover
    assert found is not None
    return found


def handed(number: int, msg_id: str = "m", *, seconds: float = 0) -> HandedToOfficial:
    return HandedToOfficial(**origin(f"o:{number}:{msg_id}", seconds), number=number, msg_id=msg_id)


def block(agent: str = "zhou", *, blocked: bool = True, seconds: float = 0) -> BlockCustomer:
    return BlockCustomer(**asked(agent, seconds=seconds), blocked=blocked, supervises=True)


def armings(decision: Decision) -> list[tuple[int, bool]]:
    return [(c.number, c.armed) for c in decision.commands if isinstance(c, ArmHandover)]


def events(decision: Decision) -> list[tuple[str, dict[str, Any]]]:
    return [(m.content.name, m.content.detail) for m in decision.messages if isinstance(m.content, Event)]


def said(decision: Decision) -> list[str]:
    return [c.content.text for c in decision.commands if isinstance(c, SendMessage) and isinstance(c.content, Text)]


def armed_story(**fields: Any) -> Story:
    """A customer who has written once and whose next message goes to the console."""
    story = Story(policy(**fields))
    story.tell(received())
    return story


def handed_story(**fields: Any) -> Story:
    story = armed_story(**fields)
    story.tell(received("我要问", seconds=5), handed(1, seconds=5))
    return story


def test_where_the_console_answers_the_first_message_arms_the_next() -> None:
    story = Story(policy(official={"say": "请再发一条消息"}))
    decision = story.tell(received())
    assert (story.state, session(story).responder, handover(story)) == ("waiting", None, Handover(number=1))
    assert armings(decision) == [(1, True)]
    assert events(decision) == [("session_waiting", {"reason": "official_first", "to": "official"})]
    assert said(decision) == ["请再发一条消息"]


def test_who_enters_is_handed_over_with_their_first_message() -> None:
    story = Story(policy())
    assert armings(story.tell(entered())) == [(1, True)]
    assert armings(story.tell(received(seconds=2))) == [], "armed is armed"
    story.tell(handed(1, seconds=2))
    assert story.state == "official"


def test_the_rule_that_sends_them_there_is_told() -> None:
    rule = {"name": "投诉", "when": {"words": ["投诉"]}, "to": {"kind": "official"}}
    story = Story(policy(entry="bot", rules=[rule]))
    decision = story.tell(received("我要投诉"))
    assert armings(decision) == [(1, True)]
    assert events(decision) == [("session_waiting", {"reason": "rule", "rule": "投诉", "to": "official"})]
    assert session(story).rule == "投诉"
    assert [(c.rule, c.to) for c in decision.commands if isinstance(c, RecordDecision)] == [("投诉", "official")]


def test_where_nobody_is_online_the_console_takes_over() -> None:
    fallback = {"when": "nobody_online", "to": {"kind": "official"}}
    story = Story(policy(entry="agents", fallbacks=[fallback]))
    story.tell(received())
    alone = StoodInLine(**origin(None, 1), session=1, position=1, nobody_online=True)
    assert armings(story.tell(alone)) == [(1, True)]
    before = story.conversation
    assert story.tell(alone).conversation is before, "once armed it stands in no line"


def test_an_agent_hands_over_where_the_app_lets_them() -> None:
    story = Story(policy(**{**BY_HAND, "entry": "agents"}))
    story.tell(received(), claimed("lina"), reply(seconds=3))
    decision = story.tell(transfer("lina", to_official=True))
    assert (story.state, armings(decision), said(decision)) == ("waiting", [(1, True)], ["请再发一条消息"])
    assert [(c.agent_id) for c in decision.commands if isinstance(c, ReleaseClaim)] == ["lina"]
    shut = Story(policy(entry="agents"))
    shut.tell(received(), claimed("lina"))
    verdict = shut.tell(transfer("lina", to_official=True)).verdict
    assert verdict is not None
    assert verdict.problem is not None
    assert (verdict.problem.code, shut.state) == ("conflict", "agent")


def test_a_message_that_was_not_handed_over_arms_the_next_one() -> None:
    story = armed_story()
    story.tell(received("在吗", seconds=20), received("在吗？", seconds=25))
    assert story.conversation.due_at == at(30), "ten seconds after the first that came by"
    decision = story.tell(fired(story.conversation))
    assert (armings(decision), handover(story)) == ([(2, True)], Handover(number=2, missed=1))
    assert story.state == "waiting"


def test_a_message_that_was_handed_over_is_not_missed() -> None:
    story = armed_story()
    story.tell(received("我要问", seconds=5))
    decision = story.tell(handed(1, seconds=6))
    assert (story.state, session(story).responder) == ("official", OFFICIAL_CONSOLE)
    assert (session(story).waiting_since, story.conversation.unread) == (None, 0)
    assert armings(decision) == [(2, True)], "the next one goes the same way"
    assert events(decision) == [("session_handed_to_official", {})]
    assert story.conversation.due_at == at(6 + 1800)


def test_told_twice_it_was_handed_over_once() -> None:
    story = handed_story()
    before = story.conversation
    assert story.tell(handed(1, seconds=7)).conversation is before


@pytest.mark.parametrize("number", [1, 7])
def test_whatever_its_number_wechat_has_the_customer(number: int) -> None:
    """An agent was faster, then we hear that WeChat has them all the same: the agent's room is free again."""
    story = armed_story()
    decision = story.tell(claimed("lina", seconds=3))
    assert (story.state, armings(decision)) == ("agent", [(1, False)])
    decision = story.tell(handed(number, seconds=4))
    assert (story.state, session(story).claim) == ("official", None)
    assert [c.agent_id for c in decision.commands if isinstance(c, ReleaseClaim)] == ["lina"]
    assert armings(decision) == [(number + 1, True)]


def test_after_the_session_was_closed_it_opens_the_next_one() -> None:
    story = Story(policy(**{**BY_HAND, "entry": "agents"}))
    story.tell(received(), claimed("lina"), transfer("lina", to_official=True))
    assert armings(story.tell(close("zhou", supervises=True, seconds=3))) == [(1, False)]
    story.tell(handed(1, seconds=4))
    assert (story.state, session(story).number) == ("official", 2)


def test_what_they_write_while_queued_is_handed_over_too() -> None:
    """Half an hour counts from the last of them: while we hear of the customer, nobody there has them."""
    story = handed_story()
    story.tell(received("还在吗", seconds=600))
    decision = story.tell(handed(2, "n", seconds=600))
    assert (story.state, armings(decision), story.conversation.unread) == ("official", [(3, True)], 0)
    assert story.conversation.due_at == at(600 + 1800)


def test_one_of_them_missed_is_made_up_for() -> None:
    story = handed_story()
    story.tell(received("还在吗", seconds=600))
    assert story.conversation.due_at == at(610)
    assert armings(story.tell(fired(story.conversation))) == [(3, True)]
    assert (story.state, story.conversation.due_at) == ("official", at(5 + 1800)), "nothing new was handed over"


def test_an_agent_takes_them_back() -> None:
    story = handed_story()
    (wanted,) = story.tell(accept("lina", seconds=60)).commands
    assert isinstance(wanted, ClaimWanted)
    decision = story.tell(claimed("lina", command=wanted.command_id, seconds=60))
    assert (story.state, session(story).handover, armings(decision)) == ("agent", None, [(2, False)])
    decision = story.tell(received("回来了", seconds=70))
    assert (story.state, armings(decision)) == ("agent", [])


def test_who_was_given_them_before_the_handover_gets_their_room_back() -> None:
    """Assignment by itself takes nobody out of WeChat's hands."""
    story = handed_story()
    decision = story.tell(claimed("lina", seconds=6))
    assert story.state == "official"
    assert [c.agent_id for c in decision.commands if isinstance(c, ReleaseClaim)] == ["lina"]


def test_half_an_hour_later_it_is_over() -> None:
    story = handed_story()
    decision = story.tell(fired(story.conversation))
    assert (story.state, session(story).reason) == ("closed", "official_done")
    assert armings(decision) == [(2, False)]
    story.tell(received("又来了", seconds=4000))
    assert (story.state, session(story).number, handover(story).number) == ("waiting", 2, 3)


def test_nobody_hands_over_a_blocked_customer() -> None:
    story = armed_story()
    assert armings(story.tell(block(seconds=3))) == [(1, False)]
    decision = story.tell(received("喂", seconds=4))
    assert (story.state, armings(decision)) == ("closed", [])


def test_a_handover_from_before_the_block_is_noted_and_goes_no_further() -> None:
    story = armed_story()
    story.tell(block(seconds=3), received("喂", seconds=3))
    decision = story.tell(handed(1, seconds=4))
    assert events(decision) == [("session_handed_to_official", {})]
    assert (story.state, armings(decision)) == ("closed", [])


def test_forgetting_a_customer_disarms_and_the_numbers_go_on() -> None:
    """So what is told late of the time before is known to be old."""
    story = handed_story()
    assert armings(story.tell(deleted(seconds=60))) == [(2, False)]
    before = story.conversation
    assert story.tell(handed(2, seconds=61)).conversation is before, "a tombstone has no session"
    assert armings(story.tell(received(seconds=100))) == [(3, True)]


def test_a_customer_is_not_asked_for_another_message_for_ever() -> None:
    """Whatever keeps the gateway from handing over: after three in vain our own agents serve."""
    story = armed_story()
    for number in range(3):
        story.tell(received(f"{number}", seconds=100 + 60 * number))
        story.tell(fired(story.conversation))
    assert (story.state, session(story).handover) == ("waiting", None)
    assert [c.armed for d in story.decisions for c in d.commands if isinstance(c, ArmHandover)][-1] is False


def test_where_the_app_hands_over_no_more_the_next_message_is_for_our_agents() -> None:
    story = armed_story()
    story.policy = Policy(entry="agents")
    story.tell(received("在吗", seconds=100))
    assert (story.state, session(story).handover) == ("waiting", None)


def test_what_the_official_console_never_saw_is_not_closed() -> None:
    story = armed_story()
    story.tell(received("你好", seconds=20), handed(1, seconds=20), received("漏掉的", seconds=1795))
    while story.state == "official":
        story.tell(fired(story.conversation))
    assert story.state == "waiting"


def test_who_has_only_entered_waits_for_nobody() -> None:
    story = Story(policy(idle_close_seconds={"bot": 60}))
    story.tell(entered())
    assert session(story).asked_at is None
    story.tell(fired(story.conversation))
    assert (story.state, session(story).reason) == ("closed", "idle")
