"""What an agent does about a message that did not simply go out: send again, discard, mark as sent."""

from typing import Final

from aiohttp import web

from services.console.api import shapes
from services.console.asking import ask, client_key, messages_of
from services.console.operations import Call, Input, Operation, answer
from services.console.problem import Refused
from shared.conversation.content import Card, Image, Link, Text
from shared.conversation.facts import DiscardMessage, MarkSent, SendReply
from shared.conversation.model import Conversation, DeliveryState, Message

RESENT: Final[frozenset[DeliveryState]] = frozenset({"unknown", "refused", "expired"})

UNKNOWN: Final[frozenset[DeliveryState]] = frozenset({"unknown"})


class NothingBody(Input):
    """Nothing to say."""


async def resend_message(call: Call) -> web.Response:
    """A new message that names the old one; the customer may have both, if the unknown one arrived after all."""
    conversation, message = await _message(call)
    if not isinstance(message.content, Text | Image | Card | Link):
        raise Refused("conflict", "This is not a message that can be sent.")
    key = client_key(call)
    asked = await ask(
        call,
        conversation,
        SendReply,
        key,
        first=lambda: _require(message, RESENT, "Only a message refused, expired or unknown can be sent again."),
        parts=(message.content,),
        client_id=key,
        resend_of=message.seq,
    )
    added = await messages_of(call, conversation.id, asked.command_id)
    return answer(shapes.Message.of(added[0]))


async def discard_message(call: Call) -> web.Response:
    conversation, message = await _message(call)
    await ask(call, conversation, DiscardMessage, client_key(call), message_id=message.id, seq=message.seq)
    return await _as_it_is(call)


async def mark_message_sent(call: Call) -> web.Response:
    """The agent knows that it arrived; their word is kept beside WeChat's."""
    conversation, message = await _message(call)
    await ask(
        call,
        conversation,
        MarkSent,
        client_key(call),
        first=lambda: _require(message, UNKNOWN, "Only a message whose delivery is unknown can be marked as sent."),
        message_id=message.id,
        seq=message.seq,
    )
    return await _as_it_is(call)


async def _require(message: Message, states: frozenset[DeliveryState], otherwise: str) -> None:
    if message.delivery is None or message.delivery.state not in states:
        raise Refused("conflict", otherwise)


async def _as_it_is(call: Call) -> web.Response:
    _, message = await _message(call)
    return answer(shapes.Message.of(message))


async def _message(call: Call) -> tuple[Conversation, Message]:
    conversation = await call.conversation()
    await call.body(NothingBody)
    message = await call.parts.history.one(conversation.id, int(call.request.match_info["seq"]))
    if message is None:
        raise Refused("not_found", "There is no such message.")
    return conversation, message


_PATH: Final = "/conversations/{id}/messages/{seq:[0-9]{1,15}}"

OPERATIONS: Final = (
    Operation(
        "POST",
        f"{_PATH}/resend",
        resend_message,
        "Send a refused, expired or unknown message again, as a new message",
        {200: shapes.Message},
        problems=("not_found", "not_yours", "window_closed", "quota_used", "conflict"),
        body=NothingBody,
        command=True,
    ),
    Operation(
        "POST",
        f"{_PATH}/discard",
        discard_message,
        "Drop a held message",
        {200: shapes.Message},
        problems=("not_found", "not_yours", "conflict"),
        body=NothingBody,
        command=True,
    ),
    Operation(
        "POST",
        f"{_PATH}/mark-sent",
        mark_message_sent,
        "Note that an unknown message arrived",
        {200: shapes.Message},
        problems=("not_found", "not_yours", "conflict"),
        body=NothingBody,
        command=True,
    ),
)
