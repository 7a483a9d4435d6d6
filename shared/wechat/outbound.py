"""What may be sent to a customer, and the body WeChat wants for it.

Source: WeChat's page 发送客服消息 (customerServiceMessage.send), the kinds open to mini programs.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

TypingCommand = Literal["Typing", "CancelTyping"]


class _Outbound(BaseModel):
    model_config = ConfigDict(frozen=True)


class OutText(_Outbound):
    """At most 2048 bytes of UTF-8 (`text_parts` splits)."""

    kind: Literal["text"] = "text"
    content: str = Field(repr=False)


class OutImage(_Outbound):
    kind: Literal["image"] = "image"
    media_id: str
    """WeChat's own, not older than three days."""


class OutLink(_Outbound):
    kind: Literal["link"] = "link"
    title: str = Field(repr=False)
    description: str = Field(repr=False)
    url: str
    thumb_url: str = ""


class OutCard(_Outbound):
    """A mini program card (miniprogrampage). WeChat's pages disagree on `app_id`: left out unless given."""

    kind: Literal["card"] = "card"
    title: str = Field(repr=False)
    path: str
    thumb_media_id: str
    app_id: str | None = None


Outbound = Annotated[OutText | OutImage | OutLink | OutCard, Field(discriminator="kind")]


def send_body(
    openid: str, message: Outbound, *, ai_label: bool = False, business_id: str | None = None
) -> dict[str, Any]:
    """The JSON of custom/send.

    `ai_label` adds WeChat's grey note that a machine wrote it; `business_id` names the sub-merchant written to.
    """
    msgtype, content = _content(message)
    body: dict[str, Any] = {"touser": openid, "msgtype": msgtype, msgtype: content}
    if ai_label:
        body["aimsgcontext"] = {"is_ai_msg": 1}
    return _for_business(body, business_id)


def typing_body(openid: str, command: TypingCommand, *, business_id: str | None = None) -> dict[str, Any]:
    return _for_business({"touser": openid, "command": command}, business_id)


def _content(message: Outbound) -> tuple[str, dict[str, str]]:
    match message:
        case OutText():
            return "text", {"content": message.content}
        case OutImage():
            return "image", {"media_id": message.media_id}
        case OutLink():
            return "link", message.model_dump(exclude={"kind"})
        case OutCard():
            card = {"title": message.title, "pagepath": message.path, "thumb_media_id": message.thumb_media_id}
            return "miniprogrampage", card if message.app_id is None else {**card, "appid": message.app_id}


def _for_business(body: dict[str, Any], business_id: str | None) -> dict[str, Any]:
    return body if business_id is None else {**body, "businessid": business_id}
