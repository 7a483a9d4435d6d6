"""What a customer hears who would wait while nobody works. All of it at noon UTC, when these hours are over."""

from shared.conversation.commands import SendMessage
from shared.conversation.content import Event, Text
from shared.conversation.draft import Decision
from shared.conversation.facts import TransferSession
from shared.conversation.hours import Hours, WeeklyWindow
from shared.conversation.policy import Policy
from tests.support.facts import Story, accept, answered, asked, claimed, close, received, reply, settled

CLOSED = "现在是下班时间，我们 9 点回复您"
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
MORNINGS = Hours(time_zone="UTC", weekly=(WeeklyWindow(days=EVERY_DAY, starts="00:00", ends="12:00"),))
NOON_ON = Hours(time_zone="UTC", weekly=(WeeklyWindow(days=EVERY_DAY, starts="12:00", ends="13:00"),))
POLICY = Policy(entry="agents", hours=MORNINGS, out_of_hours=CLOSED)


def said(decision: Decision) -> list[str]:
    """The texts that were sent, each of which stands in the history as the bot's."""
    texts = [c.content.text for c in decision.commands if isinstance(c, SendMessage) and isinstance(c.content, Text)]
    shown = [
        m.content.text
        for m in decision.messages
        if isinstance(m.content, Text) and m.direction == "outbound" and m.sender.kind == "bot"
    ]
    assert texts == shown
    return texts


def skipped(decision: Decision) -> bool:
    return Event(name="bot_reply_skipped", detail={"what": "out_of_hours", "count": 1}) in [
        m.content for m in decision.messages
    ]


def test_a_customer_who_would_wait_is_told_once_in_a_session() -> None:
    story = Story(POLICY)
    first = story.tell(received("在吗"))
    assert said(first) == [CLOSED]
    assert story.state == "waiting"
    assert [type(m.content).__name__ for m in first.messages] == ["Text", "Event", "Text"]
    assert said(story.tell(received("有人吗", seconds=10))) == []


def test_the_next_session_tells_it_again() -> None:
    story = Story(POLICY)
    story.tell(received(), accept(), claimed(), close())
    assert said(story.tell(received("还有", seconds=60))) == [CLOSED]


def test_while_agents_work_nothing_is_said() -> None:
    assert said(Story(POLICY.but(hours=NOON_ON)).tell(received())) == []
    assert said(Story(POLICY.but(hours=None)).tell(received())) == []
    assert said(Story(POLICY.but(out_of_hours=None)).tell(received())) == []


def test_who_waits_since_before_closing_time_is_told_when_they_write_again() -> None:
    story = Story(POLICY.but(hours=NOON_ON))
    assert said(story.tell(received())) == []
    assert said(story.tell(received("还没人吗", seconds=3601))) == [CLOSED]
    assert said(story.tell(received("？", seconds=3602))) == []


def test_with_the_bot_or_an_agent_nobody_waits() -> None:
    with_bot = Story(POLICY.but(entry="bot"))
    assert said(with_bot.tell(received("你好"))) == []
    with_agent = Story(POLICY.but(out_of_hours=None)).with_agent()
    with_agent.policy = POLICY
    assert said(with_agent.tell(received("？", seconds=5))) == []


def test_the_bots_hand_off_tells_it_after_its_own_words() -> None:
    story = Story(POLICY.but(entry="bot"))
    story.tell(received("怎么退货"))
    assert said(story.tell(answered("为您转人工", hand_off=True))) == ["为您转人工", CLOSED]


def test_it_stays_within_the_machines_budget_and_the_history_says_so() -> None:
    story = Story(POLICY.but(entry="bot", bot_budget=1))
    story.tell(received("怎么退货"))
    decision = story.tell(answered("为您转人工", hand_off=True))
    assert said(decision) == ["为您转人工"]
    assert skipped(decision)
    story.tell(settled(decision.messages[0].id, seconds=1))
    assert said(story.tell(received("好的", seconds=30))) == [CLOSED], "the customer's next message makes room"


def test_without_a_budget_the_machine_is_silent() -> None:
    story = Story(POLICY.but(bot_budget=0))
    decision = story.tell(received())
    assert said(decision) == []
    assert skipped(decision)
    later = story.tell(received("？", seconds=30))
    assert said(later) == []
    assert not skipped(later)


def test_it_overtakes_nothing_that_is_held() -> None:
    story = Story(POLICY.but(hours=NOON_ON)).with_agent()
    story.tell(*(reply(f"{n}", seconds=1) for n in range(5)), reply("等您", seconds=2, if_closed="hold"))
    assert story.conversation.held
    moved = TransferSession(**asked("lina", seconds=3700), to_group="g")
    assert skipped(story.tell(moved))


def test_its_place_is_given_back_when_wechat_refuses_it() -> None:
    story = Story(POLICY)
    decision = story.tell(received())
    assert story.remaining == 4
    story.tell(settled(decision.messages[-1].id, "refused", seconds=1))
    assert story.remaining == 5
