"""Room taken for a session, written down, and told to its conversation: in this order, each of it repeatable."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from shared.bus.publisher import Publisher
from shared.conversation.facts import AgentClaimed
from shared.conversation.ids import session_id
from shared.conversation.strategy import Standby
from shared.observe import metrics
from shared.steps import Step
from shared.store.agents import Agent, AgentStore, Claim, Unclaimed
from shared.store.driver import Database
from shared.store.records import Assigned, DecisionRecords

CANDIDATES_KEPT: Final = 20
"""In the record of a decision; those next in turn."""


class Taken(NamedTuple):
    """A claim that an agent holds, of a session by its number. `command_id`: somebody asked for it, and is answered."""

    agent: Agent
    claim: Claim
    session: int
    policy_version: int
    trace_id: str
    candidates: Sequence[Standby] = ()
    command_id: str | None = None
    digest: str = ""


class Claiming:
    """`step` is called between durable steps."""

    def __init__(self, database: Database, publisher: Publisher, now: Callable[[], datetime], step: Step) -> None:
        self._agents = AgentStore(database)
        self._decisions = DecisionRecords(database)
        self._publisher = publisher
        self._now = now
        self._step = step

    async def take(self, agent_id: str, claim: Claim, *, online: bool = False) -> Agent | Unclaimed:
        """As AgentStore.claim."""
        outcome = await self._agents.claim(agent_id, claim, online=online)
        verdict = outcome.reason if isinstance(outcome, Unclaimed) else "claimed"
        metrics.router_assignments_total.labels(verdict).inc()
        return outcome

    async def tell(self, taken: Sequence[Taken]) -> None:
        """Keep why, then tell. What was lost on the way is found by the next look along the line, and told alike."""
        await self._step("claimed")
        await self._decisions.save([_decision(one) for one in taken])
        await self._step("recorded")
        await self._publisher.publish_all([self._told(one) for one in taken])
        await self._step("told")

    def _told(self, taken: Taken) -> AgentClaimed:
        claim = taken.claim
        return AgentClaimed(
            conversation_id=claim.conversation,
            app_id=claim.app_id,
            cause=f"a:{claim.id}:{taken.command_id}" if taken.command_id else f"a:{claim.id}",
            occurred_at=self._now(),
            trace_id=taken.trace_id,
            claim_id=claim.id,
            session=taken.session,
            agent_id=taken.agent.id,
            agent_name=taken.agent.name,
            rule=claim.rule,
            command_id=taken.command_id,
            digest=taken.digest,
            offered_until=claim.offered_until,
        )


def _decision(taken: Taken) -> Assigned:
    claim = taken.claim
    return Assigned(
        kind="assigned" if claim.offered_until is None else "offered",
        conversation=claim.conversation,
        session=session_id(claim.conversation, taken.session),
        claim_id=claim.id,
        agent_id=taken.agent.id,
        rule=claim.rule,
        policy_version=taken.policy_version,
        candidates=[
            {"agent_id": agent.id, "load": agent.load, "capacity": agent.capacity}
            for agent in taken.candidates[:CANDIDATES_KEPT]
        ],
    )
