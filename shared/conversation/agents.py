"""What agents ask of a conversation that they have, or that anyone may annotate."""

from shared.conversation.bridging import open_stay
from shared.conversation.claims import claim_wanted
from shared.conversation.content import Note
from shared.conversation.draft import Draft
from shared.conversation.facts import (
    AddNote,
    AgentCommand,
    CloseSession,
    DiscardMessage,
    MarkRead,
    MarkSent,
    SendReply,
    TagConversation,
    TransferSession,
)
from shared.conversation.handovers import arm
from shared.conversation.model import MessageChange, Problem
from shared.conversation.policy import bridge_of
from shared.conversation.routes import AGENTS, Destination
from shared.conversation.sending import closed_window, discard_held, hold, may_hold, room, send
from shared.conversation.sessions import end_session
from shared.conversation.turns import send_to_bot
from shared.conversation.waiting import put_in_line


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
    for part in asked.parts:
        put(
            draft,
            part,
            asked.agent,
            command_id=asked.command_id,
            client_id=asked.client_id,
            digest=asked.digest,
            resend_of=asked.resend_of,
        )
    _note_answer(draft, len(asked.parts))
    draft.settle_command(asked)


def transfer(draft: Draft, asked: TransferSession) -> None:
    """To an agent by a claim, who must have room; to a group back in line; to the bot at once."""
    if problem := _not_theirs(draft, asked) or _nowhere(draft, asked):
        draft.settle_command(asked, problem)
        return
    if asked.note:
        draft.add_message(Note(text=asked.note), direction="system", sender=asked.agent)
    if asked.to_agent is not None:
        draft.command(claim_wanted(draft, asked, asked.to_agent))
        return
    bridge = bridge_of(draft.policy, asked.to_vendor)
    if asked.to_bot:
        send_to_bot(draft)
        draft.add_event("session_transferred", to="bot", by=asked.agent_name)
    elif asked.to_official:
        arm(draft, "transferred")
    elif bridge is not None:
        open_stay(draft, bridge, "transferred")
    else:
        put_in_line(draft, "transferred", _line_of(asked.to_group))
    draft.settle_command(asked)


def close(draft: Draft, asked: CloseSession) -> None:
    if problem := _not_theirs(draft, asked):
        draft.settle_command(asked, problem)
        return
    end_session(draft, asked.reason or "closed_by_agent", by=asked.agent)
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
        sender=asked.agent,
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


def _nowhere(draft: Draft, asked: TransferSession) -> Problem | None:
    """Why it cannot go there."""
    if asked.to_official and not draft.policy.may_hand_over:
        detail = "This app does not hand over to the official console; see its settings."
        return Problem(code="conflict", detail=detail)
    bridge, bridging = bridge_of(draft.policy, asked.to_vendor), draft.session.bridging
    if bridging is not None and bridging.account == asked.to_vendor:
        return Problem(code="conflict", detail=f"{bridging.name} has this conversation already.")
    if asked.to_vendor is not None and bridge is None:
        return Problem(code="conflict", detail="This app has no such vendor account, or it cannot be used now.")
    if bridge is not None and bridge.down:
        return Problem(code="conflict", detail=f"{bridge.name} does not answer at the moment; choose somebody else.")
    return None


def _responds(draft: Draft, asked: AgentCommand) -> bool:
    session = draft.conversation.session
    responder = session.responder if session is not None and session.state == "agent" else None
    return responder is not None and responder.id == asked.agent_id


def _note_answer(draft: Draft, messages: int) -> None:
    draft.update(unread=0)
    draft.update_session(
        active_at=draft.now,
        answered_at=draft.now,
        first_answer_at=draft.session.first_answer_at or draft.now,
        agent_messages=draft.session.agent_messages + messages,
        unanswered_since=None,
        unanswered=(),
        attention=None,
        reminded=False,
    )


def _line_of(group: str | None) -> Destination:
    return Destination(kind="group", name=group) if group else AGENTS
