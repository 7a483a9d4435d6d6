"""The topology record: one document that every process must agree with."""

from shared.bus.topology import Topology, TopologyMismatch
from shared.store.driver import Database


async def agree_on_topology(database: Database, wanted: Topology) -> Topology:
    """Write the record at the first start, compare it at every other; raises TopologyMismatch, naming both."""
    stored = await database["topology"].find_one_and_update(
        {"_id": "topology"}, {"$setOnInsert": wanted.model_dump()}, upsert=True
    )
    agreed = Topology.model_validate(stored)
    if agreed != wanted:
        different = [
            f"{field}: stored {getattr(agreed, field)}, this process was told {getattr(wanted, field)}"
            for field in Topology.model_fields
            if getattr(agreed, field) != getattr(wanted, field)
        ]
        raise TopologyMismatch(
            "; ".join(different) + ". Start with the stored values: changing them reorders conversations."
        )
    return agreed


async def stored_topology(database: Database) -> Topology | None:
    """The record as it stands; None before the first start of any service."""
    stored = await database["topology"].find_one({"_id": "topology"})
    return Topology.model_validate(stored) if stored else None
