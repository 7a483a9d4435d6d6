"""Assignment, in the one place where it happens: who waits, who has room, and the claim that joins them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.router.leaving import Leaving
from services.router.line import Line
from services.router.refusing import refusal
from shared.bus.partition_consumer import Received
from shared.bus.publisher import Publisher
from shared.clock import real_now
from shared.contracts import AgentChanged, Swept, Unreadable, decode_offer
from shared.conversation.commands import ClaimWanted, SessionWaiting
from shared.conversation.facts import AgentClaimed, ClaimQuestioned
from shared.conversation.model import Conversation
from shared.conversation.policy import Policy
from shared.conversation.strategy import Candidate, choose
from shared.observe import metrics
from shared.steps import Step, no_step
from shared.store.agents import Agent, AgentStore, Claim, Unclaimed
from shared.store.conversations import ConversationStore
from shared.store.dead import DeadStore
from shared.store.records import DecisionRecords

log = structlog.get_logger()

RETELL_SECONDS: Final = 30
"""A claim that somebody holds while its session still waits is told again, but no more often than this."""
QUESTION_AFTER_SECONDS: Final = 30


class Offers:
    """The handler of `offers.v1`. Every answer may be given twice: a claim is held once whatever happens."""

    def __init__(
        self,
        conversations: ConversationStore,
        agents: AgentStore,
        decisions: DecisionRecords,
        dead: DeadStore,
        publisher: Publisher,
        policy_of: Callable[[str], Policy],
        now: Callable[[], datetime],
        step: Step = no_step,
        *,
        leaving: Leaving,
    ) -> None:
        self._conversations = conversations
        self._agents = agents
        self._decisions = decisions
        self._dead = dead
        self._publisher = publisher
        self._policy_of = policy_of
        self._leaving = leaving
        self._now = now
        self._step = step
        self._told: dict[str, datetime] = {}

    async def handle(self, received: list[Received]) -> None:
        """Raises Outage: take the same messages again."""
        drain = left = question = False
        for one in received:
            try:
                offer = decode_offer(one.body)
            except Unreadable as unreadable:
                # Only a nudge: the sweep finds whatever it was about.
                await self._dead.set_aside("offers.v1", one.body, one.kind, str(unreadable))
                continue
            match offer:
                case ClaimWanted():
                    await self._claim_wanted(offer)
                case SessionWaiting():
                    drain = True
                case AgentChanged():
                    drain = left = True
                case Swept():
                    drain = left = question = True
        if drain:
            await self.drain()
        if left:
            await self._leaving.look()
        if question:
            await self._question_claims()

    async def drain(self) -> None:
        """Give every waiting session that someone has room for to that someone, in order."""
        agents = await self._agents.with_room(())
        if not agents:
            return
        room = {agent.id: agent for agent in agents}
        line = Line(self._agents)
        for conversation in await self._conversations.waiting():
            if not room:
                return
            await self._assign(conversation, room, line)

    async def _assign(self, conversation: Conversation, room: dict[str, Agent], line: Line) -> None:
        session = conversation.session
        if session is None:
            return
        claim_id = session.next_claim_in(conversation.id)
        if self._told_lately(claim_id):
            return
        policy = self._policy_of(conversation.app_id)
        fitting = await line.may_have(session, conversation.app_id, policy, room.values())
        candidates = [_candidate(agent) for agent in fitting]
        chosen = choose(candidates, policy.assignment.strategy)
        if chosen is None:
            return
        outcome = await self._claim(chosen.agent_id, claim_id, conversation)
        if isinstance(outcome, Unclaimed) and outcome.reason != "taken":
            del room[chosen.agent_id]
            return
        holder = outcome.by if isinstance(outcome, Unclaimed) else outcome
        if holder is None:
            return
        if isinstance(outcome, Agent):
            _update_room(room, outcome)
        await self._step("claimed")
        await self._tell_claimed(conversation, claim_id, holder, policy.assignment.strategy)
        await self._step("told")
        await self._decisions.save(
            claim_id,
            conversation.id,
            rule=policy.assignment.strategy,
            agent_id=holder.id,
            policy_version=policy.version,
            candidates=[{"agent_id": c.agent_id, "load": c.load, "capacity": c.capacity} for c in candidates],
        )

    async def _claim(self, agent_id: str, claim_id: str, conversation: Conversation) -> Agent | Unclaimed:
        claim = Claim(id=claim_id, conversation=conversation.id, app_id=conversation.app_id, at=real_now())
        outcome = await self._agents.claim(agent_id, claim)
        verdict = outcome.reason if isinstance(outcome, Unclaimed) else "claimed"
        metrics.router_assignments_total.labels(verdict).inc()
        return outcome

    async def _claim_wanted(self, wanted: ClaimWanted) -> None:
        """An agent asks for a session, or is asked for: theirs if they serve, have room, and nobody was faster."""
        outcome = await self._claim_by_hand(wanted)
        await self._step("claimed")
        if isinstance(outcome, Unclaimed):
            refused = refusal(wanted, outcome, self._now())
            await self._publisher.publish(refused)
            return
        await self._publisher.publish(
            AgentClaimed(
                conversation_id=wanted.conversation_id,
                app_id=wanted.app_id,
                cause=f"a:{wanted.claim_id}:{wanted.command_id}",
                occurred_at=self._now(),
                trace_id=wanted.trace_id,
                claim_id=wanted.claim_id,
                session=wanted.session,
                agent_id=outcome.id,
                agent_name=outcome.name,
                rule="wanted",
                command_id=wanted.command_id,
                digest=wanted.digest,
            )
        )
        await self._step("told")
        await self._decisions.save(
            wanted.claim_id, wanted.conversation_id, rule="wanted", agent_id=outcome.id, candidates=[]
        )

    async def _claim_by_hand(self, wanted: ClaimWanted) -> Agent | Unclaimed:
        agent = await self._agents.get(wanted.agent_id)
        if agent is not None and agent.enabled and not agent.may_serve(self._policy_of(wanted.app_id)):
            return Unclaimed("elsewhere", agent)
        claim = Claim(id=wanted.claim_id, conversation=wanted.conversation_id, app_id=wanted.app_id, at=real_now())
        return await self._agents.claim(wanted.agent_id, claim)

    async def _tell_claimed(self, conversation: Conversation, claim_id: str, holder: Agent, rule: str) -> None:
        session = conversation.session
        await self._publisher.publish(
            AgentClaimed(
                conversation_id=conversation.id,
                app_id=conversation.app_id,
                cause=f"a:{claim_id}",
                occurred_at=self._now(),
                trace_id=f"assign-{claim_id}",
                claim_id=claim_id,
                session=session.number if session else 0,
                agent_id=holder.id,
                agent_name=holder.name,
                rule=rule,
            )
        )
        self._told[claim_id] = real_now()

    async def _question_claims(self) -> None:
        """Claims that no conversation shows: their conversation is asked, and gives them back if need be."""
        claims = await self._agents.claims_older_than(QUESTION_AFTER_SECONDS)
        unquestioned = [(agent, claim) for agent, claim in claims if not self._told_lately(claim.id)]
        if not unquestioned:
            return
        shown = await self._conversations.showing_claims([claim.id for _, claim in unquestioned])
        for agent_id, claim in unquestioned:
            if claim.id not in shown:
                await self._publisher.publish(_question(agent_id, claim, self._now()))
                self._told[claim.id] = real_now()
                log.warning("claim_questioned", agent_id=agent_id, claim_id=claim.id)

    def _told_lately(self, claim_id: str) -> bool:
        before = real_now() - timedelta(seconds=RETELL_SECONDS)
        self._told = {claim: at for claim, at in self._told.items() if at > before}
        return claim_id in self._told


def _candidate(agent: Agent) -> Candidate:
    return Candidate(agent_id=agent.id, load=agent.load, capacity=agent.capacity, assigned_at=agent.assigned_at)


def _update_room(room: dict[str, Agent], agent: Agent) -> None:
    if agent.load < agent.capacity:
        room[agent.id] = agent
    else:
        room.pop(agent.id, None)


def _question(agent_id: str, claim: Claim, now: datetime) -> ClaimQuestioned:
    return ClaimQuestioned(
        conversation_id=claim.conversation,
        app_id=claim.app_id,
        cause=f"q:{claim.id}:{int(now.timestamp())}",
        occurred_at=now,
        trace_id=f"sweep-{claim.id}",
        agent_id=agent_id,
        claim_id=claim.id,
    )
