"""What is told to Qiyu's people in its own terms: texts of at most 4000 characters, and what they see of a customer."""

import re
from collections.abc import Iterable
from typing import Any, Final

from shared.conversation.content import Card, Content, Event, Image, Link, Note, Text, Unsupported
from shared.conversation.model import DeliveryState, Message
from shared.vendors.port import Customer
from shared.vendors.qiyu.stickers import to_qiyu

TEXT_MAX_CHARS: Final = 4000
"""Of UTF-16, to be safe: its pages speak of characters, and count an emoji as nobody knows how many."""
_ASTRAL: Final = 0x10000

VALUE_MAX_CHARS: Final = 500
"""Of one thing known about a customer; Qiyu names no limit."""

_HEAD: Final = "【此前的对话，供参考】"
_EARLIER: Final = "……"
_UNTOLD: Final[frozenset[DeliveryState]] = frozenset({"held", "refused", "expired", "discarded"})
_PARTIES: Final = {"customer": "客户", "agent": "客服", "bot": "机器人", "vendor": "客服", "official": "客服"}
_RESERVED: Final = {
    "手机": "mobile_phone",
    "手机号": "mobile_phone",
    "手机号码": "mobile_phone",
    "mobile_phone": "mobile_phone",
    "邮箱": "email",
    "电子邮箱": "email",
    "email": "email",
    "头像": "avatar",
    "avatar": "avatar",
    "姓名": "real_name",
    "real_name": "real_name",
}
"""Names that Qiyu shows in a place of their own."""
_PAUSE: Final = re.compile(r"[\n。！？!?；;，,\s]")


def told(content: Content) -> str:
    """A message's words; empty where there is nothing to tell. Agents' own notes are never told."""
    match content:
        case Text(text=text):
            return to_qiyu(text)
        case Card(title=title, path=path):
            return f"[小程序卡片] {title} ({path})"
        case Link(title=title, description=description, url=url):
            return "\n".join(filter(None, (f"[链接] {title}", description, url)))
        case Image():
            return "[图片]"
        case Unsupported(name=name):
            return f"[客户发来一条暂不支持的消息：{name}]"
        case Event() | Note():
            return ""


def text_pieces(text: str) -> list[str]:
    """The text in pieces that Qiyu takes, cut where a reader pauses if there is such a place near the end."""
    most = _most_chars(text)
    pieces, rest = [], text.strip()
    while len(rest) > most:
        pauses = [found.end() for found in _PAUSE.finditer(rest, most // 2, most)]
        cut = pauses[-1] if pauses else most
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*pieces, rest] if rest else pieces


def transcript(messages: Iterable[Message]) -> str | None:
    """What was said before, as one text: the newest of it that has room. None where nothing was."""
    lines = [f"{_speaker(message)}：{words}" for message in messages if (words := _said(message))]
    if not lines:
        return None
    kept: list[str] = []
    room = _most_chars("".join(lines)) - len(_HEAD) - len(_EARLIER) - 2
    for line in reversed(lines):
        if len(line) + 1 > room:
            break
        room -= len(line) + 1
        kept.insert(0, line)
    if not kept:
        kept = [lines[-1][: room - 1] + "…"]
    return "\n".join((_HEAD, *([_EARLIER] if len(kept) < len(lines) else []), *kept))


def known_of(customer: Customer) -> list[dict[str, Any]]:
    """`userinfo` of updateUInfo: who the customer is, and what the mini program tells of them."""
    reserved = {"real_name": customer.name} if customer.name else {}
    others = [("来源小程序", customer.app_name), ("来源", customer.source or ""), ("标签", "、".join(customer.tags))]
    for field in customer.profile:
        key = _RESERVED.get(field.name.strip().casefold())
        if key is None or key in reserved:
            others.append((field.name, field.value))
        else:
            reserved[key] = field.value
    shown = [(label, value) for label, value in others if value]
    return [
        *({"key": key, "value": value[:VALUE_MAX_CHARS]} for key, value in reserved.items()),
        *(
            {"index": index, "key": f"wxdesk_{index}", "label": label, "value": value[:VALUE_MAX_CHARS]}
            for index, (label, value) in enumerate(shown)
        ),
    ]


def _most_chars(text: str) -> int:
    """How many Python characters are sure to be few enough."""
    return TEXT_MAX_CHARS if all(ord(character) < _ASTRAL for character in text) else TEXT_MAX_CHARS // 2


def _said(message: Message) -> str:
    """What the customer could read, or wrote."""
    if message.direction == "outbound" and message.delivery is not None and message.delivery.state in _UNTOLD:
        return ""
    return "" if message.direction == "system" else told(message.content).strip()


def _speaker(message: Message) -> str:
    party = _PARTIES.get(message.sender.kind, "系统")
    return f"{party} {message.sender.name}" if message.sender.name and message.direction == "outbound" else party
