"""The spans of a settled batch: one for each fact, below where it came from, and one for each command sent on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from shared.conversation.commands import AskBot, CallVendor, SendMessage
from shared.conversation.facts import AnyFact
from shared.observe import tracing

if TYPE_CHECKING:
    from services.router.batch import Decided


def record_settled(settled: Iterable["Decided"], piece: Mapping[str, Sequence[AnyFact]], began: int) -> None:
    """Of every fact whose entry was carried out now, be it decided now or before a crash."""
    if not tracing.tracing():
        return
    together = sum(map(len, piece.values()))
    for one in settled:
        carried = {entry.cause: entry for entry in one.entries}
        for fact in piece[one.conversation.id]:
            entry = carried.pop(fact.cause, None)
            if entry is not None:
                _record_fact(fact, began, together)
                for command in entry.commands:
                    if isinstance(command, SendMessage | CallVendor | AskBot):
                        _record_command(command, fact.cause)


def _record_fact(fact: AnyFact, began: int, together: int) -> None:
    tracing.record(
        f"settle {fact.kind}",
        "consumer",
        fact.trace_id,
        tracing.decided(fact.conversation_id, fact.cause),
        began,
        parent=tracing.told(fact) if isinstance(fact, tracing.TOLD_OF) else None,
        app_id=fact.app_id,
        conversation_id=fact.conversation_id,
        kind=fact.kind,
        batch_facts=together,
    )


def _record_command(command: SendMessage | CallVendor | AskBot, cause: str) -> None:
    tracing.record(
        f"publish {command.kind}",
        "producer",
        command.trace_id,
        tracing.sent_on(command),
        0,
        parent=tracing.decided(command.conversation_id, cause),
        app_id=command.app_id,
        conversation_id=command.conversation_id,
        kind=command.kind,
    )
