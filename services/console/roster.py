"""Everyone who answers, as the desk lists them: read once for all who ask at the same moment.

A change of settings makes every browser ask at once.
"""

import asyncio
from typing import NamedTuple

from services.console.api.shape import Shape
from shared.store.agents import Agent, AgentStore, Presence, Role, RosterEntry


class Colleague(Shape):
    id: str
    name: str
    role: Role
    groups: list[str]
    presence: Presence
    capacity: int
    load: int
    auto_accept: bool
    away_after_seconds: int | None
    enabled: bool
    second_factor: bool

    @classmethod
    def of(cls, agent: Agent | RosterEntry) -> "Colleague":
        return cls(
            id=agent.id,
            name=agent.name,
            role=agent.role,
            groups=list(agent.groups),
            presence=agent.presence,
            capacity=agent.capacity,
            load=agent.load,
            auto_accept=agent.auto_accept,
            away_after_seconds=agent.away_after_seconds,
            enabled=agent.enabled,
            second_factor=bool(agent.second_factor),
        )


class ColleagueList(Shape):
    items: list[Colleague]
    next: None = None


class Staff(NamedTuple):
    """One reading, and the answers made of it: for agents, who see only the enabled ones, and for supervisors."""

    everyone: tuple[Colleague, ...]
    for_agents: bytes
    for_supervisors: bytes

    def seen_by(self, agent: Agent) -> tuple[Colleague, ...]:
        return self.everyone if agent.supervises else tuple(one for one in self.everyone if one.enabled)

    def answer_for(self, agent: Agent) -> bytes:
        return self.for_supervisors if agent.supervises else self.for_agents


class Roster:
    def __init__(self, agents: AgentStore) -> None:
        self._agents = agents
        self._reading = asyncio.Lock()
        self._next: asyncio.Task[Staff] | None = None

    async def staff(self) -> Staff:
        """As stored now or later: never a reading that had begun before it was asked for."""
        if self._next is None:
            self._next = asyncio.create_task(self._read(), name="roster")
        return await asyncio.shield(self._next)

    async def _read(self) -> Staff:
        async with self._reading:
            # Whoever asks from here on may have written what this reading does not see.
            self._next = None
            everyone = tuple(Colleague.of(entry) for entry in await self._agents.roster())
        enabled = [one for one in everyone if one.enabled]
        return Staff(everyone, _body(enabled), _body(list(everyone)))


def _body(items: list[Colleague]) -> bytes:
    return ColleagueList(items=items).model_dump_json().encode()
