"""Sessions in line: where rules send them, what they are told, where they fall back to, and offers."""

from typing import Any

import pytest

from shared.conversation.commands import (
    AskBot,
    ClaimWanted,
    RecordDecision,
    RecordSession,
    ReleaseClaim,
    SendMessage,
    SessionWaiting,
)
from shared.conversation.content import Event, Text
from shared.conversation.decide import decide
from shared.conversation.draft import Decision
from shared.conversation.facts import AgentClaimed, DeclineOffer, StoodInLine
from shared.conversation.hours import Hours, WeeklyWindow
from shared.conversation.model import Session
from shared.conversation.policy import Policy
from tests.support.facts import (
    Story,
    accept,
    answered,
    asked,
    at,
    claimed,
    close,
    entered,
    fired,
    left,
    origin,
    received,
    reply,
    tagged,
    transfer,
)

MORNINGS = Hours(time_zone="UTC", weekly=(WeeklyWindow(days=(1, 2, 3, 4, 5, 6, 7), starts="00:00", ends="12:01"),))


def policy(**fields: Any) -> Policy:
    return Policy.model_validate({"entry": "agents", **fields})


def session(story: Story) -> Session:
    assert story.conversation.session is not None
    return story.conversation.session


def said(decision: Decision) -> list[str]:
    return [c.content.text for c in decision.commands if isinstance(c, SendMessage) and isinstance(c.content, Text)]


def events(decision: Decision) -> list[str]:
    return [message.content.name for message in decision.messages if isinstance(message.content, Event)]


def stood(position: int = 1, *, seconds: float = 0, session: int = 1, nobody: bool = False) -> StoodInLine:
    return StoodInLine(**origin(None, seconds), session=session, position=position, nobody_online=nobody)


def offered(agent: str = "lina", *, assignment: int = 1, until: float = 30, seconds: float = 0) -> AgentClaimed:
    return claimed(agent, assignment=assignment, seconds=seconds).but(offered_until=at(until))


def decline(agent: str = "lina", seconds: float = 0) -> DeclineOffer:
    return DeclineOffer(**asked(agent, seconds=seconds))


def problem_of(story: Story) -> str | None:
    verdict = story.decisions[-1].verdict
    assert verdict is not None
    return verdict.problem.code if verdict.problem else None


REFUNDS = {"name": "退款", "when": {"words": ["退款"]}, "to": {"kind": "group", "name": "refunds"}}
BOSS = {"name": "老板", "when": {"tags": ["投诉"]}, "to": {"kind": "agent", "name": "boss"}}


def test_a_rule_takes_a_session_from_the_bot_and_says_why() -> None:
    story = Story(policy(entry="bot", rules=[REFUNDS]))
    story.tell(received("你好"))
    assert story.state == "bot"
    decision = story.tell(received("我要退款", seconds=5))
    assert (story.state, session(story).group, session(story).rule) == ("waiting", "refunds", "退款")
    (record,) = [command for command in decision.commands if isinstance(command, RecordDecision)]
    assert (record.rule, record.to) == ("退款", "group:refunds")


def test_when_the_bot_is_through_the_rules_say_who_goes_on() -> None:
    story = Story(policy(entry="bot", rules=[BOSS]))
    story.tell(received("x"), tagged("投诉", seconds=1), answered("转人工", hand_off=True, seconds=2))
    assert (story.state, session(story).wanted, session(story).wanted_until) == ("waiting", "boss", None)


def test_whom_somebody_sent_to_the_bot_no_rule_takes_away() -> None:
    story = Story(policy(rules=[REFUNDS]))
    story.tell(received("退款"), claimed(), transfer("lina", to_bot=True), received("退款", seconds=60))
    assert story.state == "bot"
    story.tell(received("人工", seconds=70))
    assert (story.state, session(story).group) == ("waiting", None)


def test_an_entering_customer_stands_in_no_line() -> None:
    story = Story(policy(rules=[REFUNDS]))
    decision = story.tell(entered())
    assert story.state == "bot"
    assert not [command for command in decision.commands if isinstance(command, SessionWaiting)]


def test_who_comes_back_soon_waits_for_the_agent_they_had() -> None:
    app = policy(entry="bot", assignment={"reopen_seconds": 600, "last_agent_seconds": 30})
    story = Story(app)
    story.tell(received("人工"), claimed("lina"), reply(seconds=5), close(seconds=10))
    story.tell(received("还有", seconds=300))
    assert (story.state, session(story).wanted, session(story).wanted_until) == ("waiting", "lina", at(330))
    story.tell(claimed("omar", session=2, seconds=340), close("omar", seconds=350), received("又来了", seconds=2000))
    assert (story.state, session(story).wanted) == ("bot", None), "that is not soon"


def test_the_last_agent_is_preferred_for_a_while() -> None:
    story = Story(policy(assignment={"last_agent_seconds": 60}))
    story.tell(received(), claimed("lina"), close(seconds=10), received("再问", seconds=5000))
    assert (session(story).wanted, session(story).wanted_until) == ("lina", at(5060))


def test_an_agent_who_has_left_is_not_waited_for() -> None:
    story = Story(policy(assignment={"last_agent_seconds": 60, "offline": "reassign"}))
    story.tell(received(), claimed("lina"), left("lina", why="agent_offline", seconds=100))
    assert (story.state, session(story).wanted, session(story).first) == ("waiting", None, True)


def test_returned_sessions_take_their_turn() -> None:
    story = Story(policy(assignment={"offline": "return"}))
    story.tell(received(), claimed("lina"), left("lina", why="agent_offline", seconds=100))
    assert (story.state, session(story).first) == ("waiting", False)


def test_the_place_in_line_is_told_so_often_and_no_more() -> None:
    words = {"say": "前面还有 {position} 位", "after_seconds": 10, "every_seconds": 60, "most": 2}
    story = Story(policy(waiting=words))
    story.tell(received())
    assert story.tell(stood(3, seconds=9)).conversation is story.decisions[-2].conversation
    assert said(story.tell(stood(3, seconds=10))) == ["前面还有 3 位"]
    assert said(story.tell(stood(2, seconds=20))) == []
    assert said(story.tell(stood(2, seconds=70))) == ["前面还有 2 位"]
    assert said(story.tell(stood(1, seconds=900))) == []


def test_what_the_budget_does_not_allow_is_shown_as_left_out() -> None:
    story = Story(policy(waiting={"say": "请稍候"}, bot_budget=0))
    story.tell(received())
    decision = story.tell(stood(seconds=1))
    assert (said(decision), events(decision)) == ([], ["bot_reply_skipped"])


def test_who_gives_up_is_let_go_with_the_reason() -> None:
    story = Story(policy(give_up_words=["不用了"]))
    story.tell(received(), received("不用 了", seconds=5))
    assert (story.state, session(story).reason, story.conversation.unread) == ("closed", "gave_up", 0)
    quiet = Story(policy(idle_close_seconds={"waiting": 60}))
    quiet.tell(received())
    quiet.tell(fired(quiet.conversation))
    assert (quiet.state, session(quiet).reason) == ("closed", "gave_up")


LATER = {"when": "waiting_longer", "after_seconds": 60, "to": {"kind": "group", "name": "second"}, "say": "换一组"}
NOBODY = {"when": "nobody_online", "to": {"kind": "bot"}}
CLOSED = {"when": "out_of_hours", "to": {"kind": "bot"}, "say": "下班了"}


def test_who_waits_longer_goes_on_and_keeps_their_place() -> None:
    story = Story(policy(fallbacks=[LATER]))
    story.tell(received())
    assert story.conversation.due_at == at(60)
    decision = story.tell(fired(story.conversation))
    assert (story.state, session(story).group, session(story).waiting_since) == ("waiting", "second", at(0))
    assert (said(decision), events(decision)) == (["换一组"], ["session_fell_back"])
    assert {type(command) for command in decision.commands} >= {RecordDecision, SessionWaiting}
    story.tell(fired(story.conversation))
    assert session(story).group == "second"


def test_where_nobody_is_online_the_bot_takes_over_once() -> None:
    story = Story(policy(fallbacks=[NOBODY]))
    story.tell(received())
    assert story.tell(stood(seconds=1)).conversation is story.decisions[0].conversation
    story.tell(stood(seconds=2, nobody=True))
    assert story.state == "bot"
    story.tell(received("人工", seconds=5), stood(seconds=6, nobody=True))
    assert story.state == "waiting", "each way out is taken once in a session"


@pytest.mark.parametrize(("seconds", "state"), [(0, "waiting"), (120, "bot")])
def test_out_of_hours_the_way_out_is_taken_at_once(seconds: float, state: str) -> None:
    story = Story(policy(fallbacks=[CLOSED], hours=MORNINGS))
    story.tell(received(seconds=seconds))
    assert story.state == state


def test_when_the_day_ends_who_still_waits_is_told_by_the_line() -> None:
    story = Story(policy(fallbacks=[CLOSED], hours=MORNINGS))
    story.tell(received())
    assert said(story.tell(stood(seconds=90))) == ["下班了"]
    assert story.state == "bot"


def test_being_told_ones_place_late_or_in_another_session_changes_nothing() -> None:
    story = Story(policy(fallbacks=[NOBODY]))
    story.tell(received(), claimed())
    before = story.conversation
    assert story.tell(stood(nobody=True)).conversation is before
    assert story.tell(stood(session=7, nobody=True)).conversation is before


def test_an_offer_is_a_claim_that_is_accepted() -> None:
    story = Story(policy())
    decision = story.tell(received(), offered("lina", until=30))
    assert (story.state, session(story).claim is not None) == ("waiting", True)
    assert events(decision) == ["session_offered"]
    assert story.conversation.due_at == at(30)
    decision = story.tell(accept("lina", seconds=10))
    assert problem_of(story) is None
    assert story.state == "agent"
    assert not [command for command in decision.commands if isinstance(command, ReleaseClaim | ClaimWanted)]


@pytest.mark.parametrize("how", ["declined", "lapsed"])
def test_an_offer_that_is_not_taken_goes_on(how: str) -> None:
    story = Story(policy())
    story.tell(received(), offered("lina", until=30))
    decision = story.tell(decline("lina", seconds=5) if how == "declined" else fired(story.conversation))
    assert (session(story).offer, session(story).claim, session(story).declined) == (None, None, ("lina",))
    assert {type(command) for command in decision.commands} == {ReleaseClaim, SessionWaiting}
    story.tell(offered("omar", assignment=2, until=90, seconds=31))
    assert session(story).offer is not None
    story.tell(accept("omar", seconds=32))
    assert session(story).responder is not None
    assert session(story).declined == ()


def test_somebody_elses_offer_cannot_be_declined_but_its_session_can_be_taken() -> None:
    story = Story(policy())
    story.tell(received(), offered("lina"))
    story.tell(decline("omar"))
    assert problem_of(story) == "conflict"
    (wanted,) = story.tell(accept("omar")).commands
    assert isinstance(wanted, ClaimWanted)
    decision = story.tell(claimed("omar", assignment=2, command=wanted.command_id))
    assert [(c.agent_id, c.claim_id[-1]) for c in decision.commands if isinstance(c, ReleaseClaim)] == [("lina", "1")]
    assert story.state == "agent"


def test_an_offer_that_comes_too_late_gives_its_claim_back() -> None:
    story = Story(policy(fallbacks=[NOBODY]))
    story.tell(received(), stood(nobody=True))
    decision = story.tell(offered("lina"))
    assert story.state == "bot"
    assert [type(command) for command in decision.commands] == [ReleaseClaim]


def test_a_silent_customer_is_reminded_once_and_then_let_go() -> None:
    reminder = {"say": "请问还在吗？", "after_seconds": 120}
    story = Story(policy(reminder=reminder, idle_close_seconds={"agent": 600}, closing="再见"))
    story.tell(received(), claimed(), reply(seconds=10))
    assert story.conversation.due_at == at(130)
    assert said(story.tell(fired(story.conversation))) == ["请问还在吗？"]
    decision = story.tell(fired(story.conversation))
    assert (said(decision), session(story).reason) == (["再见"], "idle")


def test_who_answers_is_not_reminded() -> None:
    story = Story(policy(reminder={"say": "还在吗？", "after_seconds": 120}))
    story.tell(received(), claimed(), reply(seconds=10), received("在", seconds=60))
    assert story.conversation.due_at is not None
    assert story.conversation.due_at > at(3600)


def test_a_welcome_that_would_leave_after_its_minute_is_left_out() -> None:
    story = Story(Policy(welcome="欢迎"))
    story.tell(entered())
    late = answered("欢迎", seconds=61).but(reason="welcome")
    story.tell(received("你好", seconds=30))
    decision = story.tell(late)
    assert (said(decision)[:1], events(decision)) == ([], ["bot_reply_skipped"])


def test_a_session_keeps_in_whose_line_its_agent_found_it_and_how_much_agents_wrote() -> None:
    story = Story(policy())
    story.tell(received(), claimed("lina"))
    assert session(story).served_group is None
    story.tell(
        reply("一", "二", seconds=1), transfer(to_group="vip", seconds=2), claimed("omar", assignment=2, seconds=3)
    )
    assert (session(story).group, session(story).served_group) == (None, "vip")
    story.tell(reply("三", agent="omar", seconds=4))
    decision = story.tell(close("omar", seconds=5))
    (record,) = [command for command in decision.commands if isinstance(command, RecordSession)]
    assert (record.session.served_group, record.session.agent_messages) == ("vip", 3)


def test_an_edited_policy_neither_repeats_a_way_out_nor_skips_a_new_one() -> None:
    story = Story(policy(fallbacks=[LATER]))
    story.tell(received())
    story.tell(fired(story.conversation))
    sooner = {"when": "waiting_longer", "after_seconds": 90, "to": {"kind": "group", "name": "third"}, "say": "再换"}
    story.policy = policy(fallbacks=[sooner, LATER])
    assert said(story.tell(received("还在吗", seconds=95))) == []
    assert said(story.tell(fired(story.conversation))) == ["再换"]
    assert session(story).group == "third"


def test_a_claim_for_a_wait_that_is_over_goes_back() -> None:
    """It was on its way to an agent of the first group when the session went on to the second."""
    story = Story(policy(fallbacks=[LATER]))
    story.tell(received())
    story.tell(fired(story.conversation))
    decision = story.tell(claimed("lina", assignment=1, seconds=61))
    assert (story.state, [type(command) for command in decision.commands]) == ("waiting", [ReleaseClaim])
    story.tell(claimed("omar", assignment=2, seconds=62))
    assert story.state == "agent"


def test_what_was_seen_a_while_ago_is_not_believed() -> None:
    story = Story(policy(fallbacks=[NOBODY]))
    story.tell(received())
    late = stood(seconds=5, nobody=True)
    before = story.conversation
    assert decide(before, late, policy=story.policy, now=at(60)).conversation is before
    story.tell(claimed("lina", seconds=60))
    gone = left("lina", why="agent_offline", seconds=61)
    assert decide(story.conversation, gone, policy=story.policy, now=at(600)).conversation is story.conversation


def test_an_offer_to_somebody_who_has_gone_goes_on() -> None:
    story = Story(policy())
    story.tell(received(), offered("lina", until=3600))
    story.tell(left("lina", why="agent_disabled", seconds=5))
    assert (story.state, session(story).offer, session(story).declined) == ("waiting", None, ("lina",))


def test_the_bot_that_a_session_falls_back_to_is_asked_what_was_said() -> None:
    story = Story(policy(fallbacks=[NOBODY]))
    story.tell(received("包裹到哪了"))
    decision = story.tell(stood(seconds=1, nobody=True))
    assert [command.inputs for command in decision.commands if isinstance(command, AskBot)] == [("包裹到哪了",)]


def test_the_words_of_the_turn_count_when_the_bot_hands_off() -> None:
    story = Story(policy(entry="bot", rules=[REFUNDS]))
    story.tell(
        received("你好"), claimed("lina", command="k"), transfer("lina", to_bot=True), received("退款", seconds=60)
    )
    story.tell(answered(hand_off=True, seconds=61, turn=2))
    assert session(story).group == "refunds"


def test_who_is_not_there_is_offered_nothing_and_keeps_what_they_have() -> None:
    story = Story(policy())
    story.tell(received(), offered("lina", until=3600), left("lina", why="agent_absent", seconds=5))
    assert (session(story).offer, session(story).declined) == (None, ("lina",))
    story.tell(offered("omar", assignment=2, until=3600, seconds=6), accept("omar", seconds=7))
    before = story.conversation
    claim = session(story).claim
    assert story.tell(left("omar", claim=claim, why="agent_absent", seconds=8)).conversation is before
