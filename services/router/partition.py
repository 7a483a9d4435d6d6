"""One partition of conversations: take what has arrived, settle it, set aside what cannot be."""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.router.batch import Undecidable
from services.router.facts import Condemned, condemn, read
from services.router.together import Settle
from shared.bus.partition_consumer import Received, StopPartition
from shared.clock import real_now
from shared.conversation.facts import AnyFact, FactCondemned
from shared.observe import metrics
from shared.store.dead import DeadStore, dead_id

log = structlog.get_logger()

SUSPICIOUS_DELIVERIES: Final = 5
"""A message that came back more often than this may be what kills us: it is taken alone, and noted."""
NOTES_ALLOWED: Final = 2
CONDEMNED_PER_MINUTE: Final = 5
"""More than this and it is not the messages that are wrong."""


class Partition:
    """The handler of one partition queue. Returns when everything in hand has its place in the books."""

    def __init__(self, queue: str, settle: Settle, dead: DeadStore, real: Callable[[], datetime] = real_now) -> None:
        self._queue = queue
        self._settle_together = settle
        self._dead = dead
        self._real = real
        self._condemned_at: deque[datetime] = deque(maxlen=CONDEMNED_PER_MINUTE + 1)

    async def handle(self, received: list[Received]) -> None:
        """Raises Outage (hold and take again) or StopPartition (too many condemned)."""
        metrics.router_batch_facts.observe(len(received))
        with metrics.router_batch_seconds.time():
            if any(one.delivery_count > SUSPICIOUS_DELIVERIES for one in received):
                for one in received:
                    await self._take_alone(one)
            else:
                await self._settle(received)

    async def _take_alone(self, one: Received) -> None:
        if one.delivery_count <= SUSPICIOUS_DELIVERIES:
            await self._settle([one])
            return
        name = dead_id(self._queue, one.body)
        if await self._dead.note_taking(name) > NOTES_ALLOWED:
            await self._set_aside(condemn(self._queue, one, "taking it ended the process, again and again"))
        else:
            await self._settle([one])
        await self._dead.clear_note(name)

    async def _settle(self, received: list[Received]) -> None:
        """Settle all; what turns out to be undecidable is replaced by its stand-in and the rest goes on."""
        facts: dict[str, tuple[AnyFact, Received]] = {}
        for one in received:
            try:
                fact = read(self._queue, one)
            except Condemned as condemned:
                await self._settle_facts(facts)
                facts = {}
                await self._set_aside(condemned)
            else:
                facts.setdefault(fact.id, (fact, one))
        await self._settle_facts(facts)

    async def _settle_facts(self, facts: dict[str, tuple[AnyFact, Received]]) -> None:
        while facts:
            try:
                await self._settle_together([fact for fact, _ in facts.values()])
            except Undecidable as undecidable:
                fact, one = facts[undecidable.fact.id]
                condemned = condemn(self._queue, one, str(undecidable), fact)
                await self._note_condemned(condemned)
                facts = _without(facts, fact, condemned.stand_in)
            else:
                return

    async def _set_aside(self, condemned: Condemned) -> None:
        await self._note_condemned(condemned)
        if condemned.stand_in is not None:
            await self._settle_together([condemned.stand_in])

    async def _note_condemned(self, condemned: Condemned) -> None:
        """Into `dead` first, for good; only then may it be forgotten here."""
        await self._dead.condemn(condemned.dead)
        metrics.router_condemned_total.labels(condemned.dead.kind).inc()
        log.error(
            "message_condemned",
            queue=self._queue,
            kind=condemned.dead.kind,
            fact_id=condemned.dead.fact_id,
            reason=condemned.dead.reason,
        )
        now = self._real()
        self._condemned_at.append(now)
        full = len(self._condemned_at) > CONDEMNED_PER_MINUTE
        if full and now - self._condemned_at[0] < timedelta(minutes=1):
            raise StopPartition(f"more than {CONDEMNED_PER_MINUTE} messages condemned within a minute")


def _without(
    facts: dict[str, tuple[AnyFact, Received]], fact: AnyFact, stand_in: FactCondemned | None
) -> dict[str, tuple[AnyFact, Received]]:
    """The facts with one replaced by its stand-in, in its place; a stand-in that fails too is left out."""
    replaced: dict[str, tuple[AnyFact, Received]] = {}
    for name, (one, received) in facts.items():
        if name != fact.id:
            replaced[name] = (one, received)
        elif stand_in is not None and not isinstance(fact, FactCondemned):
            replaced[name] = (stand_in, received)
    return replaced
