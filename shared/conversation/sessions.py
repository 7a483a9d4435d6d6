"""The life of a session: it opens when the customer comes, and ends once, with a reason."""

from datetime import timedelta

from shared.conversation.commands import ArmHandover, RecordSession, ReleaseClaim
from shared.conversation.draft import Draft
from shared.conversation.machine_words import say
from shared.conversation.model import BOT, SYSTEM, Party, Session
from shared.conversation.ratings import ask_rating
from shared.conversation.vendor_calls import leave_vendor


def ensure_session(draft: Draft) -> None:
    """A customer who comes back after a close opens the next session, soon enough for the agent they had."""
    if draft.has_open_session:
        return
    last = draft.conversation.session
    opened = Session(
        number=last.number + 1 if last else 1,
        state="bot",
        opened_at=draft.now,
        active_at=draft.now,
        responder=BOT,
        wanted=_comes_back_to(draft, last),
    )
    draft.update(session=opened, unread=0)


def end_session(draft: Draft, reason: str, *, by: Party = SYSTEM, farewell: bool = True) -> None:
    """Close the session, give its agent's room back and keep its record, which says who held it at the end."""
    held_by = draft.session.responder
    release_claim(draft)
    disarm(draft)
    leave_vendor(draft)
    if farewell and draft.session.state == "agent":
        say(draft, draft.policy.closing, "closing")
        ask_rating(draft)
    draft.add_event("session_closed", reason=reason, by=by.name)
    draft.update(unasked=())
    draft.update_session(
        state="closed",
        responder=None,
        turn=None,
        wanted=None,
        wanted_until=None,
        attention=None,
        closed_at=draft.now,
        reason=reason,
    )
    draft.command(RecordSession(**draft.origin, session=draft.session.but(responder=held_by)))


def make_wait(draft: Draft, **for_whom: object) -> None:
    """Nobody serves the session any more, and somebody should."""
    outdate_claims(draft)
    release_claim(draft)
    leave_vendor(draft)
    draft.update(unasked=())
    draft.update_session(
        state="waiting",
        responder=None,
        waiting_since=draft.now,
        asked_at=draft.session.asked_at or (draft.now if draft.session.unanswered_since else None),
        active_at=draft.now,
        turn=None,
        attention=None,
        **for_whom,
    )


def outdate_claims(draft: Draft) -> None:
    """A claim on its way was made for whom it waited for until now: by its number it is told from the next."""
    if draft.session.state == "waiting":
        draft.update_session(assignment=draft.session.assignment + 1)


def release_claim(draft: Draft) -> None:
    """Give back the room of the agent who holds the session, or to whom it is offered."""
    session = draft.session
    responder = session.responder.id if session.responder else None
    holder = session.offer.agent_id if session.offer else responder
    if session.claim is None or holder is None:
        return
    draft.command(ReleaseClaim(**draft.origin, agent_id=holder, claim_id=session.claim))
    draft.update_session(claim=None, offer=None)


def disarm(draft: Draft) -> None:
    """Somebody else serves the session, or nobody any more: no message of it goes to the official console."""
    if draft.session.handover is not None:
        draft.update_session(handover=None)
        draft.command(ArmHandover(**draft.origin, number=draft.conversation.handovers, armed=False))


def _comes_back_to(draft: Draft, last: Session | None) -> str | None:
    """The agent who had the customer's last session, if it ended a short while ago."""
    agent, patience = draft.conversation.last_agent, draft.policy.assignment.reopen_seconds
    if last is None or last.closed_at is None or last.assigned_at is None or agent is None:
        return None
    return agent.id if draft.now - last.closed_at <= timedelta(seconds=patience) and patience else None
