"""What WeChat pushes, field by field in its order, written as JSON or XML. Pure.

Source: WeChat's pages 接收消息和事件 and 消息推送. A card's MsgId stands before its Title, every other one at the end.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import orjson

Field = tuple[str, str | int]
Format = Literal["json", "xml"]

_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBERS: Final = frozenset({"CreateTime", "MsgId"})


@dataclass(frozen=True, slots=True)
class PushMessage:
    """One thing to push; it stays the same however often it is delivered."""

    gh_id: str
    openid: str
    created_at: int
    fields: tuple[Field, ...]
    msg_id: str | None = None
    string_ids: bool = False

    @property
    def is_event(self) -> bool:
        return self.msg_id is None

    @property
    def kind(self) -> str:
        """The event's name, or the message's type."""
        named = dict(self.fields)
        return str(named.get("Event") or named.get("MsgType", ""))

    def all_fields(self) -> list[Field]:
        head: list[Field] = [("ToUserName", self.gh_id), ("FromUserName", self.openid), ("CreateTime", self.created_at)]
        return [*head, *self.fields]


def text(msg_id: int, content: str) -> tuple[Field, ...]:
    return (("MsgType", "text"), ("Content", content), ("MsgId", msg_id))


def image(msg_id: int, pic_url: str, media_id: str) -> tuple[Field, ...]:
    return (("MsgType", "image"), ("PicUrl", pic_url), ("MediaId", media_id), ("MsgId", msg_id))


def card(msg_id: int, *, title: str, app_id: str, path: str, thumb_url: str, thumb_media_id: str) -> tuple[Field, ...]:
    return (
        ("MsgType", "miniprogrampage"),
        ("MsgId", msg_id),
        ("Title", title),
        ("AppId", app_id),
        ("PagePath", path),
        ("ThumbUrl", thumb_url),
        ("ThumbMediaId", thumb_media_id),
    )


def entered(session_from: str) -> tuple[Field, ...]:
    return (("MsgType", "event"), ("Event", "user_enter_tempsession"), ("SessionFrom", session_from))


def undocumented_message(msg_id: int, media_id: str) -> tuple[Field, ...]:
    """A type that no page of mini program customer service names."""
    return (("MsgType", "video"), ("MediaId", media_id), ("ThumbMediaId", media_id), ("MsgId", msg_id))


def undocumented_event() -> tuple[Field, ...]:
    return (("MsgType", "event"), ("Event", "sandbox_undocumented"), ("Detail", "an event of a later year"))


def written(fields: Sequence[Field], in_format: Format, *, string_ids: bool = False) -> bytes:
    """The fields as a body. `string_ids` writes MsgId and CreateTime as JSON strings, as some developers saw them."""
    if in_format == "xml":
        return "\n".join(
            ["<xml>", *(f"<{name}>{_xml_value(value)}</{name}>" for name, value in fields), "</xml>"]
        ).encode()
    if string_ids:
        return orjson.dumps({name: str(value) if name in _NUMBERS else value for name, value in fields})
    return orjson.dumps(dict(fields))


def _xml_value(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    allowed = _NOT_IN_XML.sub("\ufffd", value)
    return f"<![CDATA[{allowed.replace(']]>', ']]]]><![CDATA[>')}]]>"
