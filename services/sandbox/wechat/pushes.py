"""Pushing for real: POST, 5 s for an answer, resends, and the notice on the phone when nobody answers properly.

Source: WeChat's pages 消息推送 (5 s, up to three resends with the same message) and 客服消息使用指南 (the notice).
"""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from services.sandbox.faults import FaultBox
from services.sandbox.wechat.config import AppConfig
from services.sandbox.wechat.envelopes import delivery, url_check
from services.sandbox.wechat.lanes import Turn
from services.sandbox.wechat.messages import PushMessage
from services.sandbox.wechat.phone import SERVICE_FAILURE, Content
from services.sandbox.wechat.pushbook import Attempt, PushRecord, Verdict
from services.sandbox.wechat.state import App, Customer, World
from shared.wechat.passive_reply import ReplyRejected, open_reply
from shared.wechat.push import CallbackSettings

log = structlog.get_logger()

_AT_ONCE: Final = 256
_SHOWN_CHARACTERS: Final = 2_000
_USER_AGENT: Final = "Mozilla/4.0"
_OK: Final = 200

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class PushTiming:
    """In real seconds: for an answer, before each resend, and (fault `reorder`) to be overtaken by the next push."""

    timeout_seconds: float = 5.0
    resend_pauses_seconds: tuple[float, ...] = (1.0, 2.0, 4.0)
    overtake_wait_seconds: float = 0.2


@dataclass(frozen=True, slots=True)
class Settled:
    """How one push ended. `notice` is what the customer was shown if it failed."""

    msg_id: str | None
    accepted: bool
    notice: str | None
    attempts: list[Attempt]

    def view(self) -> dict[str, Any]:
        return {
            "msg_id": self.msg_id,
            "accepted": self.accepted,
            "notice": self.notice,
            "attempts": [attempt.view() for attempt in self.attempts],
        }


@dataclass(frozen=True, slots=True)
class UrlCheck:
    """What came back from the GET check of a callback URL."""

    verified: bool
    status: int | None
    body: str | None
    error: str | None


@dataclass(slots=True)
class PushCounts:
    in_flight: int = 0
    accepted: int = 0
    failed: int = 0


class Pusher:
    def __init__(self, session: ClientSession, world: World, faults: FaultBox, timing: PushTiming) -> None:
        self._session = session
        self._world = world
        self._faults = faults
        self._timing = timing
        self._timeout = ClientTimeout(total=timing.timeout_seconds)
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[Any]] = set()
        self.counts = PushCounts()

    def submit(self, app: App, customer: Customer, message: PushMessage) -> asyncio.Task[Settled]:
        """Push in the customer's order. The task ends when the push is settled, resends included."""
        reorders = self._faults.state.push.reorder
        turn = customer.lane.queue(self._timing.overtake_wait_seconds if reorders else None)
        self.counts.in_flight += 1
        record = PushRecord(message.kind, message.msg_id, self._world.clock.now())
        customer.pushes.append(record)
        customer.phone.touch()
        return self._spawn(self._settle(app, customer, message, turn, record))

    async def check_url(self, config: AppConfig) -> UrlCheck:
        """WeChat's GET when a callback URL is saved: 200 and exactly echostr, or the URL is refused."""
        echostr = self._world.chance.digits(19)
        query = url_check(config.token, timestamp=self._seconds(), nonce=self._nonce(), echostr=echostr)
        try:
            async with self._session.get(
                _with_query(config.callback_url, query), timeout=self._timeout, allow_redirects=False
            ) as response:
                body = await response.read()
        except (ClientError, TimeoutError) as failure:
            return UrlCheck(verified=False, status=None, body=None, error=self._unanswered(failure))
        verified = response.status == _OK and body == echostr.encode()
        error = (
            None if verified else "the answer must be 200 with exactly the echostr of the request, nothing around it"
        )
        return UrlCheck(verified, response.status, _shown(body), error)

    async def cancel_all(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.counts = PushCounts()

    async def _settle(
        self, app: App, customer: Customer, message: PushMessage, turn: Turn, record: PushRecord
    ) -> Settled:
        faults = self._faults.state.push
        attempts = record.attempts
        async with turn.taken(after_seconds=faults.delay_ms / 1000):
            copies = [self._spawn(self._attempt(app, customer, message)) for _ in range(faults.duplicate)]
            attempts.append(await self._attempt(app, customer, message))
        for pause in self._timing.resend_pauses_seconds:
            if attempts[-1].verdict != "unanswered":
                break
            customer.phone.touch()
            await asyncio.sleep(pause)
            attempts.append(await self._attempt(app, customer, message))
        attempts += await asyncio.gather(*copies)
        record.accepted = any(attempt.is_accepted for attempt in attempts)
        settled = self._settled(app, customer, message, attempts, accepted=record.accepted)
        customer.phone.touch()
        return settled

    def _settled(
        self, app: App, customer: Customer, message: PushMessage, attempts: list[Attempt], *, accepted: bool
    ) -> Settled:
        self.counts.in_flight -= 1
        if accepted:
            self.counts.accepted += 1
            return Settled(message.msg_id, accepted=True, notice=None, attempts=attempts)
        self.counts.failed += 1
        log.warning(
            "push_failed", app_id=app.appid, msg_id=message.msg_id, attempt=len(attempts), reason=attempts[-1].error
        )
        customer.phone.show(self._world.clock.now(), "notice", Content("text", text=SERVICE_FAILURE))
        return Settled(message.msg_id, accepted=False, notice=SERVICE_FAILURE, attempts=attempts)

    async def _attempt(self, app: App, customer: Customer, message: PushMessage) -> Attempt:
        """Deliver once, with a new timestamp and nonce, and do what a good answer asks for."""
        async with self._room:
            at, began = self._world.clock.now(), time.perf_counter()
            callback = app.callback
            try:
                status, body = await self._post(app, callback, message)
            except (ClientError, TimeoutError) as failure:
                return Attempt(at, None, None, _ms_since(began), self._unanswered(failure), "unanswered")
        verdict, error = _judged(callback, message, status, body)
        if verdict == "transferred":
            customer.console = customer.console.transferred(self._world.clock.now())
        return Attempt(at, status, _shown(body), _ms_since(began), error, verdict)

    async def _post(self, app: App, callback: CallbackSettings, message: PushMessage) -> tuple[int, bytes]:
        chance = self._world.chance
        sent = delivery(
            callback, message, timestamp=self._seconds(), nonce=self._nonce(), random16=chance.random_bytes(16)
        )
        async with self._session.post(
            _with_query(app.config.callback_url, sent.query),
            data=sent.body,
            headers={"Content-Type": sent.content_type, "User-Agent": _USER_AGENT},
            timeout=self._timeout,
            allow_redirects=False,
        ) as response:
            return response.status, await response.read()

    def _unanswered(self, failure: Exception) -> str:
        if isinstance(failure, TimeoutError):
            return f"no answer within {self._timing.timeout_seconds:g} s"
        return f"no answer: {type(failure).__name__}: {failure}"

    def _seconds(self) -> int:
        return int(self._world.clock.now().timestamp())

    def _nonce(self) -> str:
        return self._world.chance.digits(9)

    def _spawn(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("push_broken", exc_info=task.exception())


def _judged(callback: CallbackSettings, message: PushMessage, status: int, body: bytes) -> tuple[Verdict, str | None]:
    """What WeChat makes of an answer: only 200 counts as one; it must say nothing, `success`, or transfer a message."""
    if status != _OK:
        return "unanswered", f"HTTP {status}"
    try:
        reply = open_reply(callback, body, to_user=message.gh_id, openid=message.openid)
    except ReplyRejected as rejected:
        return "malformed", str(rejected)
    if reply is None:
        return "accepted", None
    if message.is_event:
        return "malformed", "an event cannot be transferred to the console, only a message"
    return "transferred", None


def _with_query(url: str, query: dict[str, str]) -> URL:
    return URL(url).update_query(query)


def _shown(body: bytes) -> str:
    return body.decode("utf-8", "replace")[:_SHOWN_CHARACTERS]


def _ms_since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)
