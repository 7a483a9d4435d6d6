"""What can happen to a conversation. Facts are past tense; an agent's commands are asked of it in the same way.

Every one names its conversation and its `cause`; two with the same cause are one fact, told twice.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from shared.conversation.content import Content, Event, Sendable
from shared.conversation.fact import Fact, MediaSource
from shared.conversation.model import Party, Problem, ProfileField
from shared.conversation.quota import Outcome
from shared.conversation.vendor_facts import VendorAnswered, VendorPushed

DeletionReason = Literal["asked", "account_cancelled", "quiet"]
"""Somebody asked for it, the customer gave up their WeChat account, or the app keeps nothing for so long."""

LeavingReason = Literal["agent_disabled", "agent_elsewhere", "agent_offline", "agent_absent"]
"""They may not log in any more, do not serve the app any more, have been offline for longer than the app allows, or are
not there to accept what they are offered."""


class MessageReceived(Fact):
    """The customer wrote. `occurred_at` is CreateTime; `msg_id` is None only where WeChat gave none."""

    kind: Literal["message_received"] = "message_received"
    openid: str
    content: Content
    msg_id: str | None = None
    media: MediaSource | None = None
    original: str | None = None
    """The push itself in the clear, for apps of which a bridge passes pushes on as they came."""


class CustomerEntered(Fact):
    """The customer opened the chat by the contact button (`user_enter_tempsession`)."""

    kind: Literal["customer_entered"] = "customer_entered"
    openid: str
    session_from: str | None = None
    original: str | None = None


class EventReceived(Fact):
    """Any other platform event about this customer: kept, and nothing follows from it."""

    kind: Literal["event_received"] = "event_received"
    openid: str
    event: Event


class BotAnswered(Fact):
    """The bot's answer to one turn. An answer to any other turn than the outstanding one changes nothing."""

    kind: Literal["bot_answered"] = "bot_answered"
    session: int
    turn: int
    replies: tuple[Sendable, ...] = ()
    hand_off: bool = False
    reason: str


class SendSettled(Fact):
    """How one send ended, or what is known of it so far. `cause` contains the outcome."""

    kind: Literal["send_settled"] = "send_settled"
    send_id: str
    outcome: Outcome
    attempted_at: datetime | None = None
    code: str | None = None
    reason: str | None = None
    window_closed: bool = False


class MediaSettled(Fact):
    """The copy of an inbound file is there (`width` and `height` in pixels), or cannot be had."""

    kind: Literal["media_settled"] = "media_settled"
    message_id: str
    content: Content


class TimerFired(Fact):
    """The conversation's `due_at` has come. One that names another instant decides nothing."""

    kind: Literal["timer_fired"] = "timer_fired"
    due_at: datetime


class AgentClaimed(Fact):
    """An agent has room and holds `claim_id` for this session's next assignment."""

    kind: Literal["agent_claimed"] = "agent_claimed"
    claim_id: str
    session: int
    agent_id: str
    agent_name: str
    rule: str
    command_id: str | None = None
    digest: str = ""
    offered_until: datetime | None = None
    """They are to accept by then; None: the session is theirs at once."""

    @property
    def agent(self) -> Party:
        return Party(kind="agent", id=self.agent_id, name=self.agent_name)


class ClaimRefused(Fact):
    """The claim an agent's command wanted was not to be had."""

    kind: Literal["claim_refused"] = "claim_refused"
    command_id: str
    digest: str
    problem: Problem


class ClaimQuestioned(Fact):
    """An agent holds a claim that no conversation shows: confirm it or give it back."""

    kind: Literal["claim_questioned"] = "claim_questioned"
    agent_id: str
    claim_id: str


class AgentLeft(Fact):
    """The agent who holds `claim_id` can answer here no more: they may not log in, serve other apps, or are gone."""

    kind: Literal["agent_left"] = "agent_left"
    agent_id: str
    claim_id: str
    why: LeavingReason


class StoodInLine(Fact):
    """What only the one place of assignment sees of a session in line: its place, and whether anybody is there.

    `position` counts from 1 among those that wait for the same agents.
    """

    kind: Literal["stood_in_line"] = "stood_in_line"
    session: int
    position: int
    nobody_online: bool = False


class HandedToOfficial(Fact):
    """The gateway answered this message's push with a transfer: WeChat's own console has the customer now."""

    kind: Literal["handed_to_official"] = "handed_to_official"
    number: int
    msg_id: str


class FactCondemned(Fact):
    """A message for this conversation could not be decided or written and was set aside in `dead`."""

    kind: Literal["fact_condemned"] = "fact_condemned"
    openid: str | None = None
    condemned_kind: str
    dead_id: str
    send_id: str | None = None
    command_id: str | None = None
    digest: str = ""
    inbound: bool = False


class MessageReplayed(Fact):
    """A condemned push, mended: it takes the place of its unreadable message."""

    kind: Literal["message_replayed"] = "message_replayed"
    message_id: str
    received: MessageReceived


class CustomerDescribed(Fact):
    """What the mini program's own server knows of a customer, who may not have written yet. The newest one counts.

    None leaves things as they are; an empty `name` or `profile` takes away what was there.
    """

    kind: Literal["customer_described"] = "customer_described"
    openid: str
    name: str | None = None
    profile: tuple[ProfileField, ...] | None = None


class CustomerDeleted(Fact):
    """Everything of this customer goes; a tombstone stays so that late facts decide nothing.

    With `quiet_since` it only holds for a conversation in which nothing happened since then: a customer who writes
    meanwhile is not forgotten.
    """

    kind: Literal["customer_deleted"] = "customer_deleted"
    why: DeletionReason = "asked"
    quiet_since: datetime | None = None


class AgentCommand(Fact):
    """What an agent asks. `digest` is of its body: the same id with another digest is a conflict."""

    command_id: str
    digest: str
    agent_id: str
    agent_name: str
    supervises: bool = False

    @property
    def agent(self) -> Party:
        return Party(kind="agent", id=self.agent_id, name=self.agent_name)


class SendReply(AgentCommand):
    """Send these parts, in order. `if_closed` says what happens to them when WeChat lets none through.

    `resend_of` is the `seq` of the message that this one repeats by an agent's decision.
    """

    kind: Literal["send_reply"] = "send_reply"
    client_id: str
    parts: tuple[Sendable, ...] = Field(min_length=1)
    if_closed: Literal["refuse", "hold"] = "refuse"
    resend_of: int | None = None


class AcceptSession(AgentCommand):
    kind: Literal["accept_session"] = "accept_session"


class TransferSession(AgentCommand):
    kind: Literal["transfer_session"] = "transfer_session"
    to_agent: str | None = None
    to_group: str | None = None
    to_bot: bool = False
    to_official: bool = False
    to_vendor: str | None = None
    """A vendor account."""
    note: str | None = None


class CloseSession(AgentCommand):
    kind: Literal["close_session"] = "close_session"
    reason: str | None = None


class DeclineOffer(AgentCommand):
    """Not for me: the session goes on to the next agent."""

    kind: Literal["decline_offer"] = "decline_offer"


class BlockCustomer(AgentCommand):
    """Bring nothing of this customer to anybody, or bring it again."""

    kind: Literal["block_customer"] = "block_customer"
    blocked: bool


class DiscardMessage(AgentCommand):
    """Drop a held message."""

    kind: Literal["discard_message"] = "discard_message"
    message_id: str
    seq: int


class MarkSent(AgentCommand):
    """The agent knows that an unknown message arrived; the mark is kept beside what WeChat said."""

    kind: Literal["mark_sent"] = "mark_sent"
    message_id: str
    seq: int


class TagConversation(AgentCommand):
    """These tags instead of those there are, in this order."""

    kind: Literal["tag_conversation"] = "tag_conversation"
    tags: tuple[str, ...] = ()


class AddNote(AgentCommand):
    """Words for colleagues only; also on a closed session."""

    kind: Literal["add_note"] = "add_note"
    client_id: str
    text: str


class MarkRead(AgentCommand):
    """The agent has seen everything up to this place."""

    kind: Literal["mark_read"] = "mark_read"
    seq: int


AnyCommand = (
    SendReply
    | AcceptSession
    | TransferSession
    | CloseSession
    | DeclineOffer
    | BlockCustomer
    | DiscardMessage
    | MarkSent
    | TagConversation
    | AddNote
    | MarkRead
)
AnyFact = Annotated[
    MessageReceived
    | CustomerEntered
    | EventReceived
    | BotAnswered
    | SendSettled
    | MediaSettled
    | TimerFired
    | AgentClaimed
    | ClaimRefused
    | ClaimQuestioned
    | AgentLeft
    | StoodInLine
    | HandedToOfficial
    | VendorAnswered
    | VendorPushed
    | FactCondemned
    | MessageReplayed
    | CustomerDescribed
    | CustomerDeleted
    | SendReply
    | AcceptSession
    | TransferSession
    | CloseSession
    | DeclineOffer
    | BlockCustomer
    | DiscardMessage
    | MarkSent
    | TagConversation
    | AddNote
    | MarkRead,
    Field(discriminator="kind"),
]
