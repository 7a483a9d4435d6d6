"""Messages that cannot be dealt with: kept in `dead`, and the conversation whose send it was is told."""

from typing import Any, Final

import structlog
from pydantic import ValidationError

from services.sender.telling import publish
from shared.bus.publisher import Publisher
from shared.clock import Clock, real_now
from shared.conversation.facts import FactCondemned
from shared.conversation.vendor_facts import VendorAnswered
from shared.store.dead import DeadMessage, DeadStore, dead_id, salvaged

log = structlog.get_logger()

CALL_CONDEMNED: Final = "程序出错，没有转给第三方客服。请联系管理员。"


class Condemner:
    def __init__(self, dead: DeadStore, publisher: Publisher, clock: Clock) -> None:
        self._dead = dead
        self._publisher = publisher
        self._clock = clock

    async def condemn(self, queue: str, body: bytes, kind: str, reason: str) -> bool:
        """Set a message aside; the same one again is the same document and the same fact, and False. Raises Outage."""
        name, said = dead_id(queue, body), salvaged(body)
        fact = self._answer(name, said) if said.get("kind") == "call_vendor" else self._fact(name, said, kind)
        dead = DeadMessage(
            id=name,
            queue=queue,
            body=body,
            kind=str(said.get("kind") or kind or "unknown"),
            reason=reason,
            at=real_now(),
            conversation_id=fact.conversation_id if fact else None,
            fact_id=fact.id if fact else None,
        )
        new = await self._dead.condemn(dead)
        log.error("message_condemned", queue=queue, kind=dead.kind, fact_id=dead.fact_id, reason=reason)
        if isinstance(fact, VendorAnswered) or (fact is not None and fact.send_id is not None):
            await publish(self._publisher, fact)
        return new

    def _fact(self, dead: str, said: dict[str, Any], kind: str) -> FactCondemned | None:
        """What the conversation is told; None where the body does not even say whose it was."""
        try:
            return FactCondemned(
                conversation_id=said["conversation_id"],
                app_id=said["app_id"],
                cause=f"dead:{dead}",
                occurred_at=self._clock.now(),
                trace_id=str(said.get("trace_id", "")),
                condemned_kind=str(said.get("kind") or kind),
                dead_id=dead,
                send_id=said.get("send_id"),
            )
        except (KeyError, ValidationError):
            return None

    def _answer(self, dead: str, said: dict[str, Any]) -> VendorAnswered | None:
        """A call to a vendor that nobody can make was refused: its session goes on without. None as in `_fact`."""
        try:
            call = said["call"]
            return VendorAnswered(
                conversation_id=said["conversation_id"],
                app_id=said["app_id"],
                cause=f"dead:{dead}",
                occurred_at=self._clock.now(),
                trace_id=str(said.get("trace_id", "")),
                account=said["account"],
                call_id=said["call_id"],
                call=call["call"],
                bridging=said["bridging"],
                outcome="refused",
                message_id=call.get("message_id"),
                code="condemned",
                reason=CALL_CONDEMNED,
            )
        except (KeyError, TypeError, AttributeError, ValidationError):
            return None


def described(failure: BaseException) -> str:
    """What went wrong and where, without the failure's own words, which may quote a message."""
    trace = failure.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" in {trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else ""
    return f"{type(failure).__name__}{where}"
