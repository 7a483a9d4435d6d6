"""What agents ask of a conversation, and what the one place of assignment answers about their claims."""

from datetime import datetime
from typing import Final

from shared.conversation.commands import ClaimWanted, ReleaseClaim
from shared.conversation.content import Note
from shared.conversation.draft import Draft
from shared.conversation.facts import (
    AcceptSession,
    AddNote,
    AgentClaimed,
    AgentCommand,
    AgentLeft,
    ClaimQuestioned,
    ClaimRefused,
    CloseSession,
    DeclineOffer,
    DiscardMessage,
    MarkRead,
    MarkSent,
    SendReply,
    TagConversation,
    TransferSession,
)
from shared.conversation.handovers import arm
from shared.conversation.model import MessageChange, Offer, Party, Problem, SessionState
from shared.conversation.routes import AGENTS, Destination
from shared.conversation.sending import closed_window, discard_held, hold, may_hold, room, send
from shared.conversation.sessions import disarm, end_session, release_claim
from shared.conversation.waiting import pass_offer_on, put_in_line, send_to_bot

CLAIMABLE: Final[frozenset[SessionState]] = frozenset({"waiting", "bot", "official"})
"""An agent may take these by hand; whom the official console has comes back with the customer's next message."""


def reply(draft: Draft, asked: SendReply) -> None:
    """All parts or none: sent within the quota, else held if the agent wants that and there is space."""
    if problem := _not_theirs(draft, asked):
        draft.settle_command(asked, problem)
        return
    if room(draft) >= len(asked.parts):
        put = send
    elif asked.if_closed == "hold" and may_hold(draft, len(asked.parts)):
        put = hold
    else:
        draft.settle_command(asked, closed_window(draft))
        return
    sender = Party(kind="agent", id=asked.agent_id, name=asked.agent_name)
    for part in asked.parts:
        put(
            draft,
            part,
            sender,
            command_id=asked.command_id,
            client_id=asked.client_id,
            digest=asked.digest,
            resend_of=asked.resend_of,
        )
    draft.update(unread=0)
    session = draft.session
    draft.update_session(
        active_at=draft.now,
        answered_at=draft.now,
        first_answer_at=session.first_answer_at or draft.now,
        unanswered_since=None,
        attention=None,
        reminded=False,
    )
    draft.settle_command(asked)


def accept(draft: Draft, asked: AcceptSession) -> None:
    """The holder accepts again in vain but in peace; a waiting session is claimed in the one place of assignment."""
    session = draft.conversation.session
    if session is not None and session.state == "agent" and session.responder is not None:
        held_by_asker = session.responder.id == asked.agent_id
        draft.settle_command(asked, None if held_by_asker else taken(session.responder))
    elif session is not None and session.offer is not None and session.offer.agent_id == asked.agent_id:
        _assign(draft, Party(kind="agent", id=asked.agent_id, name=asked.agent_name), rule="accepted")
        draft.settle_command(asked)
    elif session is not None and session.state in CLAIMABLE:
        draft.command(_claim_wanted(draft, asked, asked.agent_id))
    else:
        draft.settle_command(asked, Problem(code="conflict", detail="The session is closed; nobody waits here."))


def transfer(draft: Draft, asked: TransferSession) -> None:
    """To an agent by a claim, who must have room; to a group back in line; to the bot at once."""
    problem = _not_theirs(draft, asked)
    if problem is None and asked.to_official and not draft.policy.may_hand_over:
        problem = Problem(
            code="conflict", detail="This app does not hand over to the official console; see its settings."
        )
    if problem is not None:
        draft.settle_command(asked, problem)
        return
    if asked.note:
        sender = Party(kind="agent", id=asked.agent_id, name=asked.agent_name)
        draft.add_message(Note(text=asked.note), direction="system", sender=sender)
    if asked.to_agent is not None:
        draft.command(_claim_wanted(draft, asked, asked.to_agent))
        return
    if asked.to_bot:
        send_to_bot(draft)
        draft.add_event("session_transferred", to="bot", by=asked.agent_name)
    elif asked.to_official:
        arm(draft, "transferred")
    else:
        put_in_line(draft, "transferred", _line_of(asked.to_group))
    draft.settle_command(asked)


def decline(draft: Draft, asked: DeclineOffer) -> None:
    """Only whom it is offered to can decline; anyone else's word changes nothing."""
    offer = draft.conversation.session.offer if draft.conversation.session else None
    if offer is not None and offer.agent_id == asked.agent_id:
        pass_offer_on(draft, "declined")
        draft.settle_command(asked)
    else:
        draft.settle_command(asked, Problem(code="conflict", detail="This is not offered to you any more."))


def close(draft: Draft, asked: CloseSession) -> None:
    if problem := _not_theirs(draft, asked):
        draft.settle_command(asked, problem)
        return
    end_session(draft, asked.reason or "closed_by_agent", by=Party(kind="agent", name=asked.agent_name))
    draft.update(unread=0)
    draft.settle_command(asked)


def discard(draft: Draft, asked: DiscardMessage) -> None:
    if problem := _not_theirs(draft, asked):
        draft.settle_command(asked, problem)
    elif discard_held(draft, asked.message_id):
        draft.settle_command(asked)
    else:
        draft.settle_command(asked, Problem(code="conflict", detail="The message is no longer held."))


def mark_sent(draft: Draft, asked: MarkSent) -> None:
    if problem := _not_theirs(draft, asked):
        draft.settle_command(asked, problem)
        return
    draft.changes.append(
        MessageChange(message_id=asked.message_id, revision=draft.version, mark=f"sent:{asked.agent_name}")
    )
    draft.settle_command(asked)


def tag(draft: Draft, asked: TagConversation) -> None:
    draft.update(tags=asked.tags)
    draft.settle_command(asked)


def add_note(draft: Draft, asked: AddNote) -> None:
    draft.add_message(
        Note(text=asked.text),
        direction="system",
        sender=Party(kind="agent", id=asked.agent_id, name=asked.agent_name),
        command_id=asked.command_id,
        client_id=asked.client_id,
        digest=asked.digest,
    )
    draft.settle_command(asked)


def mark_read(draft: Draft, asked: MarkRead) -> None:
    """Only the responder's reading counts, and only if the customer has written nothing since."""
    if _responds(draft, asked) and draft.conversation.inbound_seq <= asked.seq:
        draft.update(unread=0)
    draft.settle_command(asked)


def take_claim(draft: Draft, claimed: AgentClaimed) -> None:
    """The claim for the next assignment makes its agent the responder, or offers it to them; any other goes back."""
    session = draft.conversation.session
    open_for = {"waiting"} if claimed.offered_until else CLAIMABLE | {"agent"}
    is_next = session is not None and claimed.claim_id == session.next_claim_in(draft.conversation.id)
    if session is None or session.state not in open_for or not is_next:
        _return_stale_claim(draft, claimed)
        return
    release_claim(draft)
    draft.update_session(claim=claimed.claim_id, assignment=session.assignment + 1)
    if claimed.offered_until is not None:
        _offer(draft, claimed, claimed.offered_until)
        return
    _assign(draft, Party(kind="agent", id=claimed.agent_id, name=claimed.agent_name), rule=claimed.rule)
    if claimed.command_id is not None:
        draft.settle(claimed.command_id, claimed.digest)


def refuse_claim(draft: Draft, refused: ClaimRefused) -> None:
    draft.settle(refused.command_id, refused.digest, refused.problem)


def answer_question(draft: Draft, questioned: ClaimQuestioned) -> None:
    """A claim that the session does not show is nobody's: give it back."""
    draft.command(ReleaseClaim(**draft.origin, agent_id=questioned.agent_id, claim_id=questioned.claim_id))


def leave(draft: Draft, left: AgentLeft) -> None:
    """Whoever held the session is gone: back in line, for whoever serves the app; in front where the app says so."""
    first = left.why == "agent_offline" and draft.policy.assignment.offline == "reassign"
    draft.update(last_agent=None)
    put_in_line(draft, left.why, first=first)


def taken(by: Party) -> Problem:
    return Problem(
        code="taken", detail=f"{by.name or by.id} has this conversation.", more={"by": {"id": by.id, "name": by.name}}
    )


def _not_theirs(draft: Draft, asked: AgentCommand) -> Problem | None:
    """Only the responder may act on a session; a supervisor may end or move one of anybody."""
    session = draft.conversation.session
    if session is None or session.state == "closed":
        return Problem(code="not_yours", detail="The session is closed. It opens again when the customer writes.")
    responder = session.responder
    if _responds(draft, asked):
        return None
    if asked.supervises and isinstance(asked, CloseSession | TransferSession):
        return None
    if session.state == "agent" and responder is not None:
        return Problem(code="not_yours", detail=f"{responder.name or responder.id} has this conversation.")
    return Problem(code="not_yours", detail="Accept the conversation first.")


def _responds(draft: Draft, asked: AgentCommand) -> bool:
    session = draft.conversation.session
    responder = session.responder if session is not None and session.state == "agent" else None
    return responder is not None and responder.id == asked.agent_id


def _offer(draft: Draft, claimed: AgentClaimed, until: datetime) -> None:
    offer = Offer(agent_id=claimed.agent_id, agent_name=claimed.agent_name, until=until)
    draft.update_session(offer=offer)
    draft.add_event("session_offered", to=claimed.agent_name, rule=claimed.rule)


def _assign(draft: Draft, agent: Party, *, rule: str) -> None:
    """The claim is theirs already; from now on the session is, too."""
    disarm(draft)
    draft.update(unasked=(), last_agent=agent)
    draft.update_session(
        state="agent",
        responder=agent,
        offer=None,
        declined=(),
        waiting_since=None,
        group=None,
        also_group=None,
        wanted=None,
        wanted_until=None,
        first=False,
        attention=None,
        turn=None,
        active_at=draft.now,
        assigned_at=draft.session.assigned_at or draft.now,
        answered_at=None,
        reminded=False,
    )
    draft.add_event("session_assigned", to=agent.name, rule=rule)


def _line_of(group: str | None) -> Destination:
    return Destination(kind="group", name=group) if group else AGENTS


def _claim_wanted(draft: Draft, asked: AgentCommand, agent_id: str) -> ClaimWanted:
    return ClaimWanted(
        **draft.origin,
        session=draft.session.number,
        claim_id=draft.session.next_claim_in(draft.conversation.id),
        agent_id=agent_id,
        command_id=asked.command_id,
        digest=asked.digest,
    )


def _return_stale_claim(draft: Draft, claimed: AgentClaimed) -> None:
    session = draft.conversation.session
    current = session.claim if session else None
    if current != claimed.claim_id:
        draft.command(ReleaseClaim(**draft.origin, agent_id=claimed.agent_id, claim_id=claimed.claim_id))
    if claimed.command_id is None or draft.conversation.verdict_on(claimed.command_id):
        return
    if session is not None and session.state == "agent" and session.responder is not None:
        own = session.responder.id == claimed.agent_id
        draft.settle(claimed.command_id, claimed.digest, None if own else taken(session.responder))
    else:
        problem = Problem(code="conflict", detail="The session was closed meanwhile.")
        draft.settle(claimed.command_id, claimed.digest, problem)
