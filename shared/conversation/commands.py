"""What follows from a decision: imperative, repeatable, with ids derived from their cause."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from shared.conversation.content import Frozen, Sendable
from shared.conversation.fact import MediaSource
from shared.conversation.facts import DeletionReason
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


class Introduce(Frozen):
    """Tell the vendor who comes, with the last messages before `before_seq`, and ask it to take them."""

    call: Literal["introduce"] = "introduce"
    before_seq: int
    wants_person: bool = False


class Relay(Frozen):
    """Give the vendor this message of the customer, or that they entered."""

    call: Literal["relay"] = "relay"
    message_id: str


class AskPlace(Frozen):
    """Ask how many are before the customer in the vendor's line."""

    call: Literal["ask_place"] = "ask_place"


class LeaveLine(Frozen):
    """The customer waits in the vendor's line no longer."""

    call: Literal["leave_line"] = "leave_line"


class GradeSession(Frozen):
    """The customer's opinion of a vendor's session: `value` is one of that session's grades."""

    call: Literal["grade"] = "grade"
    vendor_session: str
    value: int


VendorCall = Annotated[Introduce | Relay | AskPlace | LeaveLine | GradeSession, Field(discriminator="call")]


class CallVendor(Command):
    """One call to a vendor on a customer's behalf, before `expires_at`; the answer names `call_id` and `bridging`.

    `place` is as in SendMessage, among the calls of this conversation to this account.
    """

    kind: Literal["call_vendor"] = "call_vendor"
    call_id: str
    vendor: str
    account: str
    openid: str
    bridging: int
    call: VendorCall
    place: tuple[int, int]
    expires_at: datetime


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
    | CallVendor
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
