"""Leases, the slots of the priority table among them: held by one process, lost a while after it stops renewing."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final

import structlog
from pymongo.errors import DuplicateKeyError

from shared.bus.partitions import SLOTS
from shared.clock import real_now
from shared.store.driver import Collection, Database, StoreUnavailable

log = structlog.get_logger()

LEASE_SECONDS: Final = 30.0


class Leases:
    """Named leases by the machines' real time. A holder that cannot renew must act as if it had lost."""

    def __init__(self, database: Database, holder: str | None = None) -> None:
        self._leases: Collection = database["leases"]
        self.holder = holder or uuid.uuid4().hex

    async def take(self, name: str, seconds: float = LEASE_SECONDS) -> bool:
        """Take or renew; False while another holds it."""
        now = real_now()
        free_or_ours = {"_id": name, "$or": [{"holder": self.holder}, {"until": {"$lt": now}}]}
        lease = {"$set": {"holder": self.holder, "until": now + timedelta(seconds=seconds)}}
        try:
            return await self._leases.update_one(free_or_ours, lease, upsert=True) == 1
        except DuplicateKeyError:
            return False

    async def give_up(self, name: str) -> None:
        await self._leases.delete_one({"_id": name, "holder": self.holder})


async def take_slot(leases: Leases, service: str) -> int:
    """The lowest free slot of a service; the last one where all are taken, which stands by."""
    for slot in range(SLOTS):
        if await leases.take(f"slot:{service}:{slot}"):
            return slot
    return SLOTS


@asynccontextmanager
async def slot_held(leases: Leases, service: str, given: int | None = None) -> AsyncIterator[int]:
    """Hold a slot for as long as the block runs: the one given (a StatefulSet's ordinal), else the lowest free."""
    slot = await take_slot(leases, service) if given is None else given
    name = f"slot:{service}:{slot}"
    keeper = asyncio.create_task(_renew(leases, name), name=f"lease {name}")
    log.info("slot_taken", service=service, slot=slot)
    try:
        yield slot
    finally:
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper
        with suppress(StoreUnavailable):
            await leases.give_up(name)


async def _renew(leases: Leases, name: str) -> None:
    while True:
        await asyncio.sleep(LEASE_SECONDS / 3)
        try:
            if not await leases.take(name):
                log.warning("slot_lost", reason=f"{name} was taken over")
        except StoreUnavailable:
            continue
