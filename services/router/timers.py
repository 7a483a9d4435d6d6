"""Time as messages: due conversations are told so, and assignment is swept once a second."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

import structlog

from shared.bus.publisher import Publisher
from shared.contracts import Swept
from shared.conversation.facts import TimerFired
from shared.observe import metrics
from shared.outage import Outage
from shared.store.conversations import ConversationStore, DueTimer
from shared.store.leases import Leases

log = structlog.get_logger()

SWEEP_SECONDS: Final = 1.0


class Timers:
    """Any number of replicas may run this: a due timer is claimed by one, the sweep is published under a lease."""

    def __init__(
        self, conversations: ConversationStore, publisher: Publisher, leases: Leases, now: Callable[[], datetime]
    ) -> None:
        self._conversations = conversations
        self._publisher = publisher
        self._leases = leases
        self._now = now

    async def run(self) -> None:
        while True:
            with suppress(Outage):
                await self.fire_due()
            with suppress(Outage):
                await self.sweep()
            await asyncio.sleep(SWEEP_SECONDS)

    async def fire_due(self) -> int:
        """Publish what is due; how many. One that could not be published is free to be claimed again."""
        now = self._now()
        due = await self._conversations.claim_due(now)
        for timer in due:
            metrics.router_timer_lag_seconds.observe(max(0.0, (now - timer.due_at).total_seconds()))
        for place, timer in enumerate(due):
            try:
                await self._publisher.publish(self._fired(timer))
            except Outage:
                for left in due[place:]:
                    await self._conversations.release_timer(left.conversation_id, left.due_at)
                raise
        return len(due)

    async def sweep(self) -> None:
        """One sweep a second among all replicas; one that nobody took within a second is worthless."""
        if await self._leases.take("sweep", seconds=SWEEP_SECONDS * 3):
            await self._publisher.publish(Swept(trace_id="sweep"), expires_seconds=SWEEP_SECONDS)

    def _fired(self, timer: DueTimer) -> TimerFired:
        return TimerFired(
            conversation_id=timer.conversation_id,
            app_id=timer.app_id,
            cause=f"due:{timer.due_at.isoformat()}",
            occurred_at=self._now(),
            trace_id=f"timer-{timer.conversation_id}",
            due_at=timer.due_at,
        )
