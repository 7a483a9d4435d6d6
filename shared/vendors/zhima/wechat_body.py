"""The body that Zhima is given: WeChat's push as it came, rewritten only where it wants the other format. Pure.

A customer's `session-from` is JSON to Zhima, by which it chooses the staff: not one byte of it may change.
"""

import hashlib
import json
import re
from typing import Any, Final, Literal, assert_never

from shared.conversation.content import Card, Content, Event, Image, Link, Note, Text, Unsupported
from shared.conversation.model import Message
from shared.failures import Refused
from shared.refusals import Unreadable
from shared.wechat.push_body import body_format, read_xml

Format = Literal["xml", "json"]

_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]")
_NUMBERS: Final = frozenset({"CreateTime", "MsgId"})
_INT64_DIGITS: Final = 18


def body_of(message: Message, *, openid: str, app_id: str, wanted: Format) -> bytes:
    """What WeChat pushed; where that was not kept, what it would have pushed of such a message.

    Raises Refused for what no push could be.
    """
    if message.original is None:
        fields = _fields_of(message, openid, app_id)
        return _xml(fields) if wanted == "xml" else _json(fields)
    raw = message.original.encode("utf-8", "replace")
    if body_format(raw, wanted) == wanted:
        return raw
    try:
        return _xml(json.loads(raw)) if wanted == "xml" else _json(_numbered(read_xml(raw)))
    except (Unreadable, ValueError, AttributeError, RecursionError):
        raise Refused("unreadable", "the push that was kept is neither XML nor JSON") from None


def _fields_of(message: Message, openid: str, app_id: str) -> dict[str, Any]:
    """As WeChat has them, in its order. Its own name of the app is not known here: the AppID takes its place."""
    head = {"ToUserName": app_id, "FromUserName": openid, "CreateTime": int(message.at.timestamp())}
    content = message.content
    if isinstance(content, Unsupported):
        return {**head, **content.raw}
    told = _told(content)
    return {**head, **told} if told["MsgType"] == "event" else {**head, **told, "MsgId": _msg_id(message)}


def _told(content: Content) -> dict[str, Any]:
    match content:
        case Text():
            return {"MsgType": "text", "Content": content.text}
        case Image():
            return {"MsgType": "image", "PicUrl": "", "MediaId": content.media_id}
        case Card():
            return {
                "MsgType": "miniprogrampage",
                "Title": content.title,
                "AppId": content.app_id or "",
                "PagePath": content.path,
                "ThumbUrl": "",
                "ThumbMediaId": content.media_id or "",
            }
        case Event(name="user_enter_tempsession"):
            told = {"MsgType": "event", "Event": content.name}
            return {**told, "SessionFrom": str(content.detail.get("session_from", ""))}
        case Event() | Link() | Note() | Unsupported():
            raise Refused("not_relayable", f"a message of type {content.type} is nothing a customer can send")
        case _:
            assert_never(content)


def _msg_id(message: Message) -> int:
    """WeChat's, by which repeats are known; one of our own, the same each time, where it gave none."""
    theirs = message.msg_id or ""
    if theirs.isascii() and theirs.isdigit() and len(theirs) <= _INT64_DIGITS:
        return int(theirs)
    return int.from_bytes(hashlib.blake2b(message.id.encode(), digest_size=8).digest(), "big") >> 2


def _numbered(fields: dict[str, Any]) -> dict[str, Any]:
    """XML has text only; these are numbers in WeChat's JSON."""
    return {name: _number(value) if name in _NUMBERS else value for name, value in fields.items()}


def _number(value: Any) -> Any:
    digits = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _INT64_DIGITS
    return int(value) if digits else value


def _json(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _xml(fields: dict[str, Any]) -> bytes:
    return f"<xml>{''.join(_elements(fields))}</xml>".encode("utf-8", "replace")


def _elements(fields: dict[str, Any]) -> list[str]:
    return [
        f"<{name}>{_value(one)}</{name}>"
        for name, value in ((_name(name), value) for name, value in fields.items())
        for one in (value if isinstance(value, list) else [value])
    ]


def _value(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case dict():
            return "".join(_elements(value))
        case list():
            return "".join(f"<item>{_value(one)}</item>" for one in value)
        case _:
            kept = _NOT_IN_XML.sub("\ufffd", str(value))
            return f"<![CDATA[{kept.replace(']]>', ']]]]><![CDATA[>')}]]>"


def _name(name: str) -> str:
    """A name that XML takes: WeChat's own sample has one with a space before it."""
    kept = _NOT_IN_A_NAME.sub("_", name.strip())
    return kept if kept[:1].isalpha() or kept[:1] == "_" else f"_{kept}"
