"""A conversation, its session and its messages: everything a decision reads and everything it writes."""

from datetime import datetime
from typing import Any, Final, Literal

from pydantic import Field

from shared.conversation.content import Content, Frozen, Sendable
from shared.conversation.ids import claim_id, session_id
from shared.conversation.quota import Ledger

SessionState = Literal["bot", "waiting", "agent", "vendor", "official", "closed"]
DeliveryState = Literal["held", "sending", "sent", "refused", "expired", "unknown", "discarded"]
Direction = Literal["inbound", "outbound", "system"]

HELD_LIMIT: Final = 10
VERDICTS_KEPT: Final = 32
COMMITS_KEPT: Final = 4
TURN_INPUTS_KEPT: Final = 10

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

    kind: Literal["customer", "agent", "bot", "vendor", "system"]
    id: str | None = None
    name: str | None = None


CUSTOMER: Final = Party(kind="customer")
BOT: Final = Party(kind="bot")
SYSTEM: Final = Party(kind="system")


class Turn(Frozen):
    """The one question the bot may have outstanding."""

    number: int
    deadline: datetime


class Session(Frozen):
    """One bounded episode of service. `assignment` counts the claims ever won for it; `claim` is the one in force."""

    number: int
    state: SessionState
    opened_at: datetime
    active_at: datetime
    responder: Party | None = None
    waiting_since: datetime | None = None
    group: str | None = None
    closed_at: datetime | None = None
    reason: str | None = None
    assignment: int = 0
    claim: str | None = None
    turn: Turn | None = None
    turns: int = 0
    welcomed: bool = False
    told_closed: bool = False
    """The customer was told that nobody works at this hour."""

    def id_in(self, conversation: str) -> str:
        return session_id(conversation, self.number)

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


class MessageChange(Frozen):
    """A later fact about a message: a new delivery, or content that became known. Guarded by `revision`."""

    message_id: str
    revision: int
    delivery: Delivery | None = None
    content: Content | None = None
    mark: str | None = None


class ProfileField(Frozen):
    """One thing the mini program's own server tells agents about a customer, as it wants it shown."""

    name: str
    value: str


class Preview(Frozen):
    type: str
    text: str
    direction: Direction


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
