"""One API call on its way through the checks: what came, who asks, and what is to be written into the book."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import orjson

from services.sandbox.wechat.errcodes import Refused
from services.sandbox.wechat.state import App, Customer, World

_ESCAPE: Final = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_ASCII: Final = 0x80

OK: Final[dict[str, Any]] = {"errcode": 0, "errmsg": "ok"}


@dataclass(frozen=True, slots=True)
class File:
    """An answer that is no JSON but a file."""

    data: bytes
    content_type: str
    filename: str


@dataclass(slots=True)
class ApiCall:
    """`upload` is the file of a multipart form's field `media`; `body` then says its name and size, for the book."""

    world: World
    now: datetime
    method: str
    path: str
    query: Mapping[str, str]
    query_string: str
    remote: str
    known_paths: Collection[str]
    body: bytes = b""
    upload: bytes | None = None
    app: App | None = None
    appid: str | None = None
    openid: str | None = None
    delivered: bool = False

    @property
    def asking_app(self) -> App:
        """The app whose token came with the call; the dispatcher has made sure of it."""
        if self.app is None:
            raise Refused(41001)
        return self.app

    def json_object(self) -> dict[str, Any]:
        """The body's fields; raises Refused: 44002 without a body, 47001 if it is no JSON object."""
        if not self.body.strip():
            raise Refused(44002)
        try:
            fields = orjson.loads(keep_escapes(self.body) if self._shows_escapes else self.body)
        except orjson.JSONDecodeError:
            raise Refused(47001) from None
        if not isinstance(fields, dict):
            raise Refused(47001)
        return fields

    @property
    def _shows_escapes(self) -> bool:
        return self.app is not None and self.app.config.knobs.shows_escapes

    def customer(self, fields: dict[str, Any]) -> Customer:
        """Whom `touser` means; raises Refused (40003) if the app has no such customer."""
        openid = fields.get("touser")
        customer = self.asking_app.customers.get(openid) if isinstance(openid, str) else None
        self.openid = openid if isinstance(openid, str) else None
        if customer is None:
            raise Refused(40003)
        return customer


Answer = dict[str, Any] | File


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path. `with_token` is false for those that hand tokens out."""

    method: Literal["GET", "POST"]
    answer: Callable[[ApiCall], Answer]
    with_token: bool = True


def keep_escapes(body: bytes) -> bytes:
    r"""JSON whose `\uXXXX` escapes beyond ASCII stay as they are written, for the customer to see.

    So developers reported of this very API (community thread 00066891970b5058e84bdaa3851c00); not everyone sees it,
    hence the knob `shows_escapes`. Text sent as raw UTF-8 is right either way.
    """
    return _ESCAPE.sub(_kept, body) if b"\\u" in body else body


def _kept(escape: re.Match[bytes]) -> bytes:
    code = escape[1]
    return escape[0] if code is None or int(code, 16) < _ASCII else b"\\" + escape[0]
