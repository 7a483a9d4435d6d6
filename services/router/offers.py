"""Assignment, in the one place where it happens: what `offers.v1` says, and what is done about it."""

from collections.abc import Callable, Sequence
from datetime import datetime

from services.router.assigning import Assigning
from services.router.attending import Attending
from services.router.claiming import Claiming
from services.router.leaving import Leaving
from services.router.measuring import DeadMeasure
from services.router.questioning import Questioning
from services.router.standing import Standing
from services.router.wanting import Wanting
from shared.bus.partition_consumer import Received
from shared.bus.publisher import Publisher
from shared.contracts import AgentChanged, Swept, Unreadable, decode_offer
from shared.contracts.messages import Offer
from shared.conversation.commands import ClaimWanted, SessionWaiting
from shared.conversation.policy import Policy
from shared.observe import metrics
from shared.steps import Step, no_step
from shared.store.apps import App
from shared.store.dead import DeadStore
from shared.store.driver import Database


class Offers:
    """The handler of `offers.v1`. Every answer may be given twice: a claim is held once whatever happens."""

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        policy_of: Callable[[str], Policy],
        apps: Callable[[], Sequence[App]],
        now: Callable[[], datetime],
        step: Step = no_step,
    ) -> None:
        claiming = Claiming(database, publisher, now, step)
        self._dead = DeadStore(database)
        self._wanting = Wanting(database, publisher, claiming, policy_of, now)
        self._assigning = Assigning(database, claiming, Standing(publisher, policy_of, now), policy_of, now)
        self._leaving = Leaving(database, publisher, apps, now)
        self._attending = Attending(database, publisher)
        self._questioning = Questioning(database, publisher, now)
        self._dead_measure = DeadMeasure(self._dead)

    async def handle(self, received: list[Received]) -> None:
        """Raises Outage: take the same messages again."""
        told = [offer for one in received if (offer := await self._read(one)) is not None]
        for offer in told:
            if isinstance(offer, ClaimWanted):
                await self._wanting.answer(offer)
        swept = any(isinstance(offer, Swept) for offer in told)
        changed = any(isinstance(offer, AgentChanged) for offer in told)
        if swept:
            # First: whoever is away by now is given nothing.
            await self._attending.look()
        if swept or changed or any(isinstance(offer, SessionWaiting) for offer in told):
            await self._assigning.drain(places=swept)
        if swept or changed:
            await self._leaving.look()
        if swept:
            await self._questioning.look()
            await self._dead_measure.look()
            metrics.router_sweeps_total.inc()

    async def _read(self, one: Received) -> Offer | None:
        """None for what cannot be read. It was only a nudge: the sweep finds whatever it was about."""
        try:
            return decode_offer(one.body)
        except Unreadable as unreadable:
            await self._dead.set_aside("offers.v1", one.body, one.kind, str(unreadable))
            return None
