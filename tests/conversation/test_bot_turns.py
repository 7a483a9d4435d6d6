from shared.conversation.commands import AskBot, SendMessage
from shared.conversation.content import Event
from shared.conversation.policy import IdleLimits, Policy
from tests.support.facts import Story, answered, at, fired, received


def sent(story: Story) -> list[str]:
    commands = [c for decision in story.decisions for c in decision.commands]
    return [c.content.model_dump()["text"] for c in commands if isinstance(c, SendMessage)]


def test_one_turn_at_a_time_and_what_came_meanwhile_goes_into_the_next() -> None:
    story = Story()
    story.tell(received("一"))
    assert story.tell(received("二")).commands == ()
    assert story.tell(received("三")).commands == ()
    decision = story.tell(answered("答"))
    assert [(c.turn, c.inputs) for c in decision.commands if isinstance(c, AskBot)] == [(2, ("二", "三"))]


def test_an_answer_to_another_turn_changes_nothing() -> None:
    story = Story()
    story.tell(received("一"))
    before = story.conversation
    story.tell(answered("答", turn=2))
    story.tell(answered("答", session=2))
    assert story.conversation is before


def test_the_bot_spends_no_more_than_its_budget_and_says_what_it_skipped() -> None:
    story = Story(Policy(bot_budget=2))
    decision = story.tell(received("一"), answered("a", "b", "c"))
    assert sent(story) == ["a", "b"]
    skipped = [m.content for m in decision.messages if isinstance(m.content, Event)]
    assert skipped == [Event(name="bot_reply_skipped", detail={"what": "keyword", "count": 1})]
    assert story.remaining == 3


def test_a_bot_that_hands_off_puts_the_customer_in_line() -> None:
    story = Story()
    story.tell(received("投诉"), answered("请稍候", hand_off=True))
    assert (story.state, sent(story)) == ("waiting", ["请稍候"])


def test_a_silent_bot_hands_off_at_its_deadline() -> None:
    story = Story(Policy(bot_turn_seconds=10))
    story.tell(received("在吗"))
    assert story.conversation.due_at == at(10)
    story.tell(fired(story.conversation))
    assert story.state == "waiting"


def test_a_timer_for_another_instant_decides_nothing() -> None:
    story = Story()
    story.tell(received("在吗"))
    late = fired(story.conversation)
    story.tell(answered("答", seconds=5))
    before = story.conversation
    story.tell(late)
    assert story.conversation is before


def test_an_idle_session_closes_with_the_reason() -> None:
    story = Story(Policy(idle_close_seconds=IdleLimits(bot=60)))
    story.tell(received("在吗"), answered("在", seconds=1))
    assert story.conversation.due_at == at(61)
    story.tell(fired(story.conversation))
    session = story.conversation.session
    assert session is not None
    assert (session.state, session.reason) == ("closed", "idle")
    assert story.conversation.due_at is None


def test_deciding_a_timer_always_moves_it() -> None:
    story = Story()
    story.tell(received("在吗"))
    for _ in range(3):
        due_at = story.conversation.due_at
        if due_at is None:
            break
        story.tell(fired(story.conversation))
        assert story.conversation.due_at != due_at
