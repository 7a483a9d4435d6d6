"""Who may have a session that waits: of the group it waits for, if it does, and in any case somebody who sees it."""

from collections.abc import Iterable

from shared.conversation.model import Session
from shared.conversation.policy import Policy
from shared.store.agents import Agent, AgentStore


class Line:
    """For one look along the line; what it finds out about groups counts for that long."""

    def __init__(self, agents: AgentStore) -> None:
        self._agents = agents
        self._staffed: dict[tuple[str, str], bool] = {}

    async def may_have(self, session: Session, app_id: str, policy: Policy, room: Iterable[Agent]) -> list[Agent]:
        """Those with room who may have it. A group in which by now nobody serves the app keeps nobody waiting."""
        group = session.group
        if group is not None:
            there = [agent for agent in room if group in agent.groups and agent.may_serve(policy)]
            if there or await self._is_staffed(group, app_id, policy):
                return there
        return [agent for agent in room if policy.assignment.served_by(agent.groups)]

    async def _is_staffed(self, group: str, app_id: str, policy: Policy) -> bool:
        if (group, app_id) not in self._staffed:
            staff = await self._agents.of_group(group)
            self._staffed[group, app_id] = any(agent.may_serve(policy) for agent in staff)
        return self._staffed[group, app_id]
