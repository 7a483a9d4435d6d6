"""Making what was pushed durable: RabbitMQ confirms it, or it is written to the spool in MongoDB; else it is not ours.

What is spooled is published later, by whichever gateway holds the lease, oldest first. Until then all that comes of the
same conversation is spooled behind it, whichever gateway takes it, so that a conversation keeps its order. What is
published twice (a gateway died between the confirmation and the deletion) is the same fact again, and decides nothing.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
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


class SpoolFull(Outage):
    """As much waits as may; the sender of the push is to come again."""


class Durable:
    def __init__(
        self,
        publisher: Publisher,
        spool: Spool,
        leases: Leases,
        *,
        most_rows: int,
        seconds: Callable[[], float] = time.monotonic,
        step: Step = no_step,
    ) -> None:
        self._publisher = publisher
        self._spool = spool
        self._leases = leases
        self._most_rows = most_rows
        self._seconds = seconds
        self._step = step
        self._numbers = count(1)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._shut_until: dict[str, float] = {}
        self._marks: dict[str, int] = {}
        """Conversations of which something waits, each with the number of the look after which it was spooled last."""
        self._adding: Counter[str] = Counter()
        self._look = 0
        self._rows = 0
        self._store_answers = True

    @property
    def can_take(self) -> bool:
        """Whether at least one of the two servers takes what is pushed."""
        return self._publisher.connected or self._store_answers

    async def keep(self, fact: AnyFact) -> None:
        """Return once it is durable; raises Outage where it may not be."""
        taken = Taken(real_now(), self._leases.holder, next(self._numbers))
        # One at a time of a conversation: else the first could be refused, and the second be confirmed before it.
        async with self._turns.setdefault(fact.conversation_id, asyncio.Lock()):
            reason = await self._publish(fact)
        if reason is not None:
            # Whoever waits for its turn comes after this has marked the conversation.
            return await self._put(fact, taken, reason)
        await self._step("confirmed")
        return None

    async def _publish(self, fact: AnyFact) -> str | None:
        """None once RabbitMQ has it; else why it is to be spooled."""
        queue = self._publisher.queue_of(fact)
        if fact.conversation_id in self._marks:
            return "behind"
        shut_until = self._shut_until.get(queue)
        if shut_until is not None:
            if shut_until > self._seconds():
                return "shut"
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

    async def _put(self, fact: AnyFact, taken: Taken, reason: str) -> None:
        if self._rows >= self._most_rows:
            raise SpoolFull(f"RabbitMQ takes nothing, and {self._rows} pushes wait already")
        conversation = fact.conversation_id
        self._marks[conversation] = self._look
        self._adding[conversation] += 1
        try:
            await self._spool.add(conversation, encode(fact), taken)
        finally:
            self._marks[conversation] = self._look
            self._adding[conversation] -= 1
        self._rows += 1
        metrics.gateway_spooled_total.labels(reason).inc()
        await self._step("spooled")

    async def run(self) -> None:
        """Look again and again at what waits, and publish it where that is ours to do."""
        while True:
            try:
                await self.look()
                await self.relay()
            except StoreUnavailable:
                self._store_answers = False
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Learn what waits, of all gateways. Raises StoreUnavailable."""
        self._look += 1
        standing = await self._spool.standing()
        waiting = await self._spool.conversations() if standing.rows else set()
        self._store_answers = True
        self._rows = standing.rows
        # What was spooled since this look began may not be among what it found.
        kept = {one: mark for one, mark in self._marks.items() if mark >= self._look or self._adding[one] > 0}
        self._marks = {**dict.fromkeys(waiting, self._look - 1), **kept}
        self._adding = +self._adding
        metrics.gateway_spool_rows.set(standing.rows)
        age = (real_now() - standing.oldest_at).total_seconds() if standing.oldest_at else 0.0
        metrics.gateway_spool_oldest_seconds.set(max(0.0, age))

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
