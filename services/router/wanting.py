"""A session that an agent takes by hand, or that a colleague brings them."""

from collections.abc import Callable
from datetime import datetime

from services.router.claiming import Claiming, Taken
from services.router.refusing import refusal
from shared.bus.publisher import Publisher
from shared.clock import real_now
from shared.conversation.commands import ClaimWanted
from shared.conversation.policy import Policy
from shared.store.agents import Agent, AgentStore, Claim, Unclaimed
from shared.store.driver import Database


class Wanting:
    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        claiming: Claiming,
        policy_of: Callable[[str], Policy],
        now: Callable[[], datetime],
    ) -> None:
        self._agents = AgentStore(database)
        self._publisher = publisher
        self._claiming = claiming
        self._policy_of = policy_of
        self._now = now

    async def answer(self, wanted: ClaimWanted) -> None:
        """Theirs if they serve the app, have room, and nobody was faster; else the conversation hears why not."""
        outcome = await self._claim(wanted)
        if isinstance(outcome, Unclaimed):
            await self._publisher.publish(refusal(wanted, outcome, self._now()))
            return
        taken = Taken(
            agent=outcome,
            claim=_claim(wanted),
            session=wanted.session,
            policy_version=self._policy_of(wanted.app_id).version,
            trace_id=wanted.trace_id,
            command_id=wanted.command_id,
            digest=wanted.digest,
        )
        await self._claiming.tell([taken])

    async def _claim(self, wanted: ClaimWanted) -> Agent | Unclaimed:
        agent = await self._agents.get(wanted.agent_id)
        if agent is not None and agent.enabled and not agent.may_serve(self._policy_of(wanted.app_id)):
            return Unclaimed("elsewhere", agent)
        return await self._claiming.take(wanted.agent_id, _claim(wanted))


def _claim(wanted: ClaimWanted) -> Claim:
    return Claim(
        id=wanted.claim_id, conversation=wanted.conversation_id, app_id=wanted.app_id, at=real_now(), rule="wanted"
    )
