"""One partition of conversations: take what has arrived, settle it, set aside what cannot be."""

import structlog

from services.router.batch import Undecidable
from services.router.facts import Condemned, condemn, read
from services.router.together import Settle
from shared.bus.partition_consumer import Received
from shared.condemning import CondemnedRate, Suspects
from shared.conversation.facts import AnyFact, FactCondemned
from shared.observe import metrics
from shared.store.dead import DeadStore

log = structlog.get_logger()


class Partition:
    """The handler of one partition queue. Returns when everything in hand has its place in the books."""

    def __init__(self, queue: str, settle: Settle, dead: DeadStore) -> None:
        self._queue = queue
        self._settle_together = settle
        self._dead = dead
        self._suspects = Suspects(queue, dead, self._settle, self._condemn)
        self._rate = CondemnedRate()

    async def handle(self, received: list[Received]) -> None:
        """Raises Outage (hold and take again) or StopPartition (too many condemned)."""
        metrics.router_batch_facts.observe(len(received))
        metrics.router_partitions_active.note(self._queue)
        with metrics.router_batch_seconds.time():
            await self._suspects.take(received)

    async def _condemn(self, one: Received, reason: str) -> None:
        await self._set_aside(condemn(self._queue, one, reason))

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
        new = await self._dead.condemn(condemned.dead)
        metrics.router_condemned_total.labels(condemned.dead.kind).inc()
        log.error(
            "message_condemned",
            queue=self._queue,
            kind=condemned.dead.kind,
            fact_id=condemned.dead.fact_id,
            reason=condemned.dead.reason,
        )
        if new:
            self._rate.note()


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
