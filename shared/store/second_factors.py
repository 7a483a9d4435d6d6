"""Second factors as they stand with their agents. Every use is one atomic step, so that no code is good twice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from shared.store.driver import Collection, Database

SEALED_AS: Final = "second_factor"
"""The field inside the seal; its owner is the agent's id."""


class SecondFactors:
    def __init__(self, database: Database) -> None:
        self._agents: Collection = database["agents"]

    async def offer(self, agent_id: str, sealed: str, at: datetime) -> bool:
        """Keep a secret until its first code proves that a phone has it; False where one was confirmed already."""
        offered = {"$set": {"offered_factor": {"secret": sealed, "at": at}}}
        return await self._agents.update_one({"_id": agent_id, "second_factor": None}, offered) == 1

    async def confirm(self, agent_id: str, sealed: str, step: int, recovery: Sequence[str]) -> bool:
        """From now on needed. False where meanwhile another secret was offered, or confirmed."""
        where = {"_id": agent_id, "second_factor": None, "offered_factor.secret": sealed}
        factor = {"secret": sealed, "last_step": step, "recovery": list(recovery)}
        confirmed = {"$set": {"second_factor": factor, "offered_factor": None}}
        return await self._agents.update_one(where, confirmed) == 1

    async def use_step(self, agent_id: str, step: int) -> bool:
        """Whether a code of this step was still good. With it go those of the steps before."""
        where = {"_id": agent_id, "second_factor.last_step": {"$lt": step}}
        return await self._agents.update_one(where, {"$set": {"second_factor.last_step": step}}) == 1

    async def use_recovery(self, agent_id: str, hashed: str) -> bool:
        """Whether this recovery code was still good."""
        where = {"_id": agent_id, "second_factor.recovery": hashed}
        return await self._agents.update_one(where, {"$pull": {"second_factor.recovery": hashed}}) == 1

    async def remove(self, agent_id: str) -> bool:
        """The password alone lets in again; False where it did already."""
        removed = {"$set": {"second_factor": None, "offered_factor": None}}
        return await self._agents.update_one({"_id": agent_id, "second_factor": {"$ne": None}}, removed) == 1
