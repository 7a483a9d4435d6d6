"""Sessions as the calls tell them: where they are, why they got there, and what they ask of people."""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from services.console.api.shape import Party, Shape
from shared.conversation import model
from shared.conversation.policy import Policy
from shared.conversation.vendor_facts import Standing


class SessionOffer(Shape):
    """Kept for one agent until they accept or decline it, or the time is up."""

    agent: Party
    until: datetime

    @classmethod
    def of(cls, offer: model.Offer | None) -> "SessionOffer | None":
        if offer is None:
            return None
        return cls(agent=Party(kind="agent", id=offer.agent_id, name=offer.agent_name), until=offer.until)


class Attention(Shape):
    """Somebody should look: an answer is late or soon will be, the window closes, or the agent does not answer."""

    why: model.AttentionReason
    since: datetime

    @classmethod
    def of(cls, attention: model.Attention | None) -> "Attention | None":
        return None if attention is None else cls(why=attention.why, since=attention.since)


class Rated(Shape):
    """What the customer thinks of the session; `not_asked`: the quota had no room for the question."""

    state: Literal["asked", "not_asked", "answered"]
    score: int | None = Field(description="1 to 5, once they answered")
    at: datetime

    @classmethod
    def of(cls, rated: model.Rated | None) -> "Rated | None":
        return None if rated is None else cls(state=rated.state, score=rated.score, at=rated.at)


class Bridging(Shape):
    """The session's stay with a vendor."""

    account: str
    vendor: str
    vendor_name: str = Field(description="what people call the account")
    standing: Standing | None = Field(
        description="line: in the vendor's line; machine: with its robot; person: with one of its people; word: nobody "
        "is there, and what the customer writes is kept for them; nobody: not even that; null: it has not said yet"
    )
    staff: str | None = Field(description="who has the customer there, by the vendor's word")
    ahead: int | None = Field(description="how many are before the customer in the vendor's line")
    shows_replies: bool = Field(description="false: what its people say goes past us, and is not in the history")
    since: datetime
    kept: int = Field(description="messages that wait until somebody there has the customer")
    given: int = Field(description="messages on their way to the vendor")

    @classmethod
    def of(cls, bridging: model.Bridging | None) -> "Bridging | None":
        if bridging is None:
            return None
        return cls(
            account=bridging.account,
            vendor=bridging.vendor,
            vendor_name=bridging.name,
            standing=bridging.standing,
            staff=bridging.staff,
            ahead=bridging.ahead,
            shows_replies=bridging.shows_replies,
            since=bridging.since,
            kept=len(bridging.kept),
            given=len(bridging.given),
        )


class Session(Shape):
    id: str
    state: model.SessionState
    responder: Party | None
    rule: str | None = Field(description="the app's rule that routed it; null: its entry, or people, did")
    group: str | None = Field(description="the group whose agents it waits for; null: whoever serves the app")
    wanted: str | None = Field(description="the one agent it waits for, by login")
    first: bool = Field(description="in front of all others in line")
    offer: SessionOffer | None
    attention: Attention | None
    to_official: bool = Field(description="the customer's next message goes to WeChat's own console")
    bridging: Bridging | None = Field(description="its stay with a vendor, while it has one")
    waiting_since: datetime | None
    answer_by: datetime | None = Field(description="when an answer will be late, by the app's targets; in line only")
    unanswered_since: datetime | None = Field(description="the customer's first message that no person has answered")
    opened_at: datetime
    closed_at: datetime | None
    reason: str | None
    rated: Rated | None

    @classmethod
    def of(cls, conversation: model.Conversation, policy: Policy, now: datetime) -> "Session | None":
        session = conversation.session
        if session is None:
            return None
        waiting = session.state == "waiting"
        return cls(
            id=session.id_in(conversation.id),
            state=session.state,
            responder=Party.of(session.responder) if session.responder else None,
            rule=session.rule,
            group=session.group,
            wanted=_wanted(session, now),
            first=session.first,
            offer=SessionOffer.of(session.offer),
            attention=Attention.of(session.attention),
            to_official=session.handover is not None,
            bridging=Bridging.of(session.bridging),
            waiting_since=session.waiting_since if waiting else None,
            answer_by=_answer_by(session, policy) if waiting else None,
            unanswered_since=session.unanswered_since,
            opened_at=session.opened_at,
            closed_at=session.closed_at,
            reason=session.reason,
            rated=Rated.of(session.rated),
        )


class SessionRecord(Shape):
    """One session of a conversation: the current one, or one that has ended."""

    id: str
    number: int
    state: model.SessionState
    responder: Party | None = Field(description="who holds it, or held it when it ended")
    rule: str | None = Field(description="the app's rule that routed it; null: its entry, or people, did")
    opened_at: datetime
    asked_at: datetime | None = Field(description="when it first came in line; null: it never did")
    assigned_at: datetime | None = Field(description="when an agent first had it")
    first_answer_at: datetime | None = Field(description="when an agent first wrote")
    closed_at: datetime | None
    reason: str | None
    rated: Rated | None

    @classmethod
    def of(cls, conversation: str, session: model.Session) -> "SessionRecord":
        return cls(
            id=session.id_in(conversation),
            number=session.number,
            state=session.state,
            responder=Party.of(session.responder) if session.responder else None,
            rule=session.rule,
            opened_at=session.opened_at,
            asked_at=session.asked_at,
            assigned_at=session.assigned_at,
            first_answer_at=session.first_answer_at,
            closed_at=session.closed_at,
            reason=session.reason,
            rated=Rated.of(session.rated),
        )


class SessionList(Shape):
    items: list[SessionRecord] = Field(description="newest first")
    next: None = None


def _wanted(session: model.Session, now: datetime) -> str | None:
    """Only in line, and only as long as it waits for that agent and for nobody else."""
    lasts = session.wanted_until is None or session.wanted_until > now
    return session.wanted if session.state == "waiting" and lasts else None


def _answer_by(session: model.Session, policy: Policy) -> datetime | None:
    """Counted from when agents work. None too for who is on the way to WeChat's console: nobody here is to answer."""
    seconds = policy.targets.answer_seconds
    if seconds is None or session.waiting_since is None or session.handover is not None:
        return None
    begun = policy.working_from(session.waiting_since)
    return begun + timedelta(seconds=seconds) if begun is not None else None
