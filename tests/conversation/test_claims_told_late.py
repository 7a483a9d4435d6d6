"""What the walks found: claims told late, twice, or to who was told no; commands from before a deletion."""

from shared.conversation.commands import ClaimWanted, ReleaseClaim
from shared.conversation.draft import Decision
from shared.conversation.facts import AgentClaimed
from shared.conversation.ids import claim_id, session_id
from shared.conversation.policy import Policy
from tests.support.facts import (
    CONVERSATION,
    Story,
    accept,
    at,
    claimed,
    deleted,
    handed,
    noted,
    questioned,
    received,
    refused,
    tagged,
)

FIRST = claim_id(session_id(CONVERSATION, 1), 1)
IN_LINE = Policy(entry="agents")


def released(decision: Decision) -> list[str]:
    return [command.claim_id for command in decision.commands if isinstance(command, ReleaseClaim)]


def won(wanted: ClaimWanted, seconds: float = 0) -> AgentClaimed:
    number = int(wanted.claim_id.rsplit(".", 1)[1])
    return claimed(wanted.agent_id, assignment=number, command=wanted.command_id, seconds=seconds)


def test_a_claim_that_the_sweep_had_given_back_is_not_taken_afterwards() -> None:
    """The room was given back, and may be somebody else's by now."""
    story = Story(IN_LINE)
    story.tell(received())
    assert released(story.tell(questioned("lina", FIRST, seconds=40))) == [FIRST]
    story.tell(claimed("lina", seconds=41))
    assert story.state == "waiting"
    story.tell(claimed("lina", assignment=2, seconds=42))
    assert story.state == "agent", "the next one counts"


def test_an_offer_that_came_too_late_is_not_taken_when_it_is_told_again() -> None:
    story = Story(Policy())
    offer = claimed("lina").but(offered_until=at(30))
    story.tell(received())
    assert released(story.tell(offer)) == [FIRST], "the bot has them"
    story.tell(received("人工", seconds=5), offer.but(cause="told again"))
    assert story.state == "waiting"
    assert story.conversation.session is not None
    assert story.conversation.session.offer is None


def test_who_has_heard_that_there_is_no_room_does_not_get_the_session_after_all() -> None:
    story = Story(IN_LINE)
    story.tell(received())
    (wanted,) = story.tell(accept("omar", key="k")).commands
    assert isinstance(wanted, ClaimWanted)
    story.tell(refused(wanted.command_id, seconds=1))
    assert released(story.tell(won(wanted, seconds=2))) == [wanted.claim_id]
    assert story.state == "waiting"


def test_what_an_agent_asks_for_while_it_is_offered_to_them_is_theirs() -> None:
    story = Story(IN_LINE)
    story.tell(received())
    (wanted,) = story.tell(accept("lina", key="k")).commands
    assert isinstance(wanted, ClaimWanted)
    story.tell(claimed("lina").but(offered_until=at(30)))
    decision = story.tell(won(wanted, seconds=1))
    assert decision.verdict is not None
    assert (story.state, decision.verdict.problem, released(decision)) == ("agent", None, [])


def test_what_was_asked_before_a_customer_was_deleted_is_forgotten_with_them() -> None:
    """Told again when they have come back, and nothing remembers that it was done."""
    story = Story(IN_LINE)
    early = (tagged("VIP", seconds=1), noted(seconds=2), handed(1, "7", seconds=3))
    story.tell(received(), *early, deleted(seconds=10), received(seconds=20))
    before = story.conversation
    story.tell(*early)
    assert story.conversation is before
    story.tell(tagged("VIP", seconds=30))
    assert story.conversation.tags == ("VIP",)
