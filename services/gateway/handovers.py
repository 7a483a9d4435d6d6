"""Which messages go to WeChat's official console: the first one after the customer's session was armed for it.

The push of that message is answered with `transfer_customer_service`, and the conversation is told before: so it knows
of every customer whom WeChat has. Whatever cannot be learnt in time counts as no; the router sees a message that was
not handed over, and arms the next.
"""

from typing import Final

import structlog

from services.gateway.facts import PushFact
from shared.conversation.facts import HandedToOfficial, MessageReceived
from shared.conversation.policy import Policy
from shared.observe import metrics
from shared.steps import Step, no_step
from shared.store.driver import StoreRefused, StoreUnavailable
from shared.store.handovers import HandoverStore

log = structlog.get_logger()

UNKNOWN: Final = (StoreUnavailable, StoreRefused)


class Handovers:
    def __init__(self, store: HandoverStore, step: Step = no_step) -> None:
        self._store = store
        self._step = step

    async def take(self, fact: PushFact, policy: Policy) -> HandedToOfficial | None:
        """What the conversation is to be told if this push is handed over; None for events and most messages.

        A repeat of the same message gives the same fact. A message to which WeChat gave no id is known by its cause,
        as it is everywhere else: it may be handed over, too, or its customer would never get there.
        """
        if not isinstance(fact, MessageReceived) or not policy.may_hand_over:
            return None
        msg_id = fact.msg_id or fact.cause
        try:
            number = await self._number(fact.conversation_id, msg_id)
        except UNKNOWN as unknown:
            metrics.gateway_handovers_total.labels("unknown").inc()
            log.warning(
                "handover_missed",
                app_id=fact.app_id,
                conversation_id=fact.conversation_id,
                fact_id=fact.id,
                reason=str(unknown),
            )
            return None
        return None if number is None else _handed(fact, number, msg_id)

    async def _number(self, conversation: str, msg_id: str) -> int | None:
        armed = await self._store.armed(conversation)
        if armed is None or not await self._store.take(conversation, armed.number, msg_id):
            return None
        await self._step("taken")
        return armed.number


def note_handed(handed: HandedToOfficial) -> None:
    """Once the conversation will be told for certain."""
    metrics.gateway_handovers_total.labels("handed_over").inc()
    log.info(
        "push_handed_over",
        app_id=handed.app_id,
        conversation_id=handed.conversation_id,
        fact_id=handed.id,
        msg_id=handed.msg_id,
        trace_id=handed.trace_id,
    )


def _handed(fact: MessageReceived, number: int, msg_id: str) -> HandedToOfficial:
    return HandedToOfficial(
        conversation_id=fact.conversation_id,
        app_id=fact.app_id,
        cause=f"o:{number}:{msg_id}",
        occurred_at=fact.occurred_at,
        trace_id=fact.trace_id,
        number=number,
        msg_id=msg_id,
    )
