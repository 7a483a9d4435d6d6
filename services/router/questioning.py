"""Claims that no conversation shows: their conversation is asked, and gives them back if need be."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog

from services.router.settings import RETELL_SECONDS
from shared.bus.publisher import Publisher
from shared.conversation.facts import ClaimQuestioned
from shared.lately import Lately
from shared.store.agents import AgentStore, Claim
from shared.store.conversations import ConversationStore
from shared.store.driver import Database

log = structlog.get_logger()

QUESTION_AFTER_SECONDS: Final = 30


class Questioning:
    """It never gives anything back itself: only a conversation's own router does."""

    def __init__(self, database: Database, publisher: Publisher, now: Callable[[], datetime]) -> None:
        self._agents = AgentStore(database)
        self._conversations = ConversationStore(database)
        self._publisher = publisher
        self._now = now
        self._asked = Lately(RETELL_SECONDS)

    async def look(self) -> None:
        """Raises Outage."""
        claims = await self._agents.claims_older_than(QUESTION_AFTER_SECONDS)
        unasked = [(agent, claim) for agent, claim in claims if claim.id not in self._asked]
        if not unasked:
            return
        shown = await self._conversations.showing_claims([claim.id for _, claim in unasked])
        for agent_id, claim in unasked:
            if claim.id not in shown:
                await self._publisher.publish(_question(agent_id, claim, self._now()))
                self._asked.add(claim.id)
                log.warning("claim_questioned", agent_id=agent_id, claim_id=claim.id)


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
