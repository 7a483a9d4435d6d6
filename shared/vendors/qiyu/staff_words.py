"""What Qiyu's people and robots say (MSG), as what can be sent to a customer at WeChat."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from shared.conversation import ids
from shared.conversation.content import Image, Sendable, Text
from shared.conversation.fact import MediaSource
from shared.conversation.vendor_facts import Said
from shared.refusals import Unreadable
from shared.vendors.qiyu.markup import address, plain_text
from shared.vendors.qiyu.standing import MACHINE, name_of, number
from shared.vendors.qiyu.stickers import to_wechat
from shared.wechat.push_body import read_json
from shared.wechat.text_parts import text_parts

_NUMBERED: Final = {"1": "TEXT", "2": "PICTURE", "3": "AUDIO", "4": "FILE", "5": "VIDEO"}
"""Of another product of Qiyu's, to be safe."""
_LABELS: Final = {"AUDIO": "语音", "VIDEO": "视频", "FILE": "文件", "PICTURE": "图片"}
_PICTURES: Final = frozenset({"PICTURE", "IMAGE"})
_WORDS: Final = ("content", "text", "msg", "message", "title", "description", "desc", "label")
_ADDRESSES: Final = ("url", "fileUrl", "picUrl", "src", "link")
_NAMES: Final = ("name", "fileName", "filename")
_NAME_MAX_CHARS: Final = 100
_LONGEST_SIDE: Final = 100_000


class _Picture(NamedTuple):
    part: Image
    source: MediaSource


def said(account: str, push_id: str, fields: Mapping[str, Any]) -> Said | None:
    """The parts to send, in order; None where there is nothing that a customer could read."""
    kind = _kind(fields)
    content = _content(fields.get("content"), kind)
    picture = _picture(account, push_id, content) if kind in _PICTURES else None
    if picture is not None:
        parts: tuple[Sendable, ...] = (picture.part,)
    else:
        parts = tuple(Text(text=part) for part in text_parts(_text(kind, content)))
    if not parts:
        return None
    return Said(
        parts=parts,
        media=(picture.source,) if picture is not None else (),
        staff=name_of(fields),
        machine=number(fields.get("staffType")) == MACHINE,
    )


def _kind(fields: Mapping[str, Any]) -> str:
    kind = fields.get("msgType")
    name = str(kind).strip().upper() if isinstance(kind, str | int) and not isinstance(kind, bool) else ""
    return _NUMBERED.get(name, name)


def _content(content: Any, kind: str) -> str | Mapping[str, Any]:
    """The text, or an object, which is met as JSON in a text, too; a text may be JSON that somebody wrote."""
    if isinstance(content, Mapping):
        return content
    if not isinstance(content, str):
        return ""
    if content.lstrip().startswith("{"):
        try:
            found = read_json(content.encode("utf-8", "replace"))
        except Unreadable:
            return content
        return found if kind != "TEXT" or _first_words(found, _WORDS) else content
    return content


def _picture(account: str, push_id: str, content: str | Mapping[str, Any]) -> _Picture | None:
    fields = {"url": content} if isinstance(content, str) else content
    url = _first_address(fields)
    if url is None:
        return None
    media_id = ids.media_id(f"qiyu:{account}:{push_id}")
    part = Image(media_id=media_id, width=_side(fields.get("w")), height=_side(fields.get("h")))
    return _Picture(part, MediaSource(media_id=media_id, url=url, account=account))


def _text(kind: str, content: str | Mapping[str, Any]) -> str:
    """A text as it reads; of anything else its address, and what it is called."""
    if isinstance(content, str):
        url = address(content.strip())
        labelled = url is not None and kind in _LABELS
        return f"[{_LABELS[kind]}] {url}" if labelled else to_wechat(plain_text(content)).strip()
    if kind == "TEXT" and (words := _first_words(content, _WORDS)):
        return to_wechat(plain_text(words)).strip()
    url, name = _first_address(content), _first_words(content, _NAMES)[:_NAME_MAX_CHARS]
    words = _first_words(content, _WORDS)
    if url is None:
        return to_wechat(plain_text(words)).strip()
    label = f"[{_LABELS.get(kind, '文件')}]"
    return " ".join(filter(None, (label, name or plain_text(words)[:_NAME_MAX_CHARS], url)))


def _first_words(fields: Mapping[str, Any], names: tuple[str, ...]) -> str:
    found = (fields.get(name) for name in names)
    return next((value.strip() for value in found if isinstance(value, str) and value.strip()), "")


def _first_address(fields: Mapping[str, Any]) -> str | None:
    found = (address(fields.get(name)) for name in _ADDRESSES)
    return next((url for url in found if url is not None), None)


def _side(value: Any) -> int | None:
    pixels = number(value)
    return pixels if pixels is not None and 0 < pixels <= _LONGEST_SIDE else None
