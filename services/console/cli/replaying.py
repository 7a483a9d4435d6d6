"""What becomes of a condemned message that is replayed. Pure; where it cannot be replayed, the reason says why."""

from typing import Final, NamedTuple

from services.console.cli.failures import Refused
from services.console.cli.mending import Unmendable, mended
from shared.contracts import (
    BusMessage,
    KeepToken,
    ShowTyping,
    Unreadable,
    decode_bot,
    decode_fact,
    decode_offer,
    decode_outbound,
)
from shared.conversation.commands import AskBot, CallVendor, SendMessage
from shared.conversation.content import Unsupported
from shared.conversation.decide import PUSHES
from shared.conversation.facts import AgentCommand, AnyFact, MessageReceived, MessageReplayed
from shared.conversation.ids import message_id
from shared.conversation.model import Conversation, Message
from shared.store.dead import DeadMessage

_DECODERS: Final = {
    "router": decode_fact,
    "sender": decode_outbound,
    "bot": decode_bot,
    "offers": decode_offer,
}


class Place(NamedTuple):
    """Where a condemned push stands in the history: as this message of this conversation."""

    conversation: Conversation | None
    message: Message | None


def read_again(dead: DeadMessage) -> BusMessage:
    """The message, mended if need be; raises Refused where it still says nothing this version understands."""
    decode = _DECODERS.get(dead.queue.partition(".")[0])
    if decode is None:
        raise Refused(f"{dead.id} came from {dead.queue}, a queue this version does not know; it can only be dropped")
    try:
        return decode(mended(dead.body))
    except (Unmendable, Unreadable) as unreadable:
        raise Refused(
            f"{dead.id} still cannot be read ({unreadable}); a later version may, or drop it with "
            f"`wxdesk dead drop {dead.id}`"
        ) from None


def place_of(dead: DeadMessage) -> tuple[str, str] | None:
    """Conversation and id of the unreadable message that stands for it; None where its origin was not made out.

    The stand-in has the cause of the condemned fact where that could be read, else one made of the dead id: either
    way `fact_id` names it.
    """
    if dead.conversation_id is None or dead.fact_id is None:
        return None
    cause = dead.fact_id.removeprefix(f"{dead.conversation_id}:")
    return dead.conversation_id, message_id(dead.conversation_id, cause)


def replayed(dead: DeadMessage, message: BusMessage, place: Place) -> BusMessage:
    """What to publish; raises Refused where publishing it would do nothing, or harm."""
    match message:
        case MessageReceived():
            return _push_replayed(dead, message, place)
        case AskBot():
            raise Refused(f"{dead.id} is a question to the bot whose turn is over; it can only be dropped")
        case SendMessage() | ShowTyping():
            raise Refused(
                f"{dead.id} is a send that is settled as refused; send it again from the desk, and drop this one"
            )
        case CallVendor() | KeepToken():
            raise Refused(f"{dead.id} is a call whose time is over; it can only be dropped")
        case AgentCommand():
            raise Refused(
                f"{dead.id} is a command whose agent was told that it failed; give it again at the desk, and drop this"
            )
        case _ if isinstance(message, PUSHES) and place_of(dead) is not None:
            raise Refused(f"{dead.id} is a platform event whose place in the history is taken; it can only be dropped")
        case _:
            return message


def _push_replayed(dead: DeadMessage, received: MessageReceived, place: Place) -> AnyFact:
    """The push in the place that was kept for it; at the end of the history where none could be kept."""
    if place_of(dead) is None:
        return received
    conversation, message = place
    if conversation is None or message is None:
        raise Refused(
            f"{dead.id} has no place in its conversation's history yet; see that the router runs, then try again"
        )
    if conversation.deleted_at is not None:
        raise Refused(f"{dead.id} belongs to a customer who was deleted; it can only be dropped")
    if not isinstance(message.content, Unsupported) or message.content.raw.get("dead_id") != dead.id:
        raise Refused(f"{dead.id} is readable in the history already (seq {message.seq}); drop it")
    return MessageReplayed(
        conversation_id=conversation.id,
        app_id=conversation.app_id,
        cause=f"replay:{dead.id}",
        occurred_at=received.occurred_at,
        trace_id=received.trace_id,
        message_id=message.id,
        received=received.model_copy(update={"conversation_id": conversation.id, "app_id": conversation.app_id}),
    )
