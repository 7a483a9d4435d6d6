"""Request ids of refused calls, which `/cgi-bin/openapi/rid/get` explains for a while.

Source: WeChat's page 查询 rid 信息; the first group is the Unix time in hexadecimal.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.sandbox.chance import Chance

KEPT_RIDS: Final = 2_000


@dataclass(frozen=True, slots=True)
class RefusedCall:
    invoked_at: datetime
    query: str
    body: bytes
    answer: bytes
    client_ip: str

    def view(self) -> dict[str, Any]:
        return {
            "invoke_time": int(self.invoked_at.timestamp()),
            "cost_in_ms": 1,
            "request_url": self.query,
            "request_body": self.body.decode("utf-8", "replace"),
            "response_body": self.answer.decode("utf-8", "replace"),
            "client_ip": self.client_ip,
        }


class RidBook:
    def __init__(self) -> None:
        self._calls: OrderedDict[str, RefusedCall] = OrderedDict()

    def keep(self, rid: str, call: RefusedCall) -> None:
        self._calls[rid] = call
        if len(self._calls) > KEPT_RIDS:
            self._calls.popitem(last=False)

    def find(self, rid: str) -> RefusedCall | None:
        return self._calls.get(rid)


def new_rid(now: datetime, chance: Chance) -> str:
    return f"{int(now.timestamp()):08x}-{chance.word32():08x}-{chance.word32():08x}"
