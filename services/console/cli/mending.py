"""A condemned message, made readable and writable again where that can be done without inventing anything. Pure."""

import json
import math
from typing import Any, Final

_INT64: Final = range(-(1 << 63), 1 << 63)
_REPLACEMENT: Final = "\ufffd"


class Unmendable(Exception):
    """The body is no JSON at all; the text says where it ends to be."""


def mended(body: bytes) -> bytes:
    """The same JSON, of which everything can be decoded and stored; raises Unmendable.

    Broken UTF-8 and lone surrogates become U+FFFD, integers beyond 64 bits become text, NUL leaves the names of
    fields, and what is no number (NaN) becomes null: MongoDB and pydantic refuse a whole message for one of these.
    """
    try:
        document = json.loads(body.decode("utf-8", "replace"))
    except json.JSONDecodeError as broken:
        raise Unmendable(f"no JSON: {broken.msg} at character {broken.pos}") from None
    except RecursionError:
        raise Unmendable("nested too deeply") from None
    return json.dumps(_mended(document), ensure_ascii=False).encode()


def _mended(value: Any) -> Any:
    match value:
        case dict():
            return {_name(name): _mended(item) for name, item in value.items()}
        case list():
            return [_mended(item) for item in value]
        case str():
            return _whole(value)
        case int() if value not in _INT64:
            return str(value)
        case float() if not math.isfinite(value):
            return None
        case _:
            return value


def _name(name: str) -> str:
    return _whole(name).replace("\0", _REPLACEMENT)


def _whole(text: str) -> str:
    """The text without lone halves of a surrogate pair."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
