"""What follows from a decision: imperative, repeatable, with ids derived from their cause."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from shared.conversation.content import Frozen, Sendable
from shared.conversation.facts import DeletionReason, MediaSource
from shared.conversation.model import Session


class Command(Frozen):
    kind: str
    contract: Literal[1] = 1
    conversation_id: str
    app_id: str
    trace_id: str


class SendMessage(Command):
    """Send one message to a customer before `expires_at`.

    `place` is its order in the conversation: the version that decided it, and the index within.
    """

    kind: Literal["send_message"] = "send_message"
    send_id: str
    openid: str
    content: Sendable
    place: tuple[int, int]
    expires_at: datetime
    ai_label: bool = False


class CopyMedia(Command):
    """Copy a file that came with a push before WeChat forgets it."""

    kind: Literal["copy_media"] = "copy_media"
    message_id: str
    source: MediaSource
    content: Sendable


class AskBot(Command):
    """One turn: what the customer said since the last one (nothing: they entered). Void after `deadline`."""

    kind: Literal["ask_bot"] = "ask_bot"
    session: int
    turn: int
    inputs: tuple[str, ...]
    deadline: datetime


class SessionWaiting(Command):
    """A session is in line; whoever assigns should look."""

    kind: Literal["session_waiting"] = "session_waiting"


class ClaimWanted(Command):
    """A certain agent is wanted for this session, by their own or a colleague's command."""

    kind: Literal["claim_wanted"] = "claim_wanted"
    session: int
    claim_id: str
    agent_id: str
    command_id: str
    digest: str


class ReleaseClaim(Command):
    """Give the agent's room back. Only the conversation's own router does this."""

    kind: Literal["release_claim"] = "release_claim"
    agent_id: str
    claim_id: str


class ArmHandover(Command):
    """The customer's next message goes to the official console; not `armed`: no more, up to `number`."""

    kind: Literal["arm_handover"] = "arm_handover"
    number: int
    armed: bool = True


class RecordDecision(Command):
    """Keep why a session went where it did: `cause` is that of the fact that decided it."""

    kind: Literal["record_decision"] = "record_decision"
    session: int
    cause: str
    rule: str
    to: str
    policy_version: int | None = None


class RecordSession(Command):
    """Keep an ended session in the collection `sessions`."""

    kind: Literal["record_session"] = "record_session"
    session: Session


class EraseCustomer(Command):
    """Delete every message up to `last_seq`, every send and file of the conversation. `cause` is the deletion's."""

    kind: Literal["erase_customer"] = "erase_customer"
    last_seq: int | None = None
    why: DeletionReason = "asked"
    cause: str = ""
    at: datetime | None = None


AnyCommand = Annotated[
    SendMessage
    | CopyMedia
    | AskBot
    | SessionWaiting
    | ClaimWanted
    | ReleaseClaim
    | ArmHandover
    | RecordDecision
    | RecordSession
    | EraseCustomer,
    Field(discriminator="kind"),
]
