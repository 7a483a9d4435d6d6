"""A conversation, its session and its messages: everything a decision reads and everything it writes."""

from datetime import datetime
from typing import Any, Final, Literal

from pydantic import Field

from shared.conversation.content import Content, Frozen, Sendable
from shared.conversation.ids import claim_id, session_id
from shared.conversation.quota import Ledger
from shared.conversation.vendor_facts import Grade, Standing

SessionState = Literal["bot", "waiting", "agent", "vendor", "official", "closed"]
DeliveryState = Literal["held", "sending", "sent", "refused", "expired", "unknown", "discarded"]
Direction = Literal["inbound", "outbound", "system"]
PartyKind = Literal["customer", "agent", "bot", "vendor", "official", "system"]
AttentionReason = Literal["answer_late", "window_closing", "agent_silent", "not_passed_on"]

HELD_LIMIT: Final = 10
VERDICTS_KEPT: Final = 32
COMMITS_KEPT: Final = 4
TURN_INPUTS_KEPT: Final = 10
KEPT_FOR_VENDOR: Final = 200
UNANSWERED_KEPT: Final = 200
WRITTEN_KEPT: Final = 200
"""Characters of a message that a session remembers until it is answered, for the bot."""
PAST_SESSIONS_KEPT: Final = 10
DECLINED_KEPT: Final = 20

RANKS: Final[dict[DeliveryState, int]] = {
    "held": 0,
    "sending": 1,
    "unknown": 2,
    "sent": 3,
    "refused": 3,
    "expired": 3,
    "discarded": 3,
}
"""A delivery only moves to a higher rank, so a late `unknown` never hides what is known."""


class Party(Frozen):
    """Who a message is from, or who holds a session."""

    kind: PartyKind
    id: str | None = None
    name: str | None = None


CUSTOMER: Final = Party(kind="customer")
BOT: Final = Party(kind="bot")
SYSTEM: Final = Party(kind="system")
OFFICIAL_CONSOLE: Final = Party(kind="official")


class Turn(Frozen):
    """The one question the bot may have outstanding."""

    number: int
    deadline: datetime
    inputs: tuple[str, ...] = ()
    """How what it was asked begins."""


class Offer(Frozen):
    """A session in line, held for one agent until they accept it or the time is up. It is a claim."""

    agent_id: str
    agent_name: str
    until: datetime


class Attention(Frozen):
    """Somebody should look: an answer will be late, the window will close, or the agent does not answer."""

    why: AttentionReason
    since: datetime


class Rated(Frozen):
    """The customer was asked what they think of a session, could not be asked, or has answered with 1 to 5."""

    state: Literal["asked", "not_asked", "answered"]
    at: datetime
    score: int | None = None
    send_id: str | None = None
    """Of the question; where that does not arrive, nobody was asked."""


class Handover(Frozen):
    """The customer's next message goes to the official console. `number` counts the times it was armed.

    `missed_at`: a message came by without being handed over; it is armed anew when this instant has come.
    """

    number: int
    missed_at: datetime | None = None
    missed: int = 0
    """How many messages in a row came by."""
    handed_at: datetime | None = None


class Bridging(Frozen):
    """A session's stay with a vendor. `number` counts the stays of the conversation; answers to calls name it.

    `kept` are messages for the vendor that were not given to it yet, since nobody there has the customer; `given`
    those on their way, neither taken nor refused yet. Both in order, by their ids.
    """

    account: str
    vendor: str
    name: str
    number: int
    standing: Standing | None = None
    """None until the vendor has said."""
    since: datetime
    shows_replies: bool = True
    vendor_session: str | None = None
    staff: str | None = None
    ahead: int | None = None
    worded_at: datetime | None = None
    """When the customer last left word there."""
    grades: tuple[Grade, ...] = ()
    call: str | None = None
    """The call to introduce the customer, while it is under way."""
    wants_person: bool = False
    introduced_anew: int = 0
    """How often it was, since the vendor last took a message, because the vendor did not know the customer."""
    ask_place_at: datetime | None = None
    kept: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    answer_by: datetime | None = None
    """When the vendor must have taken, or answered, what it was given; then somebody else serves the customer."""
    refused: tuple[str, ...] = ()
    """Messages that it will not have, the last few: nobody there has seen them."""


class Grading(Frozen):
    """The customer was asked to grade a vendor's session by a number from 1, in the order of `grades`."""

    bridging: Bridging
    vendor_session: str
    grades: tuple[Grade, ...]
    until: datetime


class Written(Frozen):
    """A message of the customer by its place and id."""

    seq: int
    id: str
    text: str = ""
    """How its words begin, if it has any."""


class Session(Frozen):
    """One bounded episode of service. `assignment` counts the claims ever won for it; `claim` is the one in force."""

    number: int
    state: SessionState
    opened_at: datetime
    active_at: datetime
    responder: Party | None = None
    rule: str | None = None
    """The app's rule that routed it; none: the entry, or an agent did."""
    waiting_since: datetime | None = None
    group: str | None = None
    also_group: str | None = None
    """Whose agents serve it beside the others, since it needs attention."""
    wanted: str | None = None
    """The one agent it waits for, until `wanted_until`; for ever where that is none."""
    wanted_until: datetime | None = None
    first: bool = False
    """In front of all others: it was taken from an agent who went offline."""
    offer: Offer | None = None
    declined: tuple[str, ...] = ()
    """Agents to whom it was offered in vain since it is in line, the last few of them."""
    passed_at: datetime | None = None
    """When it was last offered in vain."""
    fallbacks: tuple[str, ...] = ()
    """The app's fallbacks that are behind it, by name: each is taken once, whatever becomes of the others."""
    words_told: int = 0
    words_told_at: datetime | None = None
    handover: Handover | None = None
    bridging: Bridging | None = None
    vendor: str | None = None
    """The vendor account that has it, or had it last."""
    attention: Attention | None = None
    closed_at: datetime | None = None
    reason: str | None = None
    assignment: int = 0
    claim: str | None = None
    sent_to_bot: bool = False
    """Somebody chose the bot for it: no rule takes it away from there, only the bot's own hand-off does."""
    turn: Turn | None = None
    turns: int = 0
    entered_at: datetime | None = None
    welcomed: bool = False
    told_closed: bool = False
    """The customer was told that nobody works at this hour."""
    unanswered_since: datetime | None = None
    """The customer's first message to which no person has replied."""
    unanswered: tuple[Written, ...] = ()
    """It and those since, the last few: what whoever takes over has to answer."""
    answered_at: datetime | None = None
    """When an agent last wrote."""
    reminded: bool = False
    asked_at: datetime | None = None
    """When it first came in line; with the next two, what reports are made of."""
    assigned_at: datetime | None = None
    held_since: datetime | None = None
    """Since when its agent, or the one who had it last, has it."""
    first_answer_at: datetime | None = None
    served_group: str | None = None
    """In whose line it stood when an agent last got it; none: in nobody's in particular, or in no line."""
    agent_messages: int = 0
    """How many messages agents wrote in it, held ones too."""
    rated: Rated | None = None

    def id_in(self, conversation: str) -> str:
        return session_id(conversation, self.number)

    @property
    def in_line(self) -> bool:
        """Whether it waits for an agent; not while its next message is to go to the official console."""
        return self.state == "waiting" and self.handover is None

    def next_claim_in(self, conversation: str) -> str:
        return claim_id(self.id_in(conversation), self.assignment + 1)


class Held(Frozen):
    """A message that waits until the customer writes again; `due` once they have, should there be no room yet."""

    message_id: str
    content: Sendable
    machine: bool = False
    due: bool = False


class Problem(Frozen):
    """Why a command was not done. `code` is one of the console's problem codes."""

    code: str
    detail: str
    more: dict[str, Any] = Field(default_factory=dict)


class Verdict(Frozen):
    """How an agent's command ended. `digest` tells a repeat from another command under the same id."""

    command_id: str
    digest: str
    at: datetime
    problem: Problem | None = None
    seqs: tuple[int, ...] = ()


class Delivery(Frozen):
    state: DeliveryState
    at: datetime
    code: str | None = None
    reason: str | None = None
    mark: str | None = None
    """An agent's own word on an unknown delivery, kept beside it."""

    @property
    def rank(self) -> int:
        return RANKS[self.state]


class Message(Frozen):
    """One entry of the history. `revision` is the version of the fact that last changed it."""

    id: str
    conversation: str
    app_id: str
    seq: int
    revision: int
    direction: Direction
    sender: Party
    content: Content
    at: datetime
    cause: str
    session_id: str | None = None
    msg_id: str | None = None
    client_id: str | None = None
    command_id: str | None = None
    digest: str | None = None
    resend_of: int | None = None
    delivery: Delivery | None = None
    """Of an inbound message: how it was passed on to a vendor."""
    original: str | None = None
    """The push it came with, kept for apps of which a bridge passes pushes on as they came; shown to nobody."""


class MessageChange(Frozen):
    """A later fact about a message: a new delivery, or content that became known. Guarded by `revision`."""

    message_id: str
    revision: int
    delivery: Delivery | None = None
    content: Content | None = None
    mark: str | None = None
    anew: bool = False
    """The delivery is of another try, whatever became of the one before."""


class ProfileField(Frozen):
    """One thing the mini program's own server tells agents about a customer, as it wants it shown."""

    name: str
    value: str


class Preview(Frozen):
    type: str
    text: str
    direction: Direction


class Torrent(Frozen):
    """How many messages came since an instant; `until`: they were too many, and count for nothing before that."""

    since: datetime
    count: int = 0
    until: datetime | None = None


class Conversation(Frozen):
    """Everything a decision may depend on, bounded in size. `version` counts the facts decided."""

    id: str
    app_id: str
    openid: str
    version: int = 0
    last_seq: int = 0
    decided_at: datetime | None = None
    updated_at: datetime | None = None
    due_at: datetime | None = None
    name: str | None = None
    source: str | None = None
    profile: tuple[ProfileField, ...] = ()
    described_at: datetime | None = None
    """When the newest description of the customer was given; an older one changes nothing."""
    tags: tuple[str, ...] = ()
    unread: int = 0
    inbound_seq: int = 0
    """The place of the customer's last message, of those that `unread` counts."""
    preview: Preview | None = None
    session: Session | None = None
    ledger: Ledger = Ledger()
    held: tuple[Held, ...] = Field((), max_length=HELD_LIMIT)
    unasked: tuple[str, ...] = ()
    """Texts that arrived while the bot was answering; they go into its next turn."""
    verdicts: tuple[Verdict, ...] = ()
    commits: tuple[tuple[str, ...], ...] = ()
    last_agent: Party | None = None
    """The agent who had a session of this customer last."""
    blocked_at: datetime | None = None
    """What the customer writes is kept and brought to nobody since then."""
    blocked_by: Party | None = None
    handovers: int = 0
    """How many times a message was armed for the official console; the number of the last."""
    torrent: Torrent | None = None
    bridgings: int = 0
    """How many stays with vendors there were; the number of the last."""
    grading: Grading | None = None
    past_sessions: tuple[str, ...] = ()
    """Vendors' sessions that are over, the last few: what is told of them late changes nothing."""
    deleted_at: datetime | None = None
    erased_at: datetime | None = None
    """As `deleted_at`, but kept when the customer comes back: what happened up to here is forgotten for good."""

    @property
    def last_sign_at(self) -> datetime | None:
        """When anything was last said here; for a customer who never wrote, when they were last described."""
        return self.updated_at or self.described_at

    def knows(self, fact: str) -> bool:
        return any(fact in commit for commit in self.commits)

    def verdict_on(self, command: str) -> Verdict | None:
        return next((verdict for verdict in self.verdicts if verdict.command_id == command), None)
