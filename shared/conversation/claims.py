"""Who gets a session: accepting and declining, and what the one place of assignment says about claims."""

from datetime import datetime
from typing import Final

from shared.conversation.commands import ClaimWanted, ReleaseClaim
from shared.conversation.draft import Draft
from shared.conversation.facts import (
    AcceptSession,
    AgentClaimed,
    AgentCommand,
    AgentLeft,
    ClaimQuestioned,
    ClaimRefused,
    DeclineOffer,
)
from shared.conversation.model import Offer, Party, Problem, Session, SessionState
from shared.conversation.sessions import disarm, release_claim
from shared.conversation.vendor_calls import leave_vendor
from shared.conversation.waiting import pass_offer_on, put_in_line

CLAIMABLE: Final[frozenset[SessionState]] = frozenset({"waiting", "bot", "vendor", "official"})
"""An agent may take these by hand; whom the official console has comes back with the customer's next message."""


def accept(draft: Draft, asked: AcceptSession) -> None:
    """The holder accepts again in vain but in peace; a waiting session is claimed in the one place of assignment."""
    session = draft.conversation.session
    if session is not None and session.state == "agent" and session.responder is not None:
        held_by_asker = session.responder.id == asked.agent_id
        draft.settle_command(asked, None if held_by_asker else taken(session.responder))
    elif session is not None and session.offer is not None and session.offer.agent_id == asked.agent_id:
        _assign(draft, asked.agent, rule="accepted")
        draft.settle_command(asked)
    elif session is not None and session.state in CLAIMABLE:
        draft.command(claim_wanted(draft, asked, asked.agent_id))
    else:
        draft.settle_command(asked, Problem(code="conflict", detail="The session is closed; nobody waits here."))


def decline(draft: Draft, asked: DeclineOffer) -> None:
    """Only whom it is offered to can decline; anyone else's word changes nothing."""
    offer = draft.conversation.session.offer if draft.conversation.session else None
    if offer is not None and offer.agent_id == asked.agent_id:
        pass_offer_on(draft, "declined")
        draft.settle_command(asked)
    else:
        draft.settle_command(asked, Problem(code="conflict", detail="This is not offered to you any more."))


def take_claim(draft: Draft, claimed: AgentClaimed) -> None:
    """The claim for the next assignment makes its agent the responder, or offers it to them; any other goes back."""
    session = draft.conversation.session
    if session is not None and _is_offered(session, claimed):
        _assign(draft, claimed.agent, rule=claimed.rule)
        _settle_claimed(draft, claimed)
        return
    by_hand = claimed.command_id is not None
    open_for = CLAIMABLE | {"agent"} if by_hand else {"waiting"}  # elsewhere they are by somebody's decision
    is_next = session is not None and claimed.claim_id == session.next_claim_in(draft.conversation.id)
    if session is None or session.state not in open_for or not is_next or _was_told_no(draft, claimed):
        _return_stale_claim(draft, claimed)
        return
    release_claim(draft)
    draft.update_session(claim=claimed.claim_id, assignment=session.assignment + 1)
    if claimed.offered_until is not None:
        _offer(draft, claimed, claimed.offered_until)
        return
    _assign(draft, claimed.agent, rule=claimed.rule)
    _settle_claimed(draft, claimed)


def refuse_claim(draft: Draft, refused: ClaimRefused) -> None:
    draft.settle(refused.command_id, refused.digest, refused.problem)


def answer_question(draft: Draft, questioned: ClaimQuestioned) -> None:
    """A claim that the session does not show is nobody's: give it back."""
    _give_back(draft, questioned.agent_id, questioned.claim_id)


def leave(draft: Draft, left: AgentLeft) -> None:
    """Whoever held the session is gone: back in line, for whoever serves the app; in front where the app says so.

    What was only offered to them goes on to the next.
    """
    if draft.session.offer is not None:
        pass_offer_on(draft, "lapsed")
        return
    first = left.why == "agent_offline" and draft.policy.assignment.offline == "reassign"
    draft.update(last_agent=None)
    put_in_line(draft, left.why, first=first)


def taken(by: Party) -> Problem:
    return Problem(
        code="taken", detail=f"{by.name or by.id} has this conversation.", more={"by": {"id": by.id, "name": by.name}}
    )


def claim_wanted(draft: Draft, asked: AgentCommand, agent_id: str) -> ClaimWanted:
    return ClaimWanted(
        **draft.origin,
        session=draft.session.number,
        claim_id=draft.session.next_claim_in(draft.conversation.id),
        agent_id=agent_id,
        command_id=asked.command_id,
        digest=asked.digest,
    )


def _is_offered(session: Session, claimed: AgentClaimed) -> bool:
    """Whether they asked for it by hand while the offer of it to them was on its way: it is one claim."""
    by_hand = claimed.command_id is not None and claimed.offered_until is None
    return by_hand and session.offer is not None and session.claim == claimed.claim_id


def _was_told_no(draft: Draft, claimed: AgentClaimed) -> bool:
    """Whoever asked has heard that there is no room, and went on: asked anew there was some, which goes back."""
    verdict = draft.conversation.verdict_on(claimed.command_id) if claimed.command_id is not None else None
    return verdict is not None and verdict.problem is not None


def _settle_claimed(draft: Draft, claimed: AgentClaimed) -> None:
    if claimed.command_id is not None:
        draft.settle(claimed.command_id, claimed.digest)


def _offer(draft: Draft, claimed: AgentClaimed, until: datetime) -> None:
    offer = Offer(agent_id=claimed.agent_id, agent_name=claimed.agent_name, until=until)
    draft.update_session(offer=offer)
    draft.add_event("session_offered", to=claimed.agent_name, rule=claimed.rule)


def _assign(draft: Draft, agent: Party, *, rule: str) -> None:
    """The claim is theirs already; from now on the session is, too."""
    disarm(draft)
    leave_vendor(draft)
    draft.update(unasked=(), last_agent=agent)
    draft.update_session(
        state="agent",
        responder=agent,
        offer=None,
        declined=(),
        waiting_since=None,
        group=None,
        served_group=draft.session.group,
        also_group=None,
        wanted=None,
        wanted_until=None,
        first=False,
        attention=None,
        turn=None,
        active_at=draft.now,
        assigned_at=draft.session.assigned_at or draft.now,
        held_since=draft.now,
        answered_at=None,
        reminded=False,
    )
    draft.add_event("session_assigned", to=agent.name, rule=rule)


def _give_back(draft: Draft, agent_id: str, claim_id: str) -> None:
    """Its number is used up: whoever tells of this claim later, or again, tells of room that nobody holds any more."""
    draft.command(ReleaseClaim(**draft.origin, agent_id=agent_id, claim_id=claim_id))
    if draft.has_open_session and claim_id == draft.session.next_claim_in(draft.conversation.id):
        draft.update_session(assignment=draft.session.assignment + 1)


def _return_stale_claim(draft: Draft, claimed: AgentClaimed) -> None:
    session = draft.conversation.session
    current = session.claim if session else None
    if current != claimed.claim_id:
        _give_back(draft, claimed.agent_id, claimed.claim_id)
    if claimed.command_id is None or draft.conversation.verdict_on(claimed.command_id):
        return
    draft.settle(claimed.command_id, claimed.digest, _why_stale(session, claimed))


def _why_stale(session: Session | None, claimed: AgentClaimed) -> Problem | None:
    if session is not None and session.state == "agent" and session.responder is not None:
        return None if session.responder.id == claimed.agent_id else taken(session.responder)
    if session is not None and session.state != "closed":
        return Problem(code="conflict", detail="The session has just moved. Try again.")
    return Problem(code="conflict", detail="The session was closed meanwhile.")
