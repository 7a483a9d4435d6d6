"""What a vendor answers to a call, and what it tells of its own accord: in our words, whichever vendor it is."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from shared.conversation.content import Frozen, Sendable
from shared.conversation.fact import Fact, MediaSource
from shared.conversation.quota import Outcome

CallKind = Literal["introduce", "relay", "ask_place", "leave_line", "grade"]
Standing = Literal["line", "machine", "person", "word", "nobody"]
"""In the vendor's line; with its robot; with one of its people; nobody is there, and what the customer writes is kept
for them (`word`), or not even that (`nobody`)."""
EndReason = Literal["closed", "idle", "to_person", "staff_left", "transferred", "other"]


NEVER_INTRODUCED: Final = "never_introduced"
"""The code of a refused message whose customer nobody at the vendor has, or not any more."""


class Grade(Frozen):
    """One thing a customer may think of a vendor's session: its name, and the vendor's number for it."""

    name: str
    value: int


class Stood(Frozen):
    """How a customer stands with a vendor, as far as it said. `said` are its words for the customer, as plain text.

    `vendor_session` is the vendor's own number of its session, as text; `ahead` is how many are before them in line.
    """

    standing: Standing
    said: str | None = None
    ahead: int | None = None
    vendor_session: str | None = None
    staff: str | None = None
    grades: tuple[Grade, ...] = ()


class VendorAnswered(Fact):
    """How a call to a vendor ended. `bridging` numbers the stay it was made in, `message_id` names what was relayed.

    `stood` is what the vendor said where the call asks for it. `code` `breaker_open`: it was not even tried.
    """

    kind: Literal["vendor_answered"] = "vendor_answered"
    account: str
    call_id: str
    call: CallKind
    bridging: int
    outcome: Outcome
    message_id: str | None = None
    code: str | None = None
    reason: str | None = None
    down: bool = False
    """Nothing else would get through either: the breaker is open, or the account cannot be used."""
    stood: Stood | None = None


class Said(Frozen):
    """Somebody there wrote to the customer, in these parts; `media` says where the picture of a part is, by its id."""

    event: Literal["said"] = "said"
    parts: tuple[Sendable, ...] = Field(min_length=1)
    media: tuple[MediaSource, ...] = ()
    staff: str | None = None
    machine: bool = False
    reported: bool = False
    """The customer has it already, by the vendor's own way to WeChat: it is for the history, never to be sent."""
    command_id: str | None = None
    """Where the vendor waits for our word on it: the verdict under this id is that."""
    digest: str = ""


class Started(Frozen):
    """The customer is with somebody there now; `transferred_from` is the vendor's session before."""

    event: Literal["started"] = "started"
    stood: Stood
    transferred_from: str | None = None


class Ended(Frozen):
    """A session of the vendor's ended, which need not be the one in force. `transferred_to`: the one that follows."""

    event: Literal["ended"] = "ended"
    vendor_session: str | None = None
    why: EndReason = "closed"
    transferred_to: str | None = None


class Invited(Frozen):
    """Somebody there asks the customer to grade the session."""

    event: Literal["invited"] = "invited"
    vendor_session: str | None = None


class LinedUp(Frozen):
    """The customer stands in the vendor's line, without our having asked."""

    event: Literal["lined_up"] = "lined_up"
    ahead: int | None = None


class WaitedTooLong(Frozen):
    """The vendor's line has let go of the customer."""

    event: Literal["waited_too_long"] = "waited_too_long"


class Told(Frozen):
    """Anything else: kept as it came, and nothing follows from it."""

    event: Literal["told"] = "told"
    name: str
    raw: dict[str, Any] = Field(default_factory=dict)


VendorEvent = Annotated[Said | Started | Ended | Invited | LinedUp | WaitedTooLong | Told, Field(discriminator="event")]


class VendorPushed(Fact):
    """A vendor's push about this customer. `occurred_at` is the vendor's time where it gives one."""

    kind: Literal["vendor_pushed"] = "vendor_pushed"
    account: str
    event: VendorEvent
