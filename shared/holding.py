"""While the topology changes: the edges hold what they would publish, and nobody publishes to queues of the past.

A gateway or console that is told to hold fails every publish, as if RabbitMQ were away: what it does then is its own
affair. One whose topology is not the record's any more holds until it is started anew; any other service ends.
"""

import asyncio
from contextlib import suppress
from typing import Final

import structlog

from shared.bus.connection import Link
from shared.bus.topology import Topology, TopologyMismatch
from shared.store.driver import Database, StoreUnavailable
from shared.store.replicas import Replicas
from shared.store.topology import publishing_held

log = structlog.get_logger()

EDGES: Final = frozenset({"gateway", "console"})
"""They publish what comes from outside; the others only what follows from it."""
LOOK_SECONDS: Final = 1.0


class Holding:
    """One process's part in it: `link` is the one it publishes on."""

    def __init__(self, database: Database, link: Link, topology: Topology, service: str, holder: str) -> None:
        self._database = database
        self._replicas = Replicas(database)
        self._link = link
        self._topology = topology
        self._service = service
        self._holder = holder
        self._told = False

    async def run(self) -> None:
        """Look again and again; raises TopologyMismatch."""
        while True:
            with suppress(StoreUnavailable):
                await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Hold or go on, as the record says, and say so once nothing is under way. Raises TopologyMismatch."""
        stored, held_at = await publishing_held(self._database)
        changed = stored is not None and stored != self._topology
        if changed and self._service not in EDGES:
            raise TopologyMismatch("the topology was changed; start again with the recorded values")
        why = self._reason(changed=changed, held=held_at is not None)
        if why is not None and why != self._link.held:
            log.warning("publishing_held", reason=why)
        if why is None and self._link.held is not None:
            log.info("publishing_resumed")
        self._link.held = why
        holds = why is not None and self._link.under_way == 0
        if holds != self._told:
            await self._replicas.tell_holding(self._service, self._holder, holds=holds)
            self._told = holds

    def _reason(self, *, changed: bool, held: bool) -> str | None:
        if self._service not in EDGES or not (changed or held):
            return None
        return "the topology was changed: start this process again" if changed else "the topology is being changed"
