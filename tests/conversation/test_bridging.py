"""A session with a vendor: introduced, in its line, served, told of, over; and what follows when the vendor fails."""

from datetime import timedelta
from typing import Any

import pytest

from shared.conversation.commands import (
    AskBot,
    AskPlace,
    CallVendor,
    ClaimWanted,
    GradeSession,
    Introduce,
    LeaveLine,
    Relay,
    ReleaseClaim,
    SendMessage,
    SessionWaiting,
)
from shared.conversation.content import Event, Text
from shared.conversation.draft import Decision
from shared.conversation.model import Bridging, Message, Session
from shared.conversation.policy import with_bridges
from shared.conversation.vendor_facts import LinedUp, Stood, Told, WaitedTooLong
from tests.support.facts import (
    Story,
    accept,
    answered,
    at,
    claimed,
    close,
    entered,
    fired,
    received,
    reply,
    settled,
    transfer,
)
from tests.support.vendors import (
    GOOD_AND_BAD,
    answer,
    began,
    bridge,
    bridged,
    calls,
    invited,
    over,
    person,
    pushed,
    silent_bridge,
    spoken,
)

TO_GROUP = {"when": "vendor_down", "to": {"kind": "group", "name": "g"}}


def session(story: Story) -> Session:
    assert story.conversation.session is not None
    return story.conversation.session


def stay(story: Story) -> Bridging:
    found = session(story).bridging
    assert found is not None
    return found


def said(decision: Decision) -> list[str]:
    return [c.content.text for c in decision.commands if isinstance(c, SendMessage) and isinstance(c.content, Text)]


def events(decision: Decision) -> list[str]:
    return [m.content.name for m in decision.messages if isinstance(m.content, Event)]


def relayed(decision: Decision) -> list[str]:
    return [c.call.message_id for c in calls(decision, Relay) if isinstance(c.call, Relay)]


def written(story: Story) -> list[Message]:
    """By the customer."""
    return [message for message in story.history if message.direction == "inbound"]


def only(decision: Decision, kind: type[Any]) -> CallVendor:
    (call,) = calls(decision, kind)
    return call


def introduced(story: Story, text: str = "你好") -> CallVendor:
    """The customer has written their first words; the call that tells the vendor of them."""
    return only(story.tell(received(text)), Introduce)


def served(**policy: Any) -> Story:
    """A customer with a person of the vendor, whose first message is taken."""
    story = Story(bridged(**policy))
    decision = story.tell(answer(introduced(story)))
    story.tell(*(answer(call) for call in calls(decision, Relay)))
    return story


def in_line(ahead: int = 2, **policy: Any) -> Story:
    story = Story(bridged(**policy))
    story.tell(answer(introduced(story), Stood(standing="line", ahead=ahead)))
    return story


def down(story: Story) -> None:
    """The breaker opens."""
    story.policy = with_bridges(story.policy, [bridge(down=True)])


def test_the_first_message_follows_the_introduction_and_not_before() -> None:
    story = Story(bridged())
    call = introduced(story)
    assert (session(story).state, stay(story).kept) == ("vendor", (written(story)[0].id,))
    decision = story.tell(answer(call, person(said="您好，我是小鱼")))
    assert said(decision) == ["您好，我是小鱼"]
    assert relayed(decision) == [written(story)[0].id]
    assert (stay(story).standing, stay(story).staff, stay(story).kept) == ("person", "小鱼", ())


def test_the_introduction_names_what_was_said_before_the_unanswered_messages() -> None:
    story = Story(bridged())
    call = introduced(story)
    assert isinstance(call.call, Introduce)
    assert call.call.before_seq == 1


def test_what_is_written_meanwhile_follows_in_order() -> None:
    story = Story(bridged())
    call = introduced(story, "一")
    story.tell(received("二"), received("三"))
    decision = story.tell(answer(call))
    texts = {m.id: m.content.text for m in story.history if isinstance(m.content, Text)}
    assert [texts[message] for message in relayed(decision)] == ["一", "二", "三"]


def test_a_message_to_who_is_served_is_passed_on_at_once_and_how_it_went_is_shown() -> None:
    story = served()
    decision = story.tell(received("还在吗"))
    (call,) = calls(decision, Relay)
    (message,) = (m for m in decision.messages if m.direction == "inbound")
    assert message.delivery is not None
    assert message.delivery.state == "sending"
    settled_one = story.tell(answer(call, outcome="unknown", code="no_answer"))
    (change,) = settled_one.changes
    assert change.delivery is not None
    assert (change.message_id, change.delivery.state) == (message.id, "unknown")
    assert stay(story).given == ()


def test_what_the_vendors_people_write_is_sent_within_the_quota_and_else_held() -> None:
    story = served()
    texts = [str(n) for n in range(7)]
    decision = story.tell(spoken(*texts))
    assert said(decision) == texts[:5]
    assert [held.content for held in story.conversation.held] == [Text(text="5"), Text(text="6")]
    assert all(m.sender.kind == "vendor" and m.sender.name == "小鱼" for m in decision.messages)
    assert session(story).unanswered == ()


def test_who_waits_for_our_word_is_refused_what_cannot_be_sent_now() -> None:
    story = served()
    story.tell(spoken(*"12345"))
    decision = story.tell(spoken("六", command_id="c1"))
    assert decision.verdict is not None
    assert decision.verdict.problem is not None
    assert decision.verdict.problem.code == "quota_used"
    assert story.conversation.held == ()


def test_whom_the_vendor_has_in_line_is_told_how_many_are_before_them_once() -> None:
    story = Story(bridged())
    decision = story.tell(answer(introduced(story), Stood(standing="line", ahead=2)))
    assert said(decision) == ["前面还有 2 位客户在排队，请稍候。"]
    assert stay(story).kept != ()
    timer = story.tell(fired(story.conversation))
    asked = only(timer, AskPlace)
    assert said(story.tell(answer(asked, Stood(standing="line", ahead=1)))) == []
    assert stay(story).ahead == 1


def test_who_comes_to_the_end_of_the_line_is_given_to_whoever_has_them() -> None:
    story = in_line()
    asked = only(story.tell(fired(story.conversation)), AskPlace)
    assert len(relayed(story.tell(answer(asked, person())))) == 1
    assert stay(story).ask_place_at is None


def test_a_session_that_begins_takes_them_out_of_the_line() -> None:
    story = in_line()
    assert len(relayed(story.tell(began("7")))) == 1
    assert (stay(story).standing, stay(story).vendor_session) == ("person", "7")


def test_a_place_that_could_not_be_learnt_is_asked_again() -> None:
    story = in_line()
    asked = only(story.tell(fired(story.conversation)), AskPlace)
    story.tell(answer(asked, outcome="expired", seconds=30))
    assert stay(story).ask_place_at is not None
    assert stay(story).standing == "line"


def test_who_has_never_applied_by_the_vendors_word_is_introduced_anew() -> None:
    story = in_line()
    asked = only(story.tell(fired(story.conversation)), AskPlace)
    assert calls(story.tell(answer(asked, Stood(standing="nobody"))), Introduce)


def test_who_will_wait_no_longer_leaves_the_vendors_line() -> None:
    story = Story(bridged(bridge(settings={"leave_words": ["算了"]})))
    story.tell(answer(introduced(story), Stood(standing="line", ahead=2)))
    decision = story.tell(received("算了"))
    assert calls(decision, LeaveLine)
    assert (session(story).state, session(story).reason) == ("closed", "gave_up")


def test_words_for_who_is_not_there_are_passed_on_and_later_ones_ask_anew() -> None:
    story = Story(bridged())
    story.tell(answer(introduced(story), Stood(standing="word", said="请留言")))
    assert relayed(story.tell(received("我的订单", seconds=60)))
    decision = story.tell(received("还有一件", seconds=500))
    assert calls(decision, Introduce)
    assert relayed(decision) == []


def test_where_nobody_is_and_no_word_can_be_left_our_agents_have_it_with_all_that_was_written() -> None:
    story = Story(bridged())
    decision = story.tell(answer(introduced(story), Stood(standing="nobody", said="现在没有客服")))
    assert said(decision) == []
    assert (session(story).state, session(story).bridging, story.conversation.unread) == ("waiting", None, 1)
    assert any(isinstance(command, SessionWaiting) for command in decision.commands)


@pytest.mark.parametrize(("outcome", "more"), [("expired", {}), ("refused", {"down": True, "code": "breaker_open"})])
def test_a_message_not_taken_sends_the_session_back_to_our_agents(outcome: str, more: dict[str, Any]) -> None:
    story = served()
    story.tell(spoken("您好"))
    (call,) = calls(story.tell(received("急")), Relay)
    decision = story.tell(answer(call, outcome=outcome, **more))
    assert "session_unbridged" in events(decision)
    assert (session(story).state, story.conversation.unread) == ("waiting", 1)


def test_one_message_that_the_vendor_will_not_have_does_not_end_the_stay_and_is_seen() -> None:
    story = served()
    (call,) = calls(story.tell(received("垃圾")), Relay)
    story.tell(answer(call, outcome="refused", code="14004"))
    assert session(story).state == "vendor"
    assert session(story).attention is not None


def test_whom_the_vendor_has_forgotten_is_introduced_anew_and_nothing_changes_its_place() -> None:
    story = served()
    first, second = (only(story.tell(received(text)), Relay) for text in ("一", "二"))
    again = only(story.tell(answer(first, outcome="refused", code="never_introduced")), Introduce)
    story.tell(received("三"), answer(second, outcome="refused", code="never_introduced"))
    decision = story.tell(answer(again, person(said="您好")))
    assert said(decision) == [], "they were greeted already"
    texts = {m.id: m.content.text for m in story.history if isinstance(m.content, Text)}
    assert [texts[message] for message in relayed(decision)] == ["一", "二", "三"]


def test_a_vendor_that_forgets_whoever_it_is_told_of_is_left() -> None:
    story = served()
    (call,) = calls(story.tell(received("在吗")), Relay)
    for _ in range(3):
        again = only(story.tell(answer(call, outcome="refused", code="never_introduced")), Introduce)
        (call,) = calls(story.tell(answer(again)), Relay)
    story.tell(answer(call, outcome="refused", code="never_introduced"))
    assert session(story).state == "waiting"


def test_what_was_not_taken_follows_to_the_other_vendor_in_order() -> None:
    fallback = {"when": "vendor_down", "to": {"kind": "vendor", "name": "zhima"}, "say": "正在为您转接"}
    story = Story(bridged(bridge(), silent_bridge(), fallbacks=[fallback]))
    call = introduced(story, "一")
    story.tell(received("二"))
    decision = story.tell(answer(call, outcome="refused", down=True))
    assert stay(story).account == "zhima"
    texts = {m.id: m.content.text for m in story.history if isinstance(m.content, Text)}
    assert [texts[message] for message in relayed(decision)] == ["一", "二"]
    assert said(decision) == ["正在为您转接"]


def test_a_fallback_to_a_vendor_that_is_down_too_is_passed_over() -> None:
    chain = [{"when": "vendor_down", "to": {"kind": "vendor", "name": "zhima"}}, TO_GROUP]
    story = Story(bridged(bridge(down=True), silent_bridge(down=True), fallbacks=chain))
    story.tell(received())
    assert (session(story).state, session(story).group) == ("waiting", "g")


def test_a_fallback_to_the_same_vendor_ends_with_our_agents() -> None:
    chain = [{"when": "vendor_down", "to": {"kind": "vendor", "name": "qiyu"}}]
    story = Story(bridged(fallbacks=chain))
    call = introduced(story)
    again = only(story.tell(answer(call, outcome="expired")), Introduce)
    story.tell(answer(again, outcome="expired"))
    assert session(story).state == "waiting"


def test_while_the_breaker_is_open_new_sessions_do_not_go_there_and_old_ones_leave_with_the_next_message() -> None:
    story = served()
    story.tell(spoken("您好"))
    down(story)
    decision = story.tell(received("在吗"))
    assert relayed(decision) == []
    assert session(story).state == "waiting"


def test_who_comes_back_after_the_vendor_recovered_goes_there_again() -> None:
    story = Story(bridged(bridge(down=True)))
    story.tell(received(), claimed("lina"), close("lina"))
    story.policy = bridged()
    assert calls(story.tell(received()), Introduce)


def test_a_wait_in_the_vendors_line_that_took_too_long_falls_back() -> None:
    story = in_line(fallbacks=[TO_GROUP])
    story.tell(pushed(WaitedTooLong()))
    assert (session(story).state, session(story).group) == ("waiting", "g")


def test_an_answer_of_an_earlier_stay_says_only_what_became_of_its_message() -> None:
    story = served()
    (call,) = calls(story.tell(received("一")), Relay)
    story.tell(accept("lina"), claimed("lina", assignment=1, command="c"))
    late = story.tell(answer(call, outcome="expired"))
    assert session(story).state == "agent"
    assert isinstance(call.call, Relay)
    assert [change.message_id for change in late.changes] == [call.call.message_id]


def test_an_agent_takes_over_from_the_vendor() -> None:
    story = in_line()
    wanted = story.tell(accept("lina"))
    assert any(isinstance(command, ClaimWanted) for command in wanted.commands)
    decision = story.tell(claimed("lina", command="c"))
    assert calls(decision, LeaveLine)
    assert (session(story).state, session(story).bridging) == ("agent", None)


def test_what_the_vendors_people_write_after_that_is_shown_and_not_sent() -> None:
    story = served()
    story.tell(accept("lina"), claimed("lina", command="c"))
    decision = story.tell(spoken("稍等", command_id="c9"))
    (message,) = decision.messages
    assert message.delivery is not None
    assert (message.delivery.state, message.delivery.code) == ("discarded", "elsewhere")
    assert said(decision) == []
    assert decision.verdict is not None
    assert decision.verdict.problem is not None
    assert story.conversation.preview is not None
    assert story.conversation.preview.direction == "inbound", "what was not said is not the last that was"


def test_an_agent_gives_their_session_to_the_vendor_with_what_is_unanswered() -> None:
    story = Story(bridged(entry="agents"))
    story.tell(received("一"), claimed("lina"), reply("好"), received("二"))
    decision = story.tell(transfer("lina", to_vendor="qiyu", note="请接着谈"))
    call = only(decision, Introduce)
    assert isinstance(call.call, Introduce)
    (unanswered,) = session(story).unanswered
    assert call.call.before_seq == unanswered.seq
    assert any(isinstance(command, ReleaseClaim) for command in decision.commands)
    assert relayed(story.tell(answer(call))) == [unanswered.id]


@pytest.mark.parametrize("account", ["nobody", "qiyu"])
def test_a_transfer_to_a_vendor_that_is_not_there_or_down_is_refused(account: str) -> None:
    story = Story(bridged(bridge(down=True), entry="agents"))
    story.tell(received(), claimed("lina"))
    verdict = story.tell(transfer("lina", to_vendor=account)).verdict
    assert verdict is not None
    assert verdict.problem is not None
    assert session(story).state == "agent"


def test_the_vendors_robot_is_asked_for_a_person_by_us() -> None:
    story = Story(bridged())
    story.tell(answer(introduced(story), Stood(standing="machine", vendor_session="5")))
    decision = story.tell(received("人工"))
    call = only(decision, Introduce)
    assert isinstance(call.call, Introduce)
    assert call.call.wants_person
    assert relayed(decision) == []
    story.tell(over("5", "to_person"), answer(call, person("6")))
    assert (session(story).state, stay(story).standing, stay(story).vendor_session) == ("vendor", "person", "6")


def test_who_wants_a_person_is_for_our_agents_where_the_account_says_so() -> None:
    story = Story(bridged(bridge(settings={"people": "agents"})))
    story.tell(answer(introduced(story), Stood(standing="machine")))
    story.tell(received("转人工"))
    assert (session(story).state, story.conversation.unread) == ("waiting", 2)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_transfer_within_the_vendor_is_told_in_either_order(reverse: bool) -> None:  # noqa: FBT001
    story = served()
    told = [over("1", "transferred", to="2"), began("2", before="1")]
    for push in reversed(told) if reverse else told:
        story.tell(push)
    assert (session(story).state, stay(story).vendor_session, stay(story).standing) == ("vendor", "2", "person")


def test_the_end_of_another_session_of_theirs_ends_nothing() -> None:
    story = served()
    story.tell(over("0"))
    assert session(story).state == "vendor"


def test_the_end_closes_the_session_and_asks_for_a_grade() -> None:
    story = served()
    decision = story.tell(over("1"))
    assert (session(story).state, session(story).reason) == ("closed", "vendor_closed")
    assert said(decision) == ["请回复数字，为本次服务评分：\n1 满意\n2 不满意"]
    graded = story.tell(received("2", seconds=5))
    call = only(graded, GradeSession)
    assert isinstance(call.call, GradeSession)
    assert (call.call.vendor_session, call.call.value) == ("1", GOOD_AND_BAD[1].value)
    assert said(graded) == ["感谢您的评价！"]
    assert session(story).state == "closed"


def test_an_invitation_asks_while_the_session_goes_on_and_not_twice() -> None:
    story = served()
    assert len(said(story.tell(invited()))) == 1
    assert said(story.tell(invited())) == []
    assert said(story.tell(over("1"))) == []


def test_a_number_said_to_our_own_agent_is_a_message() -> None:
    story = served()
    story.tell(invited(), accept("lina"), claimed("lina", command="c"))
    assert not calls(story.tell(received("1")), GradeSession)


def test_what_is_written_as_the_session_ends_is_not_lost() -> None:
    story = served()
    (call,) = calls(story.tell(received("等等")), Relay)
    decision = story.tell(over("1"))
    assert session(story).state == "vendor"
    assert calls(decision, Introduce)
    story.tell(answer(call))


def test_silence_on_both_sides_ends_it() -> None:
    story = served()
    story.tell(fired(story.conversation))
    assert (session(story).state, session(story).reason) == ("closed", "vendor_idle")


def test_their_people_may_turn_to_the_customer_by_themselves() -> None:
    story = served()
    story.tell(over("1"))
    decision = story.tell(began("9"))
    assert calls(decision, Introduce) == []
    assert (session(story).state, stay(story).vendor_session) == ("vendor", "9")


def test_the_vendors_line_entered_without_our_asking_is_followed() -> None:
    story = Story(bridged())
    story.tell(answer(introduced(story), Stood(standing="machine")))
    story.tell(pushed(LinedUp(ahead=3)))
    assert (stay(story).standing, stay(story).ahead) == ("line", 3)
    assert stay(story).ask_place_at is not None


def test_whatever_else_is_told_is_kept() -> None:
    story = served()
    (message,) = story.tell(pushed(Told(name="X", raw={"a": 1}))).messages
    assert message.content == Event(name="vendor_event", detail={"name": "X", "account": "qiyu", "raw": {"a": 1}})


def test_one_that_is_only_given_messages_has_the_customer_from_the_first() -> None:
    story = Story(bridged(silent_bridge()))
    decision = story.tell(entered())
    assert len(relayed(decision)) == 1
    assert len(relayed(story.tell(received()))) == 1
    assert story.conversation.ledger.balance(at(1)).at_most


def test_the_bot_hands_off_to_the_vendor_where_the_app_says_so() -> None:
    story = Story(bridged(entry="bot", after_bot={"kind": "vendor", "name": "qiyu"}))
    story.tell(received("你好"), answered(hand_off=True))
    assert (session(story).state, stay(story).account) == ("vendor", "qiyu")


def test_what_the_bot_has_answered_is_context_and_not_passed_on_anew() -> None:
    story = Story(bridged(entry="bot", after_bot={"kind": "vendor", "name": "qiyu"}))
    story.tell(received("几点开门"), answered("九点"), received("人"))
    call = only(story.tell(answered(turn=2, hand_off=True)), Introduce)
    (last,) = session(story).unanswered
    assert last.id == written(story)[-1].id
    assert isinstance(call.call, Introduce)
    assert call.call.before_seq == last.seq


def test_a_reply_held_for_the_customer_leaves_with_their_next_message() -> None:
    story = served()
    story.tell(spoken(*"123456"))
    for message in [m for m in story.history if m.direction == "outbound"][:5]:
        story.tell(settled(message.id))
    assert said(story.tell(received("好的", seconds=60))) == ["6"]


def test_a_fallback_to_the_bot_asks_it_what_nobody_answered() -> None:
    fallback = {"when": "vendor_down", "to": {"kind": "bot"}, "say": "正在为您转接"}
    story = in_line(fallbacks=[fallback])
    story.tell(received("退款"))
    decision = story.tell(pushed(WaitedTooLong()))
    asked = [command for command in decision.commands if isinstance(command, AskBot)]
    assert [command.inputs for command in asked] == [("你好", "退款")]


def test_a_vendors_line_is_no_silence_and_what_is_kept_is_never_dropped_with_it() -> None:
    story = in_line()
    seconds = 0.0
    while seconds < 4000:
        timer = story.tell(fired(story.conversation).but(occurred_at=at(seconds)))
        seconds += 30
        story.tell(*(answer(c, Stood(standing="line", ahead=2), seconds=seconds) for c in calls(timer, AskPlace)))
    assert session(story).state == "vendor"
    for _ in range(100):
        if session(story).state != "vendor":
            break
        story.tell(fired(story.conversation))
    assert session(story).state == "waiting", "its answers stopped: whoever is kept waiting is for our agents"


def test_a_vendor_of_which_nothing_is_heard_is_left_in_time() -> None:
    story = Story(bridged())
    introduced(story)
    story.tell(fired(story.conversation))
    assert (session(story).state, session(story).waiting_since) == ("waiting", at(30))


def test_a_vendor_that_gets_on_is_not_left_however_much_is_under_way() -> None:
    story = served()
    first, second, third = (
        only(story.tell(received(text, seconds=seconds)), Relay)
        for text, seconds in (("一", 0), ("二", 20), ("三", 28))
    )
    story.tell(answer(first, seconds=29), fired(story.conversation).but(due_at=at(30)))
    assert session(story).state == "vendor"
    story.tell(answer(second, seconds=45), answer(third, seconds=50))
    assert stay(story).answer_by is None


def test_many_kept_messages_have_time_to_follow_one_another() -> None:
    story = Story(bridged(flood=None))
    call = introduced(story)
    story.tell(*(received(str(number)) for number in range(40)))
    given = calls(story.tell(answer(call)), Relay)
    assert given[-1].expires_at - given[0].expires_at >= timedelta(seconds=40)


def test_a_farewell_that_comes_after_the_end_is_sent_and_opens_nothing() -> None:
    story = served()
    story.tell(over("1"))
    assert said(story.tell(spoken("再见", seconds=20))) == ["再见"]
    assert session(story).state == "closed"


def test_what_their_people_write_later_opens_a_session_with_them() -> None:
    story = served()
    story.tell(over("1"))
    assert said(story.tell(spoken("查到了", seconds=600))) == ["查到了"]
    assert (session(story).state, stay(story).account, stay(story).standing) == ("vendor", "qiyu", "person")


def test_all_of_many_unanswered_messages_follow() -> None:
    fallback = {"when": "vendor_down", "to": {"kind": "vendor", "name": "zhima"}}
    story = Story(bridged(bridge(), silent_bridge(), fallbacks=[fallback], flood=None))
    call = introduced(story, "0")
    story.tell(*(received(str(number)) for number in range(1, 31)))
    decision = story.tell(answer(call, outcome="expired"))
    assert len(relayed(decision)) == 31


def test_a_message_that_the_vendor_refused_still_has_to_be_answered() -> None:
    story = served()
    (call,) = calls(story.tell(received("太长")), Relay)
    story.tell(answer(call, outcome="refused", code="14501"), spoken("好"))
    assert [one.id for one in session(story).unanswered] == [written(story)[-1].id]
    assert session(story).attention is not None


def test_what_one_took_who_answers_out_of_sight_is_nobody_elses_to_answer() -> None:
    story = Story(bridged(silent_bridge()))
    (call,) = calls(story.tell(received("一")), Relay)
    story.tell(answer(call))
    assert session(story).unanswered == ()


def test_the_end_of_a_stay_before_ends_nothing_and_its_beginning_begins_nothing() -> None:
    story = served()
    story.tell(accept("lina"), claimed("lina", command="c"))
    call = only(story.tell(transfer("lina", to_vendor="qiyu")), Introduce)
    story.tell(answer(call, Stood(standing="line", ahead=0)), over("1"), began("1"))
    assert (session(story).state, stay(story).standing) == ("vendor", "line")


def test_a_session_that_the_vendor_goes_on_with_is_not_past() -> None:
    story = served()
    story.tell(accept("lina"), claimed("lina", command="c"))
    call = only(story.tell(transfer("lina", to_vendor="qiyu")), Introduce)
    decision = story.tell(answer(call, person("1")))
    story.tell(*(answer(relay) for relay in calls(decision, Relay)), over("1"))
    assert session(story).state == "closed"


def test_a_grade_opens_the_window_for_what_was_held() -> None:
    story = served()
    story.tell(invited(), spoken(*"123456"))
    for message in [m for m in story.history if m.direction == "outbound"][:5]:
        story.tell(settled(message.id))
    assert said(story.tell(received("1", seconds=60)))[0] == "5"


def test_the_vendors_robot_keeps_to_the_machines_budget() -> None:
    story = Story(bridged(bot_budget=2))
    story.tell(answer(introduced(story), Stood(standing="machine")))
    decision = story.tell(spoken("一", "二", "三"))
    assert said(decision) == ["一", "二"]
    assert "bot_reply_skipped" in events(decision)
    assert story.conversation.held == ()


def test_who_has_only_entered_is_put_in_no_line_when_the_vendor_is_away() -> None:
    story = Story(bridged(bridge(takes_events=True)))
    call = only(story.tell(entered()), Introduce)
    story.tell(answer(call, Stood(standing="nobody")))
    assert (session(story).state, session(story).sent_to_bot) == ("bot", False)
    assert calls(story.tell(received()), Introduce)


def test_the_vendor_that_has_it_is_not_given_it_again() -> None:
    story = served()
    verdict = story.tell(transfer("boss", to_vendor="qiyu").but(supervises=True)).verdict
    assert verdict is not None
    assert verdict.problem is not None
    assert calls(story.decisions[-1]) == []
