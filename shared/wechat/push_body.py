"""A push's body, JSON or XML, as one plain dict that JSON and BSON can hold.

What a customer typed must not make a genuine push unreadable, so bytes that are no UTF-8, characters that XML
forbids and lone surrogates become U+FFFD. What only an attacker writes (a DTD, endless nesting) is refused.
"""

import json
import math
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Any, Final, Literal, NoReturn
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from shared.refusals import Unreadable

BodyFormat = Literal["json", "xml"]

MAX_DEPTH: Final = 32
"""Levels of nesting read; WeChat's deepest documented push has four, BSON stops at a hundred."""

_SNIFFED: Final = 256
_REPLACEMENT: Final = "\ufffd"
_LONE_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INT64: Final = range(-(2**63), 2**63)


def body_format(body: bytes, expected: BodyFormat) -> BodyFormat:
    """The format a body is in by its first character, or the expected one if that tells nothing."""
    match body[:_SNIFFED].removeprefix(BOM_UTF8).lstrip()[:1]:
        case b"<":
            return "xml"
        case b"{":
            return "json"
        case _:
            return expected


def read_body(body: bytes, expected: BodyFormat) -> dict[str, Any]:
    """The fields of a body: text, numbers, booleans, None, and lists and dicts of them.

    Integers beyond 64 bits become text. XML has text only; a repeated element becomes a list.
    Raises Unreadable.
    """
    match body_format(body, expected):
        case "json":
            return read_json(body)
        case "xml":
            return read_xml(body)


def read_json(body: bytes) -> dict[str, Any]:
    # Not orjson: it turns integers beyond 64 bits into floats and refuses lone surrogates.
    try:
        value = json.loads(_text(body), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Unreadable("not JSON") from None
    if not isinstance(value, dict):
        raise Unreadable("JSON, but no object")
    return _plain_dict(value, 1)


def read_xml(body: bytes) -> dict[str, Any]:
    # Parsed as text, so that an encoding the declaration claims has no say.
    try:
        root = fromstring(_NOT_IN_XML.sub(_REPLACEMENT, _text(body)), forbid_dtd=True)
    except ParseError:
        raise Unreadable("not XML") from None
    except DefusedXmlException:
        raise Unreadable("XML with a DTD or an entity") from None
    return _plain_dict(_children(root, 1), 1)


def _text(body: bytes) -> str:
    return body.decode("utf-8-sig", "replace").lstrip()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _children(parent: Element, depth: int) -> dict[str, Any]:
    _check(depth)
    fields: dict[str, Any] = {}
    repeated: set[str] = set()
    for child in parent:
        value = _children(child, depth + 1) if len(child) else child.text or ""
        if child.tag not in fields:
            fields[child.tag] = value
        elif child.tag in repeated:
            fields[child.tag].append(value)
        else:
            repeated.add(child.tag)
            fields[child.tag] = [fields[child.tag], value]
    return fields


def _plain(value: Any, depth: int) -> Any:
    match value:
        case str():
            return _LONE_SURROGATES.sub(_REPLACEMENT, value)
        case int() if value not in _INT64:
            return str(value)
        case float() if not math.isfinite(value):
            return str(value)
        case dict():
            return _plain_dict(value, depth)
        case list():
            _check(depth)
            return [_plain(item, depth + 1) for item in value]
        case _:
            return value


def _plain_dict(fields: dict[str, Any], depth: int) -> dict[str, Any]:
    _check(depth)
    return dict(_plain_items(fields, depth))


def _plain_items(fields: dict[str, Any], depth: int) -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        yield _plain_name(name), _plain(value, depth + 1)


def _plain_name(name: str) -> str:
    """A name MongoDB takes anywhere: no NUL, no leading dollar sign."""
    kept = _LONE_SURROGATES.sub(_REPLACEMENT, name).replace("\x00", "")
    return "\uff04" + kept[1:] if kept.startswith("$") else kept


def _check(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Unreadable(f"nested deeper than {MAX_DEPTH} levels")
