"""Adding and changing agents, each together with its entry in the audit. Whoever calls announces it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from services.console.administering.agent_fields import checked
from shared.clock import real_now
from shared.contracts.hints import PresenceChanged, SettingsChanged
from shared.outage import Outage
from shared.store.agents import Agent, AgentStore
from shared.store.audit import AuditLog, Author, changes_between
from shared.store.driver import Database
from shared.store.leases import Leases
from shared.store.logins import LoginStore
from shared.store.second_factors import SecondFactors

FIELDS: Final = ("name", "role", "groups", "capacity", "auto_accept", "away_after_seconds", "enabled", "presence")
"""What an administrator may change of an agent."""

_ONE_AT_A_TIME: Final = "admins"
_HOLD_SECONDS: Final = 10.0
_WAIT_SECONDS: Final = 3.0
_LOOK_AGAIN_SECONDS: Final = 0.02


class NoSuchAgent(Exception):
    """Nobody has this login."""


class LastAdmin(Exception):
    """Nobody else could administer then."""


class Disabled(Exception):
    """Who may not log in cannot be online or away."""


class Busy(Outage):
    """Another change of who administers is under way for longer than it should be."""


class Changed(NamedTuple):
    """An agent before and after, and who is to hear of it."""

    before: Agent
    after: Agent

    @property
    def hints(self) -> list[SettingsChanged | PresenceChanged]:
        after = self.after
        hints: list[SettingsChanged | PresenceChanged] = [SettingsChanged(what="agents")]
        if self.before.enabled and not after.enabled:
            hints.append(SettingsChanged(what="logins"))
        if self.before.presence != after.presence:
            hints.append(PresenceChanged(agent_id=after.id, name=after.name, presence=after.presence))
        return hints

    @property
    def moves_assignment(self) -> bool:
        """Whether there may be room now where there was none."""
        told = ("groups", "capacity", "auto_accept", "enabled", "presence")
        return any(getattr(self.before, field) != getattr(self.after, field) for field in told)


class AgentChanges:
    def __init__(self, database: Database, by: Author) -> None:
        self._agents = AgentStore(database)
        self._logins = LoginStore(database)
        self._audit = AuditLog(database)
        self._leases = Leases(database)
        self._factors = SecondFactors(database)
        self._by = by

    async def add(self, agent: Agent) -> Agent:
        """Raises FieldsRefused, AgentExists."""
        added = checked(agent)

        async def add() -> None:
            await self._agents.add(added)
            await self._note("agent.added", added.id, changes_between({}, _fields(added, FIELDS)))

        await self._audit.together(add)
        return added

    async def change(self, agent_id: str, fields: Mapping[str, Any]) -> Changed:
        """Set some of FIELDS. Who is disabled is logged out and offline.

        Raises NoSuchAgent, FieldsRefused, LastAdmin, Disabled, Busy.
        """
        if fields.get("enabled") is False or fields.get("role", "admin") != "admin":
            async with self._alone():
                await self._require_another_admin(agent_id)
                return await self._audit.together(lambda: self._changed(agent_id, fields))
        return await self._audit.together(lambda: self._changed(agent_id, fields))

    async def renew_password(self, agent_id: str, password_hash: str) -> Agent:
        """Every login of the agent ends. Raises NoSuchAgent."""

        async def renew() -> Agent:
            agent = await self._agents.update(agent_id, password_hash=password_hash)
            if agent is None:
                raise NoSuchAgent(agent_id)
            await self._logins.end_all_of(agent_id)
            await self._note("agent.password_renewed", agent_id, {})
            return agent

        return await self._audit.together(renew)

    async def remove_second_factor(self, agent_id: str) -> bool:
        """The password alone lets in again; False where it did already. Raises NoSuchAgent."""

        async def remove() -> bool:
            await self._existing(agent_id)
            removed = await self._factors.remove(agent_id)
            if removed:
                await self._note("agent.second_factor_removed", agent_id, {})
            return removed

        return await self._audit.together(remove)

    async def _changed(self, agent_id: str, fields: Mapping[str, Any]) -> Changed:
        before = await self._existing(agent_id)
        wanted = checked(before.but(**fields), fields)
        update = {field: getattr(wanted, field) for field in fields}
        if not wanted.enabled:
            if fields.get("presence", "offline") != "offline":
                raise Disabled(agent_id)
            update["presence"] = "offline"
        after = await self._agents.update(agent_id, **update)
        if after is None:
            raise NoSuchAgent(agent_id)
        if before.enabled and not after.enabled:
            await self._logins.end_all_of(agent_id)
        changes = changes_between(_fields(before, update), _fields(after, update))
        await self._note("agent.changed", agent_id, changes)
        return Changed(before, after)

    async def _require_another_admin(self, agent_id: str) -> None:
        admins = {agent.id for agent in await self._agents.roster() if agent.enabled and agent.role == "admin"}
        if admins == {agent_id}:
            raise LastAdmin(agent_id)

    async def _existing(self, agent_id: str) -> Agent:
        agent = await self._agents.get(agent_id)
        if agent is None:
            raise NoSuchAgent(agent_id)
        return agent

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Two last admins who disable each other at once: one comes second, and finds itself the last."""
        until = asyncio.get_running_loop().time() + _WAIT_SECONDS
        while not await self._leases.take(_ONE_AT_A_TIME, _HOLD_SECONDS):
            if asyncio.get_running_loop().time() > until:
                raise Busy("another change of who administers is under way")
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        try:
            yield
        finally:
            await self._leases.give_up(_ONE_AT_A_TIME)

    async def _note(self, action: str, agent_id: str, changes: Mapping[str, tuple[Any, Any]]) -> None:
        await self._audit.note(self._by, action, agent_id, changes, real_now())


def _fields(agent: Agent, fields: Iterable[str]) -> dict[str, Any]:
    return {field: getattr(agent, field) for field in fields}
