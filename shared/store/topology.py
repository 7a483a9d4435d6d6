"""The topology record: one document that every process must agree with, and how it goes from one generation on."""

from datetime import datetime

from shared.bus.topology import Topology, TopologyMismatch
from shared.store.driver import Database
from shared.store.restored import refuse_half_restored

_RECORD = {"_id": "topology"}


async def agree_on_topology(database: Database, wanted: Topology) -> Topology:
    """Write the record at the first start, compare it at every other; raises TopologyMismatch, naming both.

    The generation is the record's to say. Raises HalfRestored while a backup is being restored.
    """
    await refuse_half_restored(database)
    stored = await database["topology"].find_one_and_update(_RECORD, {"$setOnInsert": wanted.model_dump()}, upsert=True)
    agreed = Topology.model_validate(stored)
    wanted = wanted.model_copy(update={"generation": agreed.generation})
    if agreed != wanted:
        different = [
            f"{field}: stored {getattr(agreed, field)}, this process was told {getattr(wanted, field)}"
            for field in Topology.model_fields
            if getattr(agreed, field) != getattr(wanted, field)
        ]
        raise TopologyMismatch(
            "; ".join(different) + ". Start with the stored values: only `wxdesk topology change` keeps the order."
        )
    return agreed


async def stored_topology(database: Database) -> Topology | None:
    """The record as it stands; None before the first start of any service."""
    stored = await database["topology"].find_one(_RECORD)
    return Topology.model_validate(stored) if stored else None


async def publishing_held(database: Database) -> tuple[Topology | None, datetime | None]:
    """The record, and since when gateways and consoles hold what they would publish, because it is about to change."""
    stored = await database["topology"].find_one(_RECORD)
    return (Topology.model_validate(stored), stored.get("held_at")) if stored else (None, None)


async def hold_publishing(database: Database, at: datetime) -> None:
    """Held since the first time, however often it is asked for."""
    await database["topology"].update_one({**_RECORD, "held_at": None}, {"$set": {"held_at": at}})


async def lift_hold(database: Database) -> None:
    await database["topology"].update_one(_RECORD, {"$unset": {"held_at": ""}})


async def next_generation(database: Database, old: Topology, new: Topology) -> bool:
    """From `old` to `new`, and nobody holds any more; False where the record is not held, or is not `old` now."""
    held = {**_RECORD, **old.model_dump(), "held_at": {"$type": "date"}}
    return await database["topology"].update_one(held, {"$set": new.model_dump(), "$unset": {"held_at": ""}}) == 1
