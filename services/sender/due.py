"""Coming back to sends that wait in the collection: whoever finds one due tells its lane, by the bus."""

import asyncio
from typing import Final

import structlog

from services.sender.telling import publish
from shared.bus.publisher import Publisher
from shared.clock import Clock
from shared.contracts import SendDue
from shared.outage import Outage
from shared.steps import Step
from shared.store.sends import SendStore, line_of

log = structlog.get_logger()

LOOK_SECONDS: Final = 0.5
AT_ONCE: Final = 500


class DueSends:
    """Any number of replicas may run this: each due row is claimed by one of them."""

    def __init__(self, sends: SendStore, publisher: Publisher, clock: Clock, step: Step) -> None:
        self._sends = sends
        self._publisher = publisher
        self._clock = clock
        self._step = step

    async def run(self) -> None:
        """Until cancelled. An outage is sat out."""
        while True:
            try:
                more = await self.announce() == AT_ONCE
            except Outage as outage:
                log.warning("due_unread", reason=str(outage), retry_seconds=LOOK_SECONDS)
                more = False
            if not more:
                await asyncio.sleep(LOOK_SECONDS)

    async def announce(self) -> int:
        """Tell the lanes of what is due; how much there was."""
        claimed = await self._sends.claim_due(self._clock.now(), AT_ONCE)
        if not claimed:
            return 0
        await self._step("due_claimed")
        # One for each line: whoever hears it goes on with all that waits there, in order.
        due = {
            line_of(one.conversation, one.lane): SendDue(
                conversation_id=one.conversation, app_id=one.app_id, trace_id=one.trace_id, lane=one.lane
            )
            for one in claimed
        }
        try:
            await publish(self._publisher, *due.values())
        except Outage:
            await self._sends.release_due(claimed)
            raise
        await self._step("due_announced")
        return len(claimed)
