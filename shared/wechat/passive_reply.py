"""The one passive reply a mini program has: hand this message to WeChat's official console.

Source: WeChat's mini program guide, pages 转发消息 (forwarding) and 消息推送 (encrypted replies). Element names,
their case and the order are WeChat's: a reply it cannot read shows the customer a failure notice.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import orjson

from shared.refusals import Unreadable
from shared.wechat.crypto import DecryptionFailed, MessageCipher, matches, signature
from shared.wechat.push import CallbackSettings, OpenedPush
from shared.wechat.push_body import BodyFormat, body_format, read_body
from shared.wechat.push_model import CardPush, ImagePush, TextPush, UnsupportedPush

SUCCESS: Final = b"success"
"""Taken, nothing to say: always in the clear, in every mode."""

CONTENT_TYPES: Final[dict[BodyFormat, str]] = {"json": "application/json", "xml": "text/xml"}

_TRANSFER: Final = "transfer_customer_service"
_ENVELOPE: Final = ("Encrypt", "MsgSignature", "TimeStamp", "Nonce")
_DIGITS: Final = re.compile(r"[0-9]{1,20}")

MessagePush = TextPush | ImagePush | CardPush | UnsupportedPush
"""Only messages may be handed over; WeChat forbids it for events."""


class ReplyRejected(Exception):
    """WeChat would not understand the reply, and would show the customer its failure notice."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A reply, understood: WeChat takes the message to its own console."""

    openid: str
    from_user: str
    kind: Literal["transfer_customer_service"] = "transfer_customer_service"


def transfer_reply(opened: OpenedPush, message: MessagePush, *, at: datetime, random16: bytes) -> bytes:
    """The body that answers `message`'s push, in that push's format and sealed if it came sealed.

    `random16` must be 16 fresh random bytes.
    """
    reply = write_transfer(message, at=at, in_format=opened.format)
    if opened.cipher is None:
        return reply
    encrypted = opened.cipher.encrypt(reply, random16)
    return write_envelope(encrypted, token=opened.token, nonce=opened.nonce, at=at, in_format=opened.format)


def write_transfer(message: MessagePush, *, at: datetime, in_format: BodyFormat) -> bytes:
    """The reply in the clear. To and From are those of the push, swapped."""
    fields: dict[str, str | int] = {
        "ToUserName": message.openid,
        "FromUserName": message.to_user,
        "CreateTime": int(at.timestamp()),
        "MsgType": _TRANSFER,
    }
    return orjson.dumps(fields) if in_format == "json" else _xml(fields, indent="")


def write_envelope(encrypted: str, *, token: str, nonce: str, at: datetime, in_format: BodyFormat) -> bytes:
    """What carries an encrypted reply, signed."""
    seconds = int(at.timestamp())
    fields: dict[str, str | int] = {
        "Encrypt": encrypted,
        "MsgSignature": signature(token, str(seconds), nonce, encrypted),
        "TimeStamp": seconds,
        "Nonce": nonce,
    }
    return orjson.dumps(fields) if in_format == "json" else _xml(fields, indent="    ")


def open_reply(settings: CallbackSettings, body: bytes, *, to_user: str, openid: str) -> Transfer | None:
    """What WeChat makes of the answer to a push from `openid` to `to_user`; None for `success` or nothing.

    This is WeChat's side, for its stand-in: strict about format, case, signature and key (the current one).
    Raises ReplyRejected.
    """
    if body in {b"", SUCCESS}:
        return None
    fields = _fields(body, settings.format)
    if settings.mode == "secure" or "Encrypt" in fields:
        fields = _fields(_opened(settings, fields), settings.format)
    return _transfer(fields, to_user=to_user, openid=openid)


def _transfer(fields: dict[str, Any], *, to_user: str, openid: str) -> Transfer:
    if fields.get("MsgType") != _TRANSFER:
        raise ReplyRejected(f"MsgType must be {_TRANSFER}")
    if (fields.get("ToUserName"), fields.get("FromUserName")) != (openid, to_user):
        raise ReplyRejected("ToUserName must be the customer and FromUserName the app")
    if _number(fields.get("CreateTime")) is None:
        raise ReplyRejected("CreateTime must be seconds since 1970")
    return Transfer(openid=openid, from_user=to_user)


def _opened(settings: CallbackSettings, envelope: dict[str, Any]) -> bytes:
    if settings.mode == "plain" or settings.aes_key is None:
        raise ReplyRejected("encrypted, but the app's mode is plain")
    missing = [name for name in _ENVELOPE if name not in envelope]
    if missing:
        raise ReplyRejected(f"no {', '.join(missing)}; the mode is {settings.mode}, and case matters")
    encrypted, nonce, seconds = str(envelope["Encrypt"]), str(envelope["Nonce"]), _number(envelope["TimeStamp"])
    if seconds is None:
        raise ReplyRejected("TimeStamp must be seconds since 1970")
    if not matches(signature(settings.token, seconds, nonce, encrypted), str(envelope["MsgSignature"])):
        raise ReplyRejected("MsgSignature wrong")
    try:
        return MessageCipher(settings.aes_key, settings.app_id).decrypt(encrypted)
    except DecryptionFailed as failed:
        raise ReplyRejected(f"Encrypt: {failed.reason}") from None


def _fields(body: bytes, expected: BodyFormat) -> dict[str, Any]:
    if body_format(body, expected) != expected:
        raise ReplyRejected(f"the app's data format is {expected}")
    try:
        return read_body(body, expected)
    except Unreadable as unreadable:
        raise ReplyRejected(unreadable.reason) from None


def _number(value: Any) -> str | None:
    text = str(value)
    return text if not isinstance(value, bool) and _DIGITS.fullmatch(text) else None


def _xml(fields: dict[str, str | int], indent: str) -> bytes:
    lines = [f"{indent}<{name}>{_xml_value(value)}</{name}>" for name, value in fields.items()]
    return "\n".join(["<xml>", *lines, "</xml>"]).encode()


def _xml_value(value: str | int) -> str:
    return str(value) if isinstance(value, int) else f"<![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]>"
