"""Every send in this process's hands, from where it was taken to its outcome or back into the collection."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import structlog

from services.sender.books import AlreadyKnown, Books
from services.sender.condemned import described
from services.sender.lanes import PATIENCE_SECONDS
from services.sender.lines import Line, Lines, Send
from services.sender.outcomes import BROKEN, EXPIRED, FAULT, Ended, NotNow, PutOff
from shared.clock import Clock, real_now
from shared.outage import Outage
from shared.store.sends import Outgoing, StoredSend, id_of

log = structlog.get_logger()

BEHIND_SECONDS: Final = 20.0
"""When to look again at a send behind one that is under way here. It is taken up at once when that one ends."""
LEAST_SECONDS: Final = 1.0


class Deliverer(Protocol):
    """Makes the sends of one kind."""

    async def deliver(self, send: Send[Any]) -> Ended:
        """Try to send it; raises NotNow, AlreadyKnown, or Outage where nothing was written to the other side."""
        ...


class InHand:
    """Something this process does for a message of the bus, which may be acknowledged once `durable`."""

    def __init__(self, task: asyncio.Task[bool], send: Send[Outgoing] | None) -> None:
        self.task = task
        self.send = send

    def durable(self) -> bool:
        """Whether the message is not needed any more: done, or a row says that somebody must come back.

        A send whose request may be on the wire is let go; from then on its outcome is watched over by its row.
        Raises what ended the work, or the Outage that it sits out.
        """
        if self.task.done():
            self.task.result()
            return True
        if self.send is None or not self.send.held:
            return True
        if self.send.trouble is not None:
            raise self.send.trouble
        if self.send.calling:
            self.send.held = False
            return True
        return False


class Sending:
    def __init__(self, books: Books, deliverers: Mapping[str, Deliverer], clock: Clock) -> None:
        """`deliverers` are there by the kind of command that each carries out."""
        self._books = books
        self._deliverers = deliverers
        self._clock = clock
        self._lines = Lines()
        self._sends: dict[str, InHand] = {}
        self._resumed: dict[str, InHand] = {}
        self._again: set[str] = set()
        self._uncalled: dict[str, str] = {}

    def take(self, command: Outgoing) -> InHand:
        """Take a send from the bus; one that is in hand already stays the same."""
        in_hand = self._sends.get(id_of(command))
        if in_hand is None:
            in_hand = self._begin(Send(command, None, held=True))
        return in_hand

    def resume(self, line: str) -> InHand:
        """Go on with what waits in the collection in this line, in order, as far as it goes now."""
        in_hand = self._resumed.get(line)
        if in_hand is None:
            task = asyncio.create_task(self._resume(line))
            task.add_done_callback(_look_at)
            in_hand = self._resumed[line] = InHand(task, None)
        else:
            self._again.add(line)
        return in_hand

    async def finish(self, within_seconds: float) -> None:
        """Wait for what is under way; what is not done then stays in the collection as it is."""
        deadline = asyncio.get_running_loop().time() + within_seconds
        while tasks := [one.task for one in (*self._sends.values(), *self._resumed.values())]:
            wait_seconds = deadline - asyncio.get_running_loop().time()
            if wait_seconds <= 0:
                break
            await asyncio.wait(tasks, timeout=wait_seconds)
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, send: Send[Outgoing]) -> InHand:
        task = asyncio.create_task(self._run(send))
        in_hand = self._sends[send.id] = InHand(task, send)
        task.add_done_callback(lambda done: self._end(send, done))
        return in_hand

    def _end(self, send: Send[Outgoing], task: asyncio.Task[bool]) -> None:
        del self._sends[send.id]
        self._uncalled.pop(send.id, None)
        failure = None if task.cancelled() else task.exception()
        if failure is not None and send.uncalled is not None:
            self._uncalled[send.id] = send.uncalled

    async def _run(self, send: Send[Outgoing]) -> bool:
        """True once the send has its outcome, and it is told."""
        put_off = row = None
        with self._lines.standing(send) as line:
            try:
                row = await self._settled(send, line)
            except NotNow as later:
                put_off = later.put_off
                line.left_behind = line.left_behind or put_off.why == "order"
                row = await self._deferred(send, put_off)
            except AlreadyKnown:
                row = await self._known(send)
        if line.left_behind and put_off is None:
            line.left_behind = False
            self.resume(send.line)
        if row is None or row.unsettled:
            return False
        await self._books.tell_of(send, row)
        return True

    async def _settled(self, send: Send[Outgoing], line: Line) -> StoredSend:
        """Its row with the outcome; raises NotNow or AlreadyKnown."""
        try:
            ended = await self._go(send, line)
        except (NotNow, AlreadyKnown, Outage):
            raise
        except Exception as failure:
            log.error("send_broken", reason=described(failure), **_names(send.command))  # noqa: TRY400 - see described
            if not send.tried:
                raise
            ended = FAULT
        if ended.outcome != "sent":
            log.warning("send_ended", status=ended.outcome, code=ended.code, **_names(send.command))
        return await self._books.settle(send, ended)

    async def _deferred(self, send: Send[Outgoing], put_off: PutOff) -> StoredSend | None:
        try:
            await self._books.defer(send, put_off)
        except AlreadyKnown:
            return await self._known(send)
        return None

    async def _known(self, send: Send[Outgoing]) -> StoredSend | None:
        """Somebody has, or had, this send. Where it has its outcome, that is told again; else its row is enough."""
        rows = await self._books.standing(send.line, send.id)
        return next((row for row in rows if row.id == send.id), None)

    async def _go(self, send: Send[Outgoing], line: Line) -> Ended:
        if self._clock.now() >= send.command.expires_at:
            return EXPIRED
        await self._turn(send, line)
        await self._look(send)
        return await self._deliverers[send.command.kind].deliver(send)

    async def _turn(self, send: Send[Outgoing], line: Line) -> None:
        """Wait until those before it in this process have ended; raises NotNow where one of them awaits its answer."""
        loop = asyncio.get_running_loop()
        while not send.turn.done():
            await asyncio.wait({send.turn}, timeout=send.start_by - loop.time())
            if not send.turn.done() and line.awaits_answer:
                raise NotNow(self._clock.now() + timedelta(seconds=BEHIND_SECONDS), "order")
            if loop.time() >= send.start_by:
                send.start_by = loop.time() + PATIENCE_SECONDS

    async def _look(self, send: Send[Outgoing]) -> None:
        """Whether it is this send's turn, whoever has the others; raises AlreadyKnown or NotNow."""
        command = send.command
        for row in await self._books.standing(send.line, send.id):
            if row.id == send.id:
                self._recognise(send, row)
            elif row.unsettled and row.place < command.place:
                raise NotNow(max(self._comes_back_at(row), self._soon()), "order")

    def _recognise(self, send: Send[Outgoing], row: StoredSend) -> None:
        """Our own row, or one whose attempt we wrote down and could not be sure of; raises AlreadyKnown otherwise."""
        uncalled = row.attempt is not None and row.attempt.id == self._uncalled.get(send.id)
        waits_for_us = send.stored is not None and row.state == "deferred"
        if not waits_for_us and not (uncalled and row.unsettled):
            raise AlreadyKnown
        send.stored = row

    async def _resume(self, line: str) -> bool:
        try:
            went_on = await self._resume_all(line)
            while line in self._again:
                self._again.discard(line)
                went_on = await self._resume_all(line)
            return went_on
        finally:
            self._again.discard(line)
            del self._resumed[line]

    async def _resume_all(self, line: str) -> bool:
        for row in await self._books.standing(line):
            if row.id in self._sends:
                if row.unsettled:
                    self._lines.leave_behind(line)
                    return False
            elif not await self._resume_one(row):
                return False
        return True

    async def _resume_one(self, row: StoredSend) -> bool:
        """True if the next one may go."""
        if not row.unsettled:
            await self._books.tell(row)
            return True
        if row.state == "started":
            if row.attempt is not None and real_now() < row.attempt.deadline:
                return False
            await self._books.give_up(row)
            return True
        later = row.due_at is not None and row.due_at > self._clock.now()
        if row.command is None or (later and row.why != "order"):
            return False
        return await self._resume_send(Send(row.command, row, held=False))

    async def _resume_send(self, send: Send[Outgoing]) -> bool:
        """As `_resume_one`. What fails for no reason of MongoDB's or the bus's would fail for ever: it is refused."""
        try:
            return await asyncio.shield(self._begin(send).task)
        except Outage:
            raise
        except Exception:  # noqa: BLE001 - whatever it was, the customer's other messages go on
            await self._books.tell(await self._books.settle(send, BROKEN))
            return True

    def _comes_back_at(self, row: StoredSend) -> datetime:
        """When somebody will come back to the row, by the clock."""
        if row.state == "started" and row.attempt is not None:
            return self._clock.now() + (row.attempt.deadline - real_now())
        return row.due_at or self._soon()

    def _soon(self) -> datetime:
        return self._clock.now() + timedelta(seconds=LEAST_SECONDS)


def _look_at(task: asyncio.Task[bool]) -> None:
    """Nobody may wait for it; what it left undone stays in the collection and comes back."""
    if not task.cancelled() and (failure := task.exception()) is not None:
        log.warning("resuming_failed", reason=described(failure))


def _names(command: Outgoing) -> dict[str, str]:
    """What a log record says of a send."""
    return {
        "app_id": command.app_id,
        "conversation_id": command.conversation_id,
        "send_id": id_of(command),
        "trace_id": command.trace_id,
    }
