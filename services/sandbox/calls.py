"""The other side's book: every API call as the stand-in saw it, to be compared with what our side believes."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

import orjson

KEPT_CALLS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Call:
    """One API call.

    `body` stays as its bytes: the book is long, and read seldom. `status` is None if no answer was sent.
    `delivered` is true only if the customer's phone got something.
    """

    n: int
    at: datetime
    path: str
    appid: str | None
    openid: str | None
    body: bytes
    status: int | None
    errcode: int | None
    delivered: bool

    def view(self) -> dict[str, Any]:
        return {
            "n": self.n,
            "at": self.at,
            "path": self.path,
            "appid": self.appid,
            "openid": self.openid,
            "body": _readable(self.body),
            "status": self.status,
            "errcode": self.errcode,
            "delivered": self.delivered,
        }


class CallBook:
    """Holds the newest `kept` calls, numbered from 1."""

    def __init__(self, kept: int = KEPT_CALLS) -> None:
        self._calls: deque[Call] = deque(maxlen=kept)
        self._written = 0

    def write(
        self,
        *,
        at: datetime,
        path: str,
        appid: str | None,
        openid: str | None,
        body: bytes,
        status: int | None,
        errcode: int | None,
        delivered: bool,
    ) -> None:
        self._written += 1
        self._calls.append(Call(self._written, at, path, appid, openid, body, status, errcode, delivered))

    def after(self, n: int, path: str = "") -> list[Call]:
        """The calls numbered above `n` whose path begins with `path`, oldest first."""
        found = []
        for call in reversed(self._calls):
            if call.n <= n:
                break
            if call.path.startswith(path):
                found.append(call)
        found.reverse()
        return found

    def newest(self, count: int, path: str = "", appid: str | None = None, openid: str | None = None) -> list[Call]:
        """The last `count` calls of this path, app and customer, oldest first."""
        wanted = (
            call
            for call in reversed(self._calls)
            if call.path.startswith(path)
            and (appid is None or call.appid == appid)
            and (openid is None or call.openid == openid)
        )
        return list(islice(wanted, count))[::-1]

    def clear(self) -> None:
        self._calls.clear()
        self._written = 0


def _readable(body: bytes) -> Any:
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")
