"""What agents mark on a conversation: tags, how far they have read, and that its customer is to be blocked."""

from typing import Annotated, Final

from aiohttp import web
from pydantic import Field, StringConstraints, field_validator

from services.console.api import shapes
from services.console.asking import ask, client_key
from services.console.naming import WITHOUT_CONTROLS
from services.console.operations import HIGHEST_WHOLE, Call, Input, Operation, answer
from shared.conversation.facts import BlockCustomer, MarkRead, TagConversation
from shared.conversation.model import Conversation

Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40), WITHOUT_CONTROLS]


class TagsBody(Input):
    tags: list[Tag] = Field(max_length=20, description="instead of those there are; one named twice counts once")

    @field_validator("tags")
    @classmethod
    def _each_once(cls, tags: list[str]) -> list[str]:
        return list(dict.fromkeys(tags))


class ReadBody(Input):
    seq: int = Field(ge=0, le=HIGHEST_WHOLE, description="the place of the last message seen")


class BlockBody(Input):
    blocked: bool = Field(description="true: what they write is kept and brought to nobody")


async def tag_conversation(call: Call) -> web.Response:
    conversation = await call.conversation()
    body = await call.body(TagsBody)
    await ask(call, conversation, TagConversation, client_key(call), tags=tuple(body.tags))
    return answer(call.shown(await call.conversation()))


async def mark_read(call: Call) -> web.Response:
    """Anyone may say so; only what the responder has read counts, and only up to the customer's last message."""
    conversation = await call.conversation()
    body = await call.body(ReadBody)
    if not _would_count(call, conversation, body.seq):
        return answer(call.shown(conversation))
    await ask(call, conversation, MarkRead, client_key(call), seq=body.seq)
    return answer(call.shown(await call.conversation()))


async def block_customer(call: Call) -> web.Response:
    """By whoever serves them or a supervisor; lifted by a supervisor or whoever did it."""
    conversation = await call.conversation()
    body = await call.body(BlockBody)
    await ask(call, conversation, BlockCustomer, client_key(call), blocked=body.blocked)
    return answer(call.shown(await call.conversation()))


def _would_count(call: Call, conversation: Conversation, seq: int) -> bool:
    """The desk says it often and mostly in vain: what changes nothing need not trouble the router."""
    session = conversation.session
    responder = session.responder if session is not None and session.state == "agent" else None
    theirs = responder is not None and responder.id == call.agent.id
    return theirs and conversation.unread > 0 and conversation.inbound_seq <= seq


OPERATIONS: Final = (
    Operation(
        "PUT",
        "/conversations/{id}/tags",
        tag_conversation,
        "Put these tags on the conversation, instead of those there are",
        {200: shapes.Conversation},
        problems=("not_found", "conflict"),
        body=TagsBody,
        command=True,
    ),
    Operation(
        "POST",
        "/conversations/{id}/read",
        mark_read,
        "Say how far the conversation was read",
        {200: shapes.Conversation},
        problems=("not_found", "conflict"),
        body=ReadBody,
        command=True,
    ),
    Operation(
        "POST",
        "/conversations/{id}/block",
        block_customer,
        "Bring nothing of this customer to anybody, or bring it again",
        {200: shapes.Conversation},
        problems=("not_found", "conflict"),
        body=BlockBody,
        command=True,
    ),
)
