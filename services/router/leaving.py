"""Sessions whose agent can answer no more: disabled, serving other apps by now, or offline for too long."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from services.router.settings import RETELL_SECONDS
from shared.bus.publisher import Publisher
from shared.clock import real_now
from shared.conversation.facts import AgentLeft, LeavingReason
from shared.conversation.policy import Policy
from shared.lately import Lately
from shared.store.agents import Agent, AgentStore, Claim
from shared.store.apps import App
from shared.store.attendance import Attendance
from shared.store.driver import Database

log = structlog.get_logger()

Left = tuple[Agent, Claim, LeavingReason]


class Leaving:
    """Nothing depends on whoever changed the agent or the app: what is stored is looked at, again and again.

    How long an agent is offline goes by the machines' time. Where the app keeps their sessions for them, they stay.
    """

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        apps: Callable[[], Sequence[App]],
        now: Callable[[], datetime],
    ) -> None:
        self._agents = AgentStore(database)
        self._attendance = Attendance(database)
        self._publisher = publisher
        self._apps = apps
        self._now = now
        self._told = Lately(RETELL_SECONDS)

    async def look(self) -> None:
        """Tell each such session's conversation, which gives the claim back; raises Outage."""
        policies = {app.app_id: app.policy for app in self._apps()}
        for agent, claim, why in [
            *await self._cannot_serve(policies),
            *await self._are_gone(policies),
            *await self._are_absent(),
        ]:
            if claim.id not in self._told:
                await self._publisher.publish(_told(agent, claim, why, self._now()))
                self._told.add(claim.id)
                log.info("agent_left", agent_id=agent.id, claim_id=claim.id, conversation_id=claim.conversation)

    async def _cannot_serve(self, policies: Mapping[str, Policy]) -> list[Left]:
        agents = await self._agents.who_cannot_serve({name: one.assignment.groups for name, one in policies.items()})
        return [
            (agent, claim, "agent_elsewhere" if agent.enabled else "agent_disabled")
            for agent in agents
            for claim in agent.claims
            if _serves_no_more(agent, claim, policies)
        ]

    async def _are_gone(self, policies: Mapping[str, Policy]) -> list[Left]:
        patience = {app_id: timedelta(seconds=seconds) for app_id, seconds in _patience(policies)}
        if not patience:
            return []
        now = real_now()
        agents = await self._attendance.offline_since(now - min(patience.values()))
        return [
            (agent, claim, "agent_offline")
            for agent in agents
            for claim in agent.claims
            if claim.app_id in patience
            and agent.presence_at is not None
            and now - agent.presence_at >= patience[claim.app_id]
        ]

    async def _are_absent(self) -> list[Left]:
        """Of these claims some are sessions by now; their conversations know which are offers still."""
        now = self._now()
        return [
            (agent, claim, "agent_absent")
            for agent in await self._attendance.absent_with_offers()
            for claim in agent.claims
            if claim.offered_until is not None and claim.offered_until > now
        ]


def _serves_no_more(agent: Agent, claim: Claim, policies: Mapping[str, Policy]) -> bool:
    """What is held of an app that was removed stays with an agent who may log in: nobody else would serve it better."""
    policy = policies.get(claim.app_id)
    return not agent.enabled or (policy is not None and not agent.may_serve(policy))


def _patience(policies: Mapping[str, Policy]) -> Iterator[tuple[str, int]]:
    """For how many seconds an agent of the app may be offline; of those only that take their sessions away then."""
    return (
        (app_id, policy.assignment.offline_seconds)
        for app_id, policy in policies.items()
        if policy.assignment.offline != "keep"
    )


def _told(agent: Agent, claim: Claim, why: LeavingReason, now: datetime) -> AgentLeft:
    return AgentLeft(
        conversation_id=claim.conversation,
        app_id=claim.app_id,
        cause=f"left:{claim.id}:{claim.at.isoformat()}",
        occurred_at=now,
        trace_id=f"left-{claim.id}",
        agent_id=agent.id,
        claim_id=claim.id,
        why=why,
    )
