from typing import Any

from shared.conversation.commands import SessionWaiting
from shared.conversation.content import Event
from shared.conversation.hours import Hours
from shared.conversation.policy import Policy
from tests.support.facts import Story, at, claimed, fired, left, received, reply, transfer

POLICY = Policy.model_validate(
    {
        "entry": "agents",
        "targets": {
            "answer_seconds": 300,
            "warn_seconds": 60,
            "window_seconds": 3600,
            "agent_silent_seconds": 600,
            "escalate_to": "leads",
        },
    }
)
HOURS = 3600


def attention(story: Story) -> Any:
    assert story.conversation.session is not None
    return story.conversation.session.attention and story.conversation.session.attention.why


def pass_until(story: Story, seconds: float) -> None:
    """Let every timer up to then fire."""
    while story.conversation.due_at is not None and story.conversation.due_at <= at(seconds):
        story.tell(fired(story.conversation))


def test_before_an_answer_is_late_somebody_is_warned_and_another_group_serves() -> None:
    story = Story(POLICY)
    story.tell(received())
    assert story.conversation.due_at == at(240)
    decision = story.tell(fired(story.conversation))
    assert attention(story) == "answer_late"
    assert story.conversation.session is not None
    assert story.conversation.session.also_group == "leads"
    assert [c for c in decision.commands if isinstance(c, SessionWaiting)]
    assert [m.content.name for m in decision.messages if isinstance(m.content, Event)] == ["attention_needed"]


def test_a_graver_reason_takes_the_place_of_a_lesser_one() -> None:
    story = Story(POLICY)
    story.tell(received())
    pass_until(story, 47 * HOURS)
    assert attention(story) == "window_closing"


def test_a_new_message_opens_the_window_and_takes_that_worry_away() -> None:
    story = Story(POLICY.but(targets=POLICY.targets.but(answer_seconds=None)))
    story.tell(received())
    pass_until(story, 47 * HOURS)
    assert attention(story) == "window_closing"
    story.tell(received("还在吗", seconds=47 * HOURS + 60))
    assert attention(story) is None


def test_an_agent_who_does_not_answer_is_noticed_and_their_answer_ends_it() -> None:
    story = Story(POLICY)
    story.tell(received(), claimed(seconds=100))
    assert attention(story) is None
    pass_until(story, 699)
    assert attention(story) is None
    pass_until(story, 700)
    assert attention(story) == "agent_silent"
    story.tell(reply(seconds=710))
    assert attention(story) is None
    pass_until(story, 5000)
    assert attention(story) is None, "nobody waits for an answer"


def test_the_time_of_an_agent_begins_when_they_get_it() -> None:
    story = Story(POLICY)
    story.tell(received(), claimed(seconds=5000))
    pass_until(story, 5599)
    assert attention(story) is None


def test_back_in_line_the_worry_begins_anew() -> None:
    story = Story(POLICY)
    story.tell(received(), claimed(seconds=10))
    pass_until(story, 620)
    story.tell(transfer("lina", to_group="vip"))
    assert attention(story) is None


def test_without_targets_only_the_window_matters() -> None:
    story = Story(Policy(entry="agents"))
    story.tell(received())
    assert story.conversation.due_at == at(47 * HOURS)


def test_while_nobody_works_no_answer_is_late() -> None:
    evening = Hours.model_validate(
        {"time_zone": "UTC", "weekly": [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "13:00", "to": "18:00"}]}
    )
    story = Story(POLICY.but(hours=evening))
    story.tell(received())
    assert story.conversation.due_at == at(HOURS + 240)


def test_the_second_agents_time_begins_when_they_get_it() -> None:
    story = Story(POLICY)
    story.tell(received(), claimed(seconds=10))
    story.tell(left(why="agent_disabled", seconds=500), claimed("omar", assignment=2, seconds=510))
    pass_until(story, 1100)
    assert attention(story) is None
    pass_until(story, 1110)
    assert attention(story) == "agent_silent"
