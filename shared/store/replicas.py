"""Which processes serve from this database, and what each of them understands: leases of their own, one a process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from shared.clock import real_now
from shared.store.driver import Collection, Database, StoreUnavailable
from shared.store.leases import LEASE_SECONDS

FORGOTTEN_AFTER: Final = timedelta(days=1)
"""How long the row of a process that was killed stays, for whoever asks what ran."""


class Replica(NamedTuple):
    service: str
    holder: str
    release: str
    until: datetime
    holds: bool = False
    """Publishes nothing while the topology changes."""


class Replicas:
    def __init__(self, database: Database, now: Callable[[], datetime] = real_now) -> None:
        self._leases: Collection = database["leases"]
        self._now = now

    async def announce(self, service: str, holder: str, release: str, understands: frozenset[str]) -> None:
        """Here for LEASE_SECONDS from now; again renews."""
        row = {
            "service": service,
            "holder": holder,
            "release": release,
            "understands": sorted(understands),
            "until": self._now() + timedelta(seconds=LEASE_SECONDS),
        }
        await self._leases.update_one({"_id": _name(service, holder)}, {"$set": row}, upsert=True)

    async def tell_holding(self, service: str, holder: str, *, holds: bool) -> None:
        await self._leases.update_one({"_id": _name(service, holder)}, {"$set": {"holds": holds}})

    async def withdraw(self, service: str, holder: str) -> None:
        await self._leases.delete_one({"_id": _name(service, holder)})

    async def forget_old(self) -> None:
        await self._leases.delete_many(
            {"_id": {"$regex": "^replica:"}, "until": {"$lt": self._now() - FORGOTTEN_AFTER}}
        )

    async def live(self) -> list[Replica]:
        """Those that said so within LEASE_SECONDS, by service."""
        where = {"_id": {"$regex": "^replica:"}, "until": {"$gt": self._now()}}
        docs = await self._leases.find(where, sort=[("_id", 1)], majority=True)
        return [
            Replica(doc["service"], doc["holder"], doc["release"], doc["until"], bool(doc.get("holds"))) for doc in docs
        ]

    async def understood_by_another(self, service: str, holder: str, contract: str) -> bool:
        """Whether a live replica of the service, not this one, understands it."""
        where = {
            "_id": {"$regex": f"^replica:{service}:"},
            "holder": {"$ne": holder},
            "until": {"$gt": self._now()},
            "understands": contract,
        }
        return await self._leases.find_one(where) is not None


@asynccontextmanager
async def announced(
    replicas: Replicas, service: str, holder: str, release: str, understands: frozenset[str]
) -> AsyncIterator[None]:
    """Announced, and renewed, for as long as the block runs."""
    await replicas.announce(service, holder, release, understands)
    await replicas.forget_old()

    async def renew() -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            with suppress(StoreUnavailable):
                await replicas.announce(service, holder, release, understands)

    keeper = asyncio.create_task(renew(), name=f"replica {service}")
    try:
        yield
    finally:
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper
        with suppress(StoreUnavailable):
            await replicas.withdraw(service, holder)


def _name(service: str, holder: str) -> str:
    return f"replica:{service}:{holder}"
