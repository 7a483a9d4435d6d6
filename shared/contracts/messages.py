"""The unions of what each exchange carries, and their encoding."""

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from pydantic import Field, TypeAdapter, ValidationError

from shared.conversation.commands import (
    AskBot,
    CallVendor,
    ClaimWanted,
    CopyMedia,
    SendMessage,
    SessionWaiting,
)
from shared.conversation.content import Frozen
from shared.conversation.fact import Fact
from shared.conversation.facts import AnyFact


class Unreadable(Exception):
    """The body is not a message of any kind and version this process understands."""


class AgentChanged(Frozen):
    """An agent's presence, capacity or load changed: someone may have room."""

    kind: Literal["agent_changed"] = "agent_changed"
    contract: Literal[1] = 1
    agent_id: str
    trace_id: str


class Swept(Frozen):
    """A second has passed; look after whatever a lost message left behind."""

    kind: Literal["swept"] = "swept"
    contract: Literal[1] = 1
    trace_id: str


class SendDue(Frozen):
    """A deferred send of this conversation may start now; `lane`: a deferred call in this vendor's lane."""

    kind: Literal["send_due"] = "send_due"
    contract: Literal[1] = 1
    conversation_id: str
    app_id: str
    trace_id: str
    lane: str | None = None


class ShowTyping(Frozen):
    """Show the customer that an agent types; worthless after `expires_at`."""

    kind: Literal["show_typing"] = "show_typing"
    contract: Literal[1] = 1
    conversation_id: str
    app_id: str
    openid: str
    typing: bool
    expires_at: datetime
    trace_id: str


class KeepToken(Frozen):
    """Somebody needs the app's access token soon: see that a live one is stored."""

    kind: Literal["keep_token"] = "keep_token"
    contract: Literal[1] = 1
    app_id: str
    trace_id: str


Offer = Annotated[SessionWaiting | ClaimWanted | AgentChanged | Swept, Field(discriminator="kind")]
Outbound = Annotated[
    SendMessage | CallVendor | CopyMedia | SendDue | ShowTyping | KeepToken, Field(discriminator="kind")
]
BusMessage = (
    Fact
    | SessionWaiting
    | ClaimWanted
    | AgentChanged
    | Swept
    | SendMessage
    | CallVendor
    | CopyMedia
    | SendDue
    | (ShowTyping | KeepToken | AskBot)
)

_facts: TypeAdapter[AnyFact] = TypeAdapter(AnyFact)
_offers: TypeAdapter[Offer] = TypeAdapter(Offer)
_outbound: TypeAdapter[Outbound] = TypeAdapter(Outbound)
_bot: TypeAdapter[AskBot] = TypeAdapter(AskBot)


def encode(message: BusMessage) -> bytes:
    return message.model_dump_json(exclude_none=True).encode()


def decode_fact(body: bytes) -> AnyFact:
    return cast("AnyFact", _decode(_facts, body))


def decode_offer(body: bytes) -> Offer:
    return cast("Offer", _decode(_offers, body))


def decode_outbound(body: bytes) -> Outbound:
    return cast("Outbound", _decode(_outbound, body))


def decode_bot(body: bytes) -> AskBot:
    return cast("AskBot", _decode(_bot, body))


def conversation_lane(app_id: str) -> str:
    """Whose rate limit a send to one of the app's customers uses."""
    return f"wechat:{app_id}"


def vendor_lane(vendor: str, account: str) -> str:
    """Whose rate limit a call to a vendor uses: one contract's, whichever apps it serves."""
    return f"{vendor}:{account}"


def route(message: BusMessage) -> tuple[str, str]:
    """The exchange a message goes to, and what it belongs to there: a conversation, or a lane."""
    match message:
        case Fact():
            return "wx.conversation", message.conversation_id
        case CallVendor():
            return "wx.outbound", vendor_lane(message.vendor, message.account)
        case SendDue(lane=str(lane)):
            return "wx.outbound", lane
        case SendMessage() | CopyMedia() | SendDue() | ShowTyping() | KeepToken():
            return "wx.outbound", conversation_lane(message.app_id)
        case AskBot():
            return "wx.bot", message.conversation_id
        case SessionWaiting() | ClaimWanted() | AgentChanged() | Swept():
            return "wx.offers", ""


def _decode(kind: TypeAdapter[Any], body: bytes) -> Any:
    try:
        return kind.validate_json(body)
    except ValidationError as refused:
        # The error's own text would quote the message; only where and why may be told.
        first = refused.errors(include_input=False, include_url=False)[0]
        raise Unreadable(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from None
