"""Sessions whose agent can answer no more: disabled, or of groups that do not serve the app by now. Back in line."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from shared.bus.publisher import Publisher
from shared.clock import real_now
from shared.conversation.facts import AgentLeft
from shared.conversation.policy import Policy
from shared.store.agents import Agent, AgentStore, Claim
from shared.store.apps import App

log = structlog.get_logger()

RETELL_SECONDS: Final = 30


class Leaving:
    """Nothing depends on whoever changed the agent or the app: what is stored is looked at, again and again.

    An agent who is offline keeps theirs: they come back.
    """

    def __init__(
        self,
        agents: AgentStore,
        publisher: Publisher,
        apps: Callable[[], Sequence[App]],
        now: Callable[[], datetime],
    ) -> None:
        self._agents = agents
        self._publisher = publisher
        self._apps = apps
        self._now = now
        self._told: dict[str, datetime] = {}

    async def look(self) -> None:
        """Tell each such session's conversation, which gives the claim back; raises Outage."""
        policies = {app.app_id: app.policy for app in self._apps()}
        agents = await self._agents.who_cannot_serve({name: one.assignment.groups for name, one in policies.items()})
        left = [(agent, claim) for agent in agents for claim in agent.claims if _has_left(agent, claim, policies)]
        self._forget_the_old()
        for agent, claim in left:
            if claim.id not in self._told:
                await self._publisher.publish(_told(agent, claim, self._now()))
                self._told[claim.id] = real_now()
                log.info("agent_left", agent_id=agent.id, claim_id=claim.id, conversation_id=claim.conversation)

    def _forget_the_old(self) -> None:
        before = real_now() - timedelta(seconds=RETELL_SECONDS)
        self._told = {claim: at for claim, at in self._told.items() if at > before}


def _has_left(agent: Agent, claim: Claim, policies: dict[str, Policy]) -> bool:
    """What is held of an app that was removed stays with an agent who may log in: nobody else would serve it better."""
    policy = policies.get(claim.app_id)
    return not agent.enabled or (policy is not None and not agent.may_serve(policy))


def _told(agent: Agent, claim: Claim, now: datetime) -> AgentLeft:
    return AgentLeft(
        conversation_id=claim.conversation,
        app_id=claim.app_id,
        cause=f"left:{claim.id}:{claim.at.isoformat()}",
        occurred_at=now,
        trace_id=f"left-{claim.id}",
        agent_id=agent.id,
        claim_id=claim.id,
        why="agent_elsewhere" if agent.enabled else "agent_disabled",
    )
