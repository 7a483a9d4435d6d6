from typing import Any

from shared.conversation.commands import AskBot, RecordSession, ReleaseClaim
from shared.conversation.content import Event
from shared.conversation.decide import decide
from shared.conversation.facts import BlockCustomer
from shared.conversation.policy import Flood, Policy
from tests.support.facts import Story, asked, at, entered, received

POLICY = Policy(flood=Flood(messages=5, seconds=60))


def events(story: Story) -> list[str]:
    messages = [message for decision in story.decisions for message in decision.messages]
    return [message.content.name for message in messages if isinstance(message.content, Event)]


def block(agent: str = "lina", *, blocked: bool = True, **more: Any) -> BlockCustomer:
    supervises = more.pop("supervises", False)
    return BlockCustomer(**asked(agent, **more), blocked=blocked, supervises=supervises)


def problem_of(story: Story) -> str | None:
    verdict = story.decisions[-1].verdict
    assert verdict is not None
    return verdict.problem.code if verdict.problem else None


def test_what_is_too_much_is_kept_and_reaches_nobody() -> None:
    story = Story(POLICY).with_agent()
    story.tell(*(received(f"{n}", seconds=n) for n in range(1, 20)))
    assert story.conversation.last_seq == 20 + 2 + 1, "every message, the two events of the line, and the warning"
    assert story.conversation.unread == 5
    assert events(story).count("customer_flooding") == 1


def test_it_opens_no_session_and_asks_no_bot() -> None:
    story = Story(POLICY)
    story.tell(*(received(f"{n}", seconds=n) for n in range(5)))
    decision = story.tell(received("还有", seconds=6))
    assert not [command for command in decision.commands if isinstance(command, AskBot)]
    assert story.conversation.unread == 5
    assert story.remaining > 0, "WeChat's window is open all the same"


def test_who_stops_for_a_while_is_heard_again() -> None:
    story = Story(POLICY).with_agent()
    story.tell(*(received(f"{n}", seconds=n) for n in range(1, 10)))
    story.tell(received("在吗", seconds=40))
    assert story.conversation.unread == 5, "who goes on is not heard for a while longer"
    story.tell(received("抱歉", seconds=140))
    assert story.conversation.unread == 6
    story.tell(*(received(f"{n}", seconds=200 + n) for n in range(1, 10)))
    assert events(story).count("customer_flooding") == 2


def test_a_backlog_of_ours_is_no_flood_of_theirs() -> None:
    """After an outage they all come at once; by WeChat's time they were minutes apart."""
    story = Story(POLICY).with_agent()
    story.tell(*(received(f"{n}", seconds=30 * n) for n in range(1, 30)))
    assert story.conversation.unread == 30
    assert "customer_flooding" not in events(story)


def test_without_a_limit_nothing_is_too_much() -> None:
    story = Story(POLICY.but(flood=None)).with_agent()
    story.tell(*(received(f"{n}", seconds=1) for n in range(100)))
    assert story.conversation.unread == 101
    assert story.conversation.torrent is None


def test_a_blocked_customer_reaches_nobody_and_loses_nothing() -> None:
    story = Story(POLICY).with_agent()
    decision = story.tell(block(seconds=5))
    assert problem_of(story) is None
    assert story.state == "closed"
    assert {type(command) for command in decision.commands} >= {ReleaseClaim, RecordSession}
    seq = story.conversation.last_seq
    story.tell(received("骂人的话", seconds=60), entered(seconds=100))
    assert story.conversation.last_seq == seq + 2
    assert (story.state, story.conversation.unread, story.conversation.due_at) == ("closed", 0, None)


def test_who_was_blocked_is_served_again() -> None:
    story = Story(POLICY).with_agent()
    story.tell(block(seconds=5), received(seconds=60), block(blocked=False, seconds=70))
    assert problem_of(story) is None
    story.tell(received("你好", seconds=80))
    assert story.state == "waiting"
    assert events(story).count("customer_blocked") == events(story).count("customer_unblocked") == 1


def test_a_colleague_may_neither_block_nor_unblock_and_a_supervisor_may_both() -> None:
    story = Story(POLICY).with_agent("lina")
    story.tell(block("omar"))
    assert problem_of(story) == "forbidden"
    story.tell(block("boss", supervises=True), block("lina", blocked=False))
    assert problem_of(story) == "forbidden"
    story.tell(block("boss", supervises=True, blocked=False))
    assert problem_of(story) is None
    assert story.conversation.blocked_at is None


def test_blocking_twice_says_so_once() -> None:
    story = Story(POLICY).with_agent()
    story.tell(block("boss", supervises=True), block("boss", supervises=True))
    assert events(story).count("customer_blocked") == 1
    assert story.conversation.blocked_by is not None
    assert story.conversation.blocked_by.id == "boss"


def test_who_writes_slowly_after_a_flood_is_heard_again() -> None:
    story = Story(POLICY).with_agent()
    story.tell(*(received(f"{n}", seconds=n) for n in range(1, 10)))
    story.tell(*(received(f"{n}", seconds=100 + 50 * n) for n in range(10)))
    assert story.conversation.unread == 5 + 10


def test_a_message_that_took_longer_on_its_way_is_no_part_of_what_came_since() -> None:
    story = Story(POLICY).with_agent()
    story.tell(received("新", seconds=4000), *(received(f"{n}", seconds=60 * n) for n in range(1, 40)))
    assert "customer_flooding" not in events(story)


def test_a_clock_that_is_ahead_silences_nobody_for_hours() -> None:
    story = Story(POLICY).with_agent()
    ahead = received("明天的", seconds=80_000)
    story.conversation = decide(story.conversation, ahead, policy=POLICY, now=at(10)).conversation
    story.tell(*(received(f"{n}", seconds=20 + 30 * n) for n in range(40)))
    assert story.conversation.unread == 42
