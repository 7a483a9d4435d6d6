"""Making what was pushed durable: RabbitMQ confirms it, or it is written to the spool in MongoDB; else it is not ours.

What is spooled is published later, by whichever gateway holds the lease, oldest first. Until then all that comes of the
same conversation is spooled behind it, whichever gateway takes it, so that a conversation keeps its order. What is
published twice (a gateway died between the confirmation and the deletion) is the same fact again, and decides nothing.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from itertools import count, groupby
from typing import Final
from weakref import WeakValueDictionary

import structlog

from shared.bus.connection import BrokerUnavailable
from shared.bus.publisher import Publisher
from shared.clock import real_now
from shared.contracts import Unreadable, decode_fact, encode
from shared.conversation.facts import AnyFact
from shared.observe import metrics
from shared.outage import Outage
from shared.steps import Step, no_step
from shared.store.driver import StoreUnavailable
from shared.store.leases import Leases
from shared.store.spool import Spool, Spooled, Taken

log = structlog.get_logger()

LOOK_SECONDS: Final = 1.0
LEASE: Final = "spool"
LEASE_SECONDS: Final = 15.0
PROBE_SECONDS: Final = 1.0
"""How long a queue that did not take a message is not asked again."""
DOUBT_SECONDS: Final = 5.0
"""How long after the last sign of trouble the spool is still asked: others may take longer to find RabbitMQ again."""
TURN_SECONDS: Final = 0.5
"""How long a push waits for those before it, of its conversation, until all that wait are spooled."""


class SpoolFull(Outage):
    """As much waits as may; the sender of the push is to come again."""


class TooLate(Outage):
    """It could not be made durable in the time there was; it may be durable all the same."""


class _Line:
    """The pushes of one conversation that a gateway has in hand, one after the other; gone when there is none."""

    def __init__(self) -> None:
        self._turns = asyncio.Lock()
        self.impatient = False

    @asynccontextmanager
    async def turn(self, patience_seconds: float) -> AsyncIterator[None]:
        """Inside, nobody else of the conversation is; whoever waits longer than that makes the line impatient."""
        waiting = asyncio.get_running_loop().call_later(patience_seconds, self._lose_patience)
        try:
            async with self._turns:
                waiting.cancel()
                yield
        finally:
            waiting.cancel()

    def _lose_patience(self) -> None:
        self.impatient = True


class Durable:
    def __init__(
        self,
        publisher: Publisher,
        spool: Spool,
        leases: Leases,
        *,
        most_rows: int,
        seconds: Callable[[], float] = time.monotonic,
        turn_seconds: float = TURN_SECONDS,
        step: Step = no_step,
    ) -> None:
        self._publisher = publisher
        self._spool = spool
        self._leases = leases
        self._most_rows = most_rows
        self._seconds = seconds
        self._turn_seconds = turn_seconds
        self._step = step
        self._numbers = count(1)
        self._lines: WeakValueDictionary[str, _Line] = WeakValueDictionary()
        self._shut_until: dict[str, float] = {}
        # What was spooled before this gateway began is found, too.
        self._doubt_until = seconds() + DOUBT_SECONDS
        self._rows = 0
        self._store_answers = True

    @property
    def can_take(self) -> bool:
        """Whether at least one of the two servers takes what is pushed."""
        return self._publisher.connected or self._store_answers

    async def keep(self, fact: AnyFact, *, until: float | None = None) -> None:
        """Return once it is durable; raises Outage where it may not be, by `until` (of `seconds`) at the latest."""
        left = None if until is None else until - self._seconds()
        try:
            async with asyncio.timeout(left):
                done = await self._keep(fact)
        except TimeoutError:
            raise TooLate("neither RabbitMQ nor MongoDB had it in the time there was") from None
        await self._step(done)

    async def _keep(self, fact: AnyFact) -> str:
        taken = Taken(real_now(), self._leases.holder, next(self._numbers))
        line = self._lines.setdefault(fact.conversation_id, _Line())
        # One at a time of a conversation, into the spool as well: else a first could be refused, or still be written,
        # and a second be confirmed, or be published from the spool, before it.
        async with line.turn(self._turn_seconds):
            reason = await self._publish(fact, line)
            if reason is None:
                return "confirmed"
            await self._put(fact, taken, reason)
        return "spooled"

    async def _publish(self, fact: AnyFact, line: _Line) -> str | None:
        """None once RabbitMQ has it; else why it is to be spooled."""
        queue = self._publisher.queue_of(fact)
        if self._is_shut(queue):
            return "shut"
        # Who lost patience may have no time left for several slow confirmations; the spool takes them soon, in order.
        if line.impatient or await self._is_behind(fact.conversation_id):
            return "behind"
        if self._is_shut(queue):
            return "shut"
        if queue in self._shut_until:
            # One asks again; nobody else waits for what it is told.
            self._shut_until[queue] = self._seconds() + PROBE_SECONDS
        try:
            await self._publisher.publish(fact)
        except BrokerUnavailable as failure:
            self._shut_until[queue] = self._seconds() + PROBE_SECONDS
            log.warning("push_spooled", fact_id=fact.id, queue=queue, reason=str(failure))
            return "refused"
        self._shut_until.pop(queue, None)
        return None

    def _is_shut(self, queue: str) -> bool:
        return self._shut_until.get(queue, 0.0) > self._seconds()

    async def _is_behind(self, conversation: str) -> bool:
        """Whether something of it waits, of whichever gateway: asked only where something may wait.

        While MongoDB does not say, the answer is no: what RabbitMQ would take is rather out of order than lost.
        """
        if self._doubt_until <= self._seconds() or not self._store_answers:
            return False
        try:
            return await self._spool.holds(conversation)
        except StoreUnavailable:
            self._store_answers = False
            return False

    def _doubt(self) -> None:
        self._doubt_until = self._seconds() + DOUBT_SECONDS

    async def _put(self, fact: AnyFact, taken: Taken, reason: str) -> None:
        if self._rows >= self._most_rows:
            raise SpoolFull(f"RabbitMQ takes nothing, and {self._rows} pushes wait already")
        try:
            await self._spool.add(fact.conversation_id, encode(fact), taken)
        finally:
            # Where this failed it may be there all the same.
            self._doubt()
        self._rows += 1
        metrics.gateway_spooled_total.labels(reason).inc()

    async def keep_looking(self) -> None:
        """Look again and again at what waits."""
        while True:
            try:
                await self.look()
            except StoreUnavailable:
                self._store_answers = False
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Learn how much waits, of all gateways. Raises StoreUnavailable."""
        standing = await self._spool.standing()
        self._store_answers = True
        self._rows = standing.rows
        if standing.rows or not self._publisher.connected:
            self._doubt()
        metrics.gateway_spool_rows.set(standing.rows)
        age = (real_now() - standing.oldest_at).total_seconds() if standing.oldest_at else 0.0
        metrics.gateway_spool_oldest_seconds.set(max(0.0, age))

    async def keep_relaying(self) -> None:
        """Publish again and again what waits. Apart from looking, which goes on while much is published."""
        while True:
            with suppress(StoreUnavailable):
                await self.relay()
            await asyncio.sleep(LOOK_SECONDS)

    async def relay(self) -> None:
        """Publish what waits, if anything does, RabbitMQ is there, and no other gateway is at it."""
        if not self._rows or not await self._may_relay():
            return
        stuck: set[str] = set()
        try:
            async for rows in self._spool.oldest_first():
                stuck |= await self._publish_all([row for row in rows if row.conversation not in stuck])
                if not await self._may_relay():
                    return
        finally:
            with suppress(StoreUnavailable):
                await self._leases.give_up(LEASE)
        await self.look()

    async def _may_relay(self) -> bool:
        return self._publisher.connected and await self._leases.take(LEASE, LEASE_SECONDS)

    async def _publish_all(self, rows: Iterable[Spooled]) -> set[str]:
        """Each conversation's in order, conversations side by side; the conversations that are stuck."""
        by_conversation = groupby(sorted(rows, key=_conversation), key=_conversation)
        groups = [(conversation, list(group)) for conversation, group in by_conversation]
        went = await asyncio.gather(*(self._publish_in_order(group) for _, group in groups))
        return {conversation for (conversation, _), gone in zip(groups, went, strict=True) if not gone}

    async def _publish_in_order(self, rows: list[Spooled]) -> bool:
        for row in rows:
            try:
                fact = decode_fact(row.body)
                await self._publisher.publish(fact)
            except BrokerUnavailable:
                return False
            except Unreadable:
                log.exception("spooled_unreadable", conversation_id=row.conversation)
                return False
            await self._step("relayed")
            await self._spool.remove(row)
            log.info("push_relayed", fact_id=fact.id, conversation_id=row.conversation, trace_id=fact.trace_id)
        return True


def _conversation(row: Spooled) -> str:
    return row.conversation
