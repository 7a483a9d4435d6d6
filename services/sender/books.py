"""The durable side of a send: where it stands, that it is tried, how it ended, and that this was told.

Questions and writes of all sends in hand are gathered, so that a round trip is shared by as many as want one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import structlog

from services.sender.gathering import Gathering
from services.sender.lines import Send
from services.sender.outcomes import UNANSWERED, VENDOR_UNANSWERED, Ended, PutOff
from services.sender.spans import record_told
from services.sender.telling import publish
from shared.bus.publisher import Publisher
from shared.clock import Clock, real_now
from shared.conversation.facts import SendSettled
from shared.conversation.vendor_facts import VendorAnswered
from shared.observe import metrics, tracing
from shared.outage import Outage
from shared.steps import Step
from shared.store.sends import (
    Attempt,
    Begin,
    Defer,
    Outgoing,
    SendStore,
    Settle,
    Settlement,
    Standing,
    Start,
    StoredSend,
    Told,
    Write,
    forget_at,
    row_of,
)

log = structlog.get_logger()

TELL_SECONDS: Final = 10
"""An outcome that was stored and not told is told by somebody else after this."""
RETRY_SECONDS: Final = (0.1, 0.2, 0.5, 1.0, 2.0)

Result = TypeVar("Result")


class AlreadyKnown(Exception):
    """The send has a row that somebody else wrote: it is theirs, or it has its outcome."""


class Books:
    def __init__(
        self,
        sends: SendStore,
        publisher: Publisher,
        clock: Clock,
        step: Step,
    ) -> None:
        self._standing: Gathering[Standing, list[StoredSend]] = Gathering(sends.standing)
        self._writes: Gathering[Write, bool] = Gathering(sends.write)
        self._publisher = publisher
        self._clock = clock
        self._step = step

    async def standing(self, line: str, send_id: str | None = None) -> list[StoredSend]:
        """What is unsettled or untold in the line, in order, and this send's row whatever its state."""
        return await self._standing.ask(Standing(line, send_id))

    async def start(self, send: Send[Outgoing], attempt: Attempt) -> bool:
        """Note that the send is being tried; False where somebody else has it, or tries another of the customer's."""
        started = {"state": "started", "due_at": attempt.deadline, "attempt": attempt}
        if send.stored is None:
            row = row_of(send.command).but(**started)
            won = await self._writes.ask(Begin(row))
        else:
            row = send.stored.but(**started)
            won = await self._writes.ask(Start(send.stored.guard, attempt))
        if won:
            send.stored = row
        return won

    async def defer(self, send: Send[Outgoing], put_off: PutOff) -> None:
        """Put the send off; raises AlreadyKnown where it has a row that we did not know of."""
        command = send.command
        due_at = min(put_off.due_at, command.expires_at)
        waiting = {"state": "deferred", "due_at": due_at, "why": put_off.why, "attempt": None}
        if send.stored is None:
            row = row_of(command).but(**waiting, command=command)
            if not await self._writes.ask(Begin(row)):
                raise AlreadyKnown
        else:
            row = send.stored.but(**waiting, tries=send.tries, command=command)
            write = Defer(send.stored.guard, due_at, put_off.why, send.tries, command)
            await self._persisted(send, lambda: self._writes.ask(write))
        send.stored = row
        metrics.sender_deferred_total.labels(put_off.why).inc()
        await self._step("deferred")

    async def settle(self, send: Send[Outgoing], ended: Ended) -> StoredSend:
        """Store the outcome, which is still to be told; raises AlreadyKnown as `defer` does.

        Once the send was tried, trouble with MongoDB is sat out: nobody else knows what we know.
        """
        now = self._clock.now()
        settlement = _settlement(ended, now)
        tell_by = None if send.held else real_now() + timedelta(seconds=TELL_SECONDS)
        forget = forget_at(send.command.expires_at, now)
        row = (send.stored or row_of(send.command)).but(state="settled", due_at=tell_by, settlement=settlement)
        if send.stored is None:
            if not await self._writes.ask(Begin(row, forget)):
                raise AlreadyKnown
        else:
            attempt = send.stored.attempt
            guard = {"_id": send.id, "attempt.id": attempt.id} if attempt else send.stored.guard
            write = Settle(guard, settlement, tell_by, forget)
            await self._persisted(send, lambda: self._writes.ask(write))
        send.stored = row
        _count(row, ended)
        await self._step("settled")
        return row

    async def tell_of(self, send: Send[Outgoing], row: StoredSend) -> None:
        """Tell the outcome of a send in hand, through any outage as in `settle`."""
        await self._persisted(send, lambda: self.tell(row))

    async def give_up(self, stored: StoredSend) -> None:
        """An attempt's deadline has passed and nobody told its outcome: it is unknown."""
        now, ended = self._clock.now(), VENDOR_UNANSWERED if stored.called else UNANSWERED
        settlement = _settlement(ended, now)
        tell_by = real_now() + timedelta(seconds=TELL_SECONDS)
        await self._writes.ask(Settle(stored.guard, settlement, tell_by, forget_at(stored.expires_at, now)))
        _count(stored, ended)
        await self._step("settled")
        await self.tell(stored.but(state="settled", due_at=tell_by, settlement=settlement))

    async def tell(self, stored: StoredSend) -> None:
        """Publish the outcome of a settled send; once more does no harm."""
        settled = stored.settlement
        if settled is None:
            raise LookupError(f"{stored.id} has no outcome to tell")
        told, began = _settled(stored, settled), tracing.now()
        await publish(self._publisher, told)
        record_told(told, stored.id, began)
        await self._step("told")
        if stored.due_at is not None:
            await self._writes.ask(Told(stored.id, settled.outcome))

    async def _persisted(self, send: Send[Outgoing], work: Callable[[], Awaitable[Result]]) -> Result:
        """Do it, through any outage once the send was tried; its `trouble` is there to see meanwhile."""
        tries = 0
        while True:
            try:
                result = await work()
            except Outage as outage:
                if not send.tried:
                    raise
                send.trouble = outage
                wait_seconds = RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]
                tries += 1
                log.warning("outcome_held", send_id=send.id, reason=str(outage), retry_seconds=wait_seconds)
                await asyncio.sleep(wait_seconds)
            else:
                send.trouble = None
                return result


def _settled(stored: StoredSend, settled: Settlement) -> SendSettled | VendorAnswered:
    origin: dict[str, Any] = {
        "conversation_id": stored.conversation,
        "app_id": stored.app_id,
        "occurred_at": settled.at,
        "trace_id": stored.trace_id,
        "outcome": settled.outcome,
        "code": settled.code,
        "reason": settled.reason,
    }
    if stored.called is not None:
        return VendorAnswered(
            **origin,
            cause=f"call:{stored.id}:{settled.outcome}",
            account=stored.called.account,
            call_id=stored.id,
            call=stored.called.call,
            bridging=stored.called.bridging,
            message_id=stored.called.message_id,
            down=settled.down,
            stood=settled.stood,
        )
    return SendSettled(
        **origin,
        cause=f"s:{stored.id}:{settled.outcome}",
        send_id=stored.id,
        attempted_at=stored.attempt.at if stored.attempt else None,
        window_closed=settled.window_closed,
    )


def _count(stored: StoredSend, ended: Ended) -> None:
    called = stored.called
    if called is None:
        metrics.sender_sends_total.labels(stored.app_id, ended.outcome).inc()
    else:
        names = (called.vendor, called.account, called.call, ended.outcome)
        metrics.sender_vendor_calls_total.labels(*names).inc()


def _settlement(ended: Ended, now: datetime) -> Settlement:
    return Settlement(
        outcome=ended.outcome,
        at=now,
        code=ended.code,
        reason=ended.reason,
        window_closed=ended.window_closed,
        down=ended.down,
        stood=ended.stood,
    )
