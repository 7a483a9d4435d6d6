"""Reading a push as the makers' own receiver does: XML by its first character, else JSON; the rest is dropped. Pure."""

import hashlib
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, ParseError

import orjson
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

ENTERED: Final = "user_enter_tempsession"


@dataclass(frozen=True, slots=True)
class Pushed:
    """A push's fields, all as text."""

    fields: dict[str, str]

    @property
    def openid(self) -> str:
        return self.fields.get("FromUserName", "")

    @property
    def kind(self) -> str:
        """The event's name, or the message's type."""
        return self.fields.get("Event") or self.fields.get("MsgType", "")

    @property
    def msg_id(self) -> str | None:
        return self.fields.get("MsgId") or None

    @property
    def id(self) -> str:
        """What repeats have in common: the MsgId, or of an event who, when and what."""
        if self.msg_id is not None:
            return self.msg_id
        named = "|".join(self.fields.get(name, "") for name in ("FromUserName", "CreateTime", "Event"))
        return hashlib.blake2b(named.encode(), digest_size=16).hexdigest()


def read(body: bytes) -> Pushed | None:
    """None where it cannot be read, names no customer, or is only an encrypted half."""
    fields = _xml_fields(body) if body.lstrip().startswith(b"<") else _json_fields(body)
    if fields is None or not fields.get("FromUserName"):
        return None
    return Pushed(fields)


def _xml_fields(body: bytes) -> dict[str, str] | None:
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        return None
    return {child.tag: child.text or "" for child in root}


def _json_fields(body: bytes) -> dict[str, str] | None:
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(fields, dict):
        return None
    return {name: value if isinstance(value, str) else str(value) for name, value in fields.items()}
