"""The life of a session: it opens when the customer comes, and ends once, with a reason."""

from shared.conversation.commands import RecordSession, ReleaseClaim
from shared.conversation.draft import Draft
from shared.conversation.model import BOT, SYSTEM, Party, Session


def ensure_session(draft: Draft) -> None:
    """A customer who comes back after a close opens the next session."""
    if draft.has_open_session:
        return
    last = draft.conversation.session
    opened = Session(
        number=last.number + 1 if last else 1, state="bot", opened_at=draft.now, active_at=draft.now, responder=BOT
    )
    draft.update(session=opened, unread=0)


def end_session(draft: Draft, reason: str, *, by: Party = SYSTEM) -> None:
    """Close the session, give its agent's room back and keep its record, which says who held it at the end."""
    held_by = draft.session.responder
    release_claim(draft)
    draft.add_event("session_closed", reason=reason, by=by.name)
    draft.update(unasked=())
    draft.update_session(state="closed", responder=None, turn=None, closed_at=draft.now, reason=reason)
    draft.command(RecordSession(**draft.origin, session=draft.session.but(responder=held_by)))


def release_claim(draft: Draft) -> None:
    """Give back the room of the agent who holds the session, if one does."""
    session = draft.session
    if session.claim is None or session.responder is None or session.responder.id is None:
        return
    draft.command(ReleaseClaim(**draft.origin, agent_id=session.responder.id, claim_id=session.claim))
    draft.update_session(claim=None)
