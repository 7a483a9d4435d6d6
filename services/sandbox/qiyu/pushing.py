"""Pushing for real: again until the answer is 200 with an empty body, in time.

Source: Qiyu's message interface page (an answer within 10 s, without a body, or it is repeated). How often and after
how long it repeats is on no page: that is configured.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

import orjson
from aiohttp import ClientSession

from services.sandbox.clock import SandboxClock
from services.sandbox.deliveries import Deliverer, Manner, Outgoing
from services.sandbox.qiyu.signing import checksum
from services.sandbox.qiyu.state import Account, Push
from services.sandbox.wechat.lanes import Lane

_OK: Final = 200
_HEADERS: Final = {"Content-Type": "application/json;charset=utf-8"}


class QiyuPusher:
    def __init__(self, session: ClientSession, clock: SandboxClock, changed: Callable[[], None]) -> None:
        self._clock = clock
        self._deliverer = Deliverer(session, clock, changed)
        self._lanes: defaultdict[tuple[str, str], Lane] = defaultdict(Lane)

    def submit(self, account: Account, event: str, uid: str, body: dict[str, Any]) -> Push:
        """Push in the customer's order: the first attempts follow each other, repeats come when they come."""
        account.pushed += 1
        push = Push(kind=event, uid=uid, at=self._clock.now(), n=account.pushed, body=body, content=orjson.dumps(body))
        account.pushes.append(push)
        config = account.config
        manner = Manner(
            judge=_fault_of,
            pauses_seconds=tuple(config.push_retries),
            timeout_seconds=config.push_seconds,
            copies=account.faults.push.duplicate,
        )
        lane = self._lanes[account.app_key, uid]
        _ = self._deliverer.submit(push, lane, lambda: self._composed(account, push), manner)
        return push

    async def cancel_all(self) -> None:
        await self._deliverer.cancel_all()
        self._lanes.clear()

    def _composed(self, account: Account, push: Push) -> Outgoing:
        """Signed as of now, by the secret of now, unless repeats are to carry the first time."""
        config = account.config
        now = int(self._clock.now().timestamp())
        push.time = now if push.time is None or config.renew_push_time else push.time
        sha256 = config.checksum_algorithm == "sha256"
        secret = "wrong" if account.faults.push.wrong_checksum else config.app_secret
        query = {"eventType": push.kind, "time": str(push.time)}
        query["checksum"] = checksum(secret, push.content, query["time"], sha256=sha256)
        if sha256:
            query["checksumAlgorithm"] = "1"
        return Outgoing(config.callback_url, query, push.content, _HEADERS)


def _fault_of(status: int, body: bytes) -> str | None:
    if status != _OK:
        return f"HTTP {status}"
    return f"a body of {len(body)} bytes; it must be empty" if body else None
