"""What Zhima says to a customer, in the body of WeChat's custom/send. Pure.

Source: WeChat's page 发送客服消息 (customerServiceMessage.send). Pictures are named by what our own media/upload gave.
"""

import hashlib
from typing import Any, Final, NamedTuple

import orjson

from services.gateway.zhima_errors import Denied
from shared.conversation.content import TEXT_LIMIT_BYTES, Card, Image, Link, Sendable, Text
from shared.refusals import Unreadable
from shared.wechat.push_body import read_json

LONGEST_OPENID: Final = 128
LONGEST_NAME: Final = 64


class Wanted(NamedTuple):
    """`media_id` is the picture in `part`, ours; `digest` is of everything that was asked for."""

    openid: str
    part: Sendable
    staff: str | None
    machine: bool
    digest: str

    @property
    def media_id(self) -> str | None:
        return None if isinstance(self.part, Text | Link) else self.part.media_id


class Typing(NamedTuple):
    openid: str
    typing: bool


def read_send(body: bytes) -> Wanted:
    """Raises Denied."""
    fields = read_fields(body)
    openid, part = _openid(fields), _part(fields)
    service, context = _inner(fields, "customservice"), _inner(fields, "aimsgcontext")
    return Wanted(
        openid=openid,
        part=part,
        staff=_text(service, "kf_account").strip()[:LONGEST_NAME] or None,
        machine=context.get("is_ai_msg") == 1,
        digest=hashlib.blake2b(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest(),
    )


def read_typing(body: bytes) -> Typing:
    """Raises Denied."""
    fields = read_fields(body)
    openid, command = _openid(fields), _text(fields, "command")
    if command not in {"Typing", "CancelTyping"}:
        raise Denied(40097)
    return Typing(openid, command == "Typing")


def read_fields(body: bytes) -> dict[str, Any]:
    try:
        return read_json(body)
    except Unreadable:
        raise Denied(47001) from None


def _openid(fields: dict[str, Any]) -> str:
    openid = _text(fields, "touser").strip()
    if not openid or len(openid) > LONGEST_OPENID:
        raise Denied(40003)
    return openid


def _part(fields: dict[str, Any]) -> Sendable:
    kind = _text(fields, "msgtype")
    inner = _inner(fields, kind)
    match kind:
        case "text":
            return _said(_text(inner, "content"))
        case "image":
            return Image(media_id=_needed(inner, "media_id", 40007))
        case "link":
            title, url = _needed(inner, "title", 40097), _needed(inner, "url", 40097)
            return Link(title=title, description=_text(inner, "description"), url=url)
        case "miniprogrampage":
            title, path = _needed(inner, "title", 40097), _needed(inner, "pagepath", 40097)
            thumb, app_id = _needed(inner, "thumb_media_id", 40007), _text(inner, "appid") or None
            return Card(title=title, path=path, app_id=app_id, media_id=thumb)
        case _:
            raise Denied(40008)


def _said(text: str) -> Text:
    if not text.strip():
        raise Denied(44004)
    if len(text.encode()) > TEXT_LIMIT_BYTES:
        raise Denied(45002)
    return Text(text=text)


def _needed(fields: dict[str, Any], name: str, errcode: int) -> str:
    text = _text(fields, name)
    if not text.strip():
        raise Denied(errcode)
    return text


def _inner(fields: dict[str, Any], name: str) -> dict[str, Any]:
    inner = fields.get(name)
    return inner if isinstance(inner, dict) else {}


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
