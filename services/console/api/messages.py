"""The messages of a conversation: read in pages, and sent."""

from typing import Annotated, Final, Literal

from aiohttp import web
from pydantic import Field, StringConstraints, model_validator

from services.console.api import shapes
from services.console.asking import ask, client_key, messages_of
from services.console.operations import HIGHEST_WHOLE, Call, Input, Operation, answer
from services.console.problem import Refused
from shared.conversation import content
from shared.conversation.facts import SendReply
from shared.conversation.model import Conversation
from shared.conversation.quota import GRANTS
from shared.store.media import MediaFile
from shared.wechat.text_parts import TEXT_LIMIT_BYTES, text_parts

MOST_PARTS: Final = GRANTS["message"][0]
"""WeChat takes no more messages than this without the customer writing again."""

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class PageQuery(Input):
    after_seq: int | None = Field(None, ge=0, le=HIGHEST_WHOLE)
    before_seq: int | None = Field(None, ge=1, le=HIGHEST_WHOLE)
    limit: int = Field(50, ge=1, le=200)

    @model_validator(mode="after")
    def _one_direction(self) -> "PageQuery":
        if self.after_seq is not None and self.before_seq is not None:
            raise ValueError("give after_seq or before_seq, not both")
        return self


class ImagePart(Input):
    media_id: str = Field(min_length=1, max_length=200, description="as answered by POST /media")


class CardPart(Input):
    title: Words = Field(max_length=200)
    path: Words = Field(max_length=1024, description="page in the mini program, with its query")
    app_id: str | None = Field(None, max_length=64)
    media_id: str = Field(min_length=1, max_length=200, description="its picture")


class LinkPart(Input):
    title: Words = Field(max_length=200)
    description: str = Field("", max_length=512)
    url: str = Field(max_length=2048, pattern=r"^https?://\S+$")
    media_id: str | None = Field(None, min_length=1, max_length=200)


class ReplyBody(Input):
    """`type` names which of the members carries the message; the others are left out."""

    client_id: str | None = Field(None, min_length=1, max_length=200, description="your key: the same one sends once")
    type: Literal["text", "image", "card", "link"]
    text: str | None = None
    image: ImagePart | None = None
    card: CardPart | None = None
    link: LinkPart | None = None
    split: bool = Field(False, description="send a text that is too long as several messages")
    if_closed: Literal["refuse", "hold"] = Field(
        "refuse", description="hold: keep it until the customer writes again, if it may not be sent now"
    )

    @model_validator(mode="after")
    def _is_what_it_says(self) -> "ReplyBody":
        given = [name for name in ("text", "image", "card", "link") if getattr(self, name) is not None]
        if given != [self.type]:
            raise ValueError(f"a message of type {self.type} has the member {self.type}, and no other")
        if self.text is not None and not self.text.strip():
            raise ValueError("text: there is nothing in it")
        return self


async def list_messages(call: Call) -> web.Response:
    """Those after a place, or the last ones before it; with neither, the last ones."""
    conversation = await call.conversation()
    query = call.query(PageQuery)
    page = await call.parts.history.page(
        conversation.id, after_seq=query.after_seq, before_seq=query.before_seq, limit=query.limit
    )
    return answer(
        shapes.MessageList(items=[shapes.Message.of(message) for message in page.messages], last_seq=page.last_seq)
    )


async def send_message(call: Call) -> web.Response:
    """All parts or none. The same client_id again answers the same messages, with 200."""
    conversation = await call.conversation()
    body = await call.body(ReplyBody)
    parts = await _parts(call, conversation, body)
    key = client_key(call, body.client_id)
    asked = await ask(call, conversation, SendReply, key, parts=parts, if_closed=body.if_closed, client_id=key)
    added = await messages_of(call, conversation.id, asked.command_id)
    shape = shapes.Sent(items=[shapes.Message.of(message) for message in added])
    return answer(shape, status=200 if asked.again else 201)


async def _parts(call: Call, conversation: Conversation, body: ReplyBody) -> tuple[content.Sendable, ...]:
    if body.text is not None:
        return tuple(content.Text(text=part) for part in _texts(body.text, split=body.split))
    if body.image is not None:
        file = await _picture(call, conversation, body.image.media_id)
        return (content.Image(media_id=body.image.media_id, width=file.width, height=file.height),)
    if body.card is not None:
        await _picture(call, conversation, body.card.media_id)
        return (content.Card(**body.card.model_dump()),)
    if body.link is not None:
        if body.link.media_id is not None:
            await _picture(call, conversation, body.link.media_id)
        return (content.Link(**body.link.model_dump()),)
    raise LookupError(body.type)


async def _picture(call: Call, conversation: Conversation, media_id: str) -> MediaFile:
    """A picture that may go into this conversation: of this app, or the agent's own; raises Refused."""
    owner = await call.parts.media_owners.of(media_id)
    file = await call.parts.media.get(media_id) if owner else None
    if owner is None or file is None or not owner.shows_to(call.agent.id, call.access.sees):
        raise Refused("invalid", "media_id: there is no such picture. Upload it with POST /media first.")
    if file.state != "stored" or (owner.uploaded_by is None and conversation.app_id not in owner.app_ids):
        raise Refused("invalid", "media_id: this picture cannot be sent here. Upload it with POST /media.")
    await call.parts.media_owners.note_sent(media_id, conversation.id, conversation.app_id)
    return file


def _texts(text: str, *, split: bool) -> list[str]:
    parts = text_parts(text)
    if len(parts) > 1 and not split:
        raise Refused(
            "text_too_long",
            f"WeChat takes {TEXT_LIMIT_BYTES} bytes in one message; this would be {len(parts)}.",
            parts=len(parts),
            limit_bytes=TEXT_LIMIT_BYTES,
        )
    if len(parts) > MOST_PARTS:
        raise Refused(
            "text_too_long",
            f"This would be {len(parts)} messages; WeChat takes at most {MOST_PARTS} until the customer writes again.",
            parts=len(parts),
            limit_bytes=TEXT_LIMIT_BYTES,
        )
    return parts


OPERATIONS: Final = (
    Operation(
        "GET",
        "/conversations/{id}/messages",
        list_messages,
        "A page of the history",
        {200: shapes.MessageList},
        problems=("not_found",),
        query=PageQuery,
        scope="read",
    ),
    Operation(
        "POST",
        "/conversations/{id}/messages",
        send_message,
        "Send a message to the customer",
        {200: shapes.Sent, 201: shapes.Sent},
        problems=("not_found", "not_yours", "window_closed", "quota_used", "conflict", "text_too_long"),
        body=ReplyBody,
        command=True,
    ),
)
