"""The span of a push: where a trace begins."""

from shared.conversation.fact import Fact
from shared.observe import tracing


def record_push(name: str, fact: Fact, began: int, *, failed: bool = False) -> None:
    """What came of this push until it was durable, or could not be made so."""
    if tracing.tracing():
        tracing.record(
            name,
            "server",
            fact.trace_id,
            tracing.told(fact),
            began,
            failed=failed,
            app_id=fact.app_id,
            conversation_id=fact.conversation_id,
            kind=fact.kind,
        )
