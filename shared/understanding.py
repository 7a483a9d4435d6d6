"""What this replica understands. What another that lives understands better is that one's: this one stays off.

So releases run side by side: what a newer one publishes waits for a newer one. What nobody who lives understands is
handed to the handler, which condemns what it cannot read.
"""

from typing import NamedTuple

from shared.bus.partition_consumer import Handle, LeavePartition, Probe, Received
from shared.contracts.understood import contract_name
from shared.store.replicas import Replicas


class Understanding(NamedTuple):
    """Of one replica: its own contracts, and the register of all."""

    replicas: Replicas
    service: str
    holder: str
    own: frozenset[str]

    async def better_elsewhere(self, contract: str) -> bool:
        return await self.replicas.understood_by_another(self.service, self.holder, contract)


class Guarded:
    """Around the handler of one queue. `kind` and `contract` are the headers that every publisher writes."""

    def __init__(self, understanding: Understanding, handle: Handle, alive: Probe) -> None:
        self._understanding = understanding
        self._handle = handle
        self._alive = alive
        self._left_for: str | None = None

    async def handle(self, received: list[Received]) -> None:
        """Raises LeavePartition once what stands before has been dealt with, and whatever the handler raises."""
        for place, one in enumerate(received):
            contract = contract_name(one.kind, one.contract)
            if not one.kind or contract in self._understanding.own:
                continue
            if await self._understanding.better_elsewhere(contract):
                if place:
                    await self._handle(received[:place])
                self._left_for = contract
                raise LeavePartition(f"{contract} is understood by another replica")
        await self._handle(received)

    async def healthy(self) -> bool:
        """Whether to subscribe: not while one lives who understands what we left this queue for."""
        if not await self._alive():
            return False
        if self._left_for is not None and await self._understanding.better_elsewhere(self._left_for):
            return False
        self._left_for = None
        return True
