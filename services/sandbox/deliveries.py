"""What vendors tell us by POST: in order for each customer, again until it is taken, and what became of it."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, TypeVar

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from services.sandbox.clock import SandboxClock
from services.sandbox.wechat.lanes import Lane

log = structlog.get_logger()

Result = TypeVar("Result")

KEPT_DELIVERIES: Final = 50
"""Of each account."""
_AT_ONCE: Final = 256
_SHOWN_CHARACTERS: Final = 500


class Outgoing(NamedTuple):
    """One POST, as it goes over the wire."""

    url: str
    query: dict[str, str]
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Attempt:
    """`error` says what was wrong with the answer, or why there was none."""

    at: datetime
    status: int | None
    body: str | None
    ms: float
    error: str | None


@dataclass(slots=True)
class Delivery:
    """One thing told, from its beginning. `accepted` is None until it is settled."""

    kind: str
    uid: str
    at: datetime
    attempts: list[Attempt] = field(default_factory=list)
    accepted: bool | None = None


@dataclass(frozen=True, slots=True)
class Manner:
    """How it is told: pauses in the sandbox's time, all else in real seconds. `judge` says why an answer is none."""

    judge: Callable[[int, bytes], str | None]
    pauses_seconds: Sequence[float]
    timeout_seconds: float
    delay_seconds: float = 0
    copies: int = 0


Compose = Callable[[], Outgoing]


class Deliverer:
    """`changed` is called whenever a delivery looks different."""

    def __init__(self, session: ClientSession, clock: SandboxClock, changed: Callable[[], None]) -> None:
        self._session = session
        self._clock = clock
        self._changed = changed
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[Any]] = set()

    def submit(self, delivery: Delivery, lane: Lane, compose: Compose, manner: Manner) -> asyncio.Task[None]:
        """Tell it after what was told in this lane before. `compose` is asked anew for each attempt."""
        turn = lane.queue()

        async def settle() -> None:
            async with turn.taken(after_seconds=manner.delay_seconds):
                copies = [self.spawn(self._attempt(delivery, compose, manner)) for _ in range(manner.copies)]
                taken = await self._attempt(delivery, compose, manner)
            for pause in manner.pauses_seconds:
                if taken:
                    break
                await self._clock.until(self._clock.now() + timedelta(seconds=pause))
                taken = await self._attempt(delivery, compose, manner)
            delivery.accepted = any([taken, *await asyncio.gather(*copies)])
            if not delivery.accepted:
                log.warning("vendor_push_failed", kind=delivery.kind, attempt=len(delivery.attempts))
            self._changed()

        return self.spawn(settle())

    def spawn(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def cancel_all(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _attempt(self, delivery: Delivery, compose: Compose, manner: Manner) -> bool:
        async with self._room:
            at, began, outgoing = self._clock.now(), time.perf_counter(), compose()
            status: int | None = None
            body: bytes | None = None
            try:
                status, body = await self._post(outgoing, manner.timeout_seconds)
                error = manner.judge(status, body)
            except TimeoutError:
                error = f"no answer within {manner.timeout_seconds:g} s"
            except (ClientError, OSError) as failure:
                error = f"no answer: {type(failure).__name__}: {failure}"
        shown = None if body is None else body.decode("utf-8", "replace")[:_SHOWN_CHARACTERS]
        ms = round((time.perf_counter() - began) * 1000, 1)
        delivery.attempts.append(Attempt(at, status, shown, ms, error))
        self._changed()
        return error is None

    async def _post(self, outgoing: Outgoing, seconds: float) -> tuple[int, bytes]:
        async with self._session.post(
            URL(outgoing.url).update_query(outgoing.query),
            data=outgoing.body,
            headers=outgoing.headers,
            timeout=ClientTimeout(total=seconds),
            allow_redirects=False,
        ) as response:
            return response.status, await response.read()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("vendor_push_broken", exc_info=task.exception())
