"""From what the broker gave us to facts, each of which can be decided."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from shared.bus.partition_consumer import Received
from shared.clock import real_now
from shared.contracts import Unreadable, decode_fact
from shared.conversation.facts import AgentCommand, AnyFact, FactCondemned, SendSettled
from shared.store.dead import DeadMessage, dead_id, salvaged

PUSH_KINDS = frozenset({"message_received", "customer_entered", "event_received"})


@dataclass(frozen=True, slots=True)
class Taken:
    """A message in hand: what it says, or, where it says nothing, what stands in its place."""

    received: Received
    fact: AnyFact | None


class Condemned(Exception):
    """Our own judgement: this message is set aside. `stand_in` goes into the conversation's books instead."""

    def __init__(self, dead: DeadMessage, stand_in: FactCondemned | None) -> None:
        super().__init__(dead.reason)
        self.dead = dead
        self.stand_in = stand_in


def read(queue: str, received: Received) -> AnyFact:
    """Raises Condemned for a body that is no fact this version understands."""
    try:
        return decode_fact(received.body)
    except Unreadable as unreadable:
        raise condemn(queue, received, str(unreadable)) from None


def condemn(queue: str, received: Received, reason: str, fact: AnyFact | None = None) -> Condemned:
    """Set a message aside, with as much of its origin as can be made out."""
    dead = dead_id(queue, received.body)
    said = fact.model_dump(mode="json") if fact is not None else salvaged(received.body)
    stand_in = _stand_in(dead, said, fact)
    return Condemned(
        DeadMessage(
            id=dead,
            queue=queue,
            body=received.body,
            kind=str(said.get("kind") or received.kind or "unknown"),
            reason=reason,
            at=real_now(),
            conversation_id=stand_in.conversation_id if stand_in else None,
            fact_id=stand_in.id if stand_in else None,
        ),
        stand_in,
    )


def _stand_in(dead: str, said: dict[str, Any], fact: AnyFact | None) -> FactCondemned | None:
    kind = str(said.get("kind"))
    try:
        return FactCondemned(
            conversation_id=said["conversation_id"],
            app_id=said["app_id"],
            cause=said.get("cause") or f"dead:{dead}",
            occurred_at=said.get("occurred_at") or real_now(),
            trace_id=str(said.get("trace_id", "")),
            openid=said.get("openid"),
            condemned_kind=kind,
            dead_id=dead,
            send_id=fact.send_id if isinstance(fact, SendSettled) else None,
            command_id=fact.command_id if isinstance(fact, AgentCommand) else said.get("command_id"),
            digest=str(said.get("digest", "")),
            inbound=kind in PUSH_KINDS,
        )
    except (KeyError, ValidationError):
        return None
