"""Spans of what happens to a push on its way to an answer. Off, every call here is one comparison.

Nothing of a trace is stored: its id is that of the log records, and the id of a span is computed from what the span is
about. So whoever carries on, after a crash or days later from a deferred send, finds the same parent.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple

from shared.conversation.commands import AskBot, CallVendor, SendMessage
from shared.conversation.fact import Fact
from shared.conversation.facts import (
    AgentCommand,
    BotAnswered,
    CustomerEntered,
    EventReceived,
    HandedToOfficial,
    MessageReceived,
    SendSettled,
)
from shared.conversation.vendor_facts import VendorAnswered, VendorPushed
from shared.observe.span_keys import SPAN_KEYS

SpanKind = Literal["server", "consumer", "producer", "client"]
Traced = SendMessage | CallVendor | AskBot

TOLD_OF: Final = (
    *(MessageReceived, CustomerEntered, EventReceived, HandedToOfficial, VendorPushed),
    *(AgentCommand, BotAnswered, SendSettled, VendorAnswered),
)
"""The facts whose origin records a span; all others (timers, claims, sweeps) begin where they are decided."""
_HEX_DIGITS: Final = 32


class Span(NamedTuple):
    """One finished span. `trace_id` is that of the log records; times are nanoseconds since 1970."""

    name: str
    kind: SpanKind
    trace_id: str
    id: int
    parent: int | None
    began: int
    ended: int
    failed: bool
    attributes: Mapping[str, str | int]


class Sink(NamedTuple):
    """Where spans go; `wants` says of a trace whether it is one of the sampled. Neither waits nor raises."""

    wants: Callable[[int], bool]
    take: Callable[[Span], None]


_sinks: list[Sink] = []
"""None, or the one of this process."""


def trace_to(sink: Sink | None) -> None:
    """From now on record to `sink`; None: record nothing."""
    _sinks[:] = [] if sink is None else [sink]


def tracing() -> bool:
    return bool(_sinks)


def now() -> int:
    """When a span began; 0 while nothing is recorded."""
    return time.time_ns() if _sinks else 0


def trace_number(trace_id: str) -> int:
    """Ours where it is 32 hexadecimal digits (pushes, requests), else a digest of it (timers, sweeps)."""
    if len(trace_id) == _HEX_DIGITS:
        try:
            return int(trace_id, 16) or 1
        except ValueError:
            pass
    return int.from_bytes(hashlib.blake2b(trace_id.encode(), digest_size=16).digest())


def span_of(*names: str | int) -> int:
    """The id of the span about what is so named."""
    said = "|".join(str(name) for name in names).encode()
    return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest()) or 1


def told(fact: Fact) -> int:
    """The span in which a fact came to be: a push, an agent's request, a bot's turn, a settlement."""
    return span_of("told", fact.id)


def decided(conversation_id: str, cause: str) -> int:
    """The span in which the router settled the fact of this cause."""
    return span_of("decided", conversation_id, cause)


def sent_on(command: Traced) -> int:
    """The span in which the router sent a command on its way."""
    match command:
        case SendMessage():
            return of_send(command.send_id)
        case CallVendor():
            return of_send(command.call_id)
        case AskBot():
            return span_of("turn", command.conversation_id, command.session, command.turn)


def of_send(send_id: str) -> int:
    """As `sent_on`, for a send or call known by its id alone."""
    return span_of("send", send_id)


def traceparent(message: object) -> str | None:
    """W3C's header for a message on the bus; None while nothing is recorded, or where nobody records its origin."""
    if not _sinks:
        return None
    match message:
        case Fact() if isinstance(message, TOLD_OF):
            span, trace_id = told(message), message.trace_id
        case SendMessage() | CallVendor() | AskBot():
            span, trace_id = sent_on(message), message.trace_id
        case _:
            return None
    trace = trace_number(trace_id)
    return f"00-{trace:032x}-{span:016x}-{'01' if _sinks[0].wants(trace) else '00'}"


def record(
    name: str,
    kind: SpanKind,
    trace_id: str,
    span: int,
    began: int,
    /,
    *,
    parent: int | None = None,
    failed: bool = False,
    **facts: str | int,
) -> None:
    """A span that ends now. `facts` become attributes; raises KeyError where one has no meaning in `span_keys`."""
    if not _sinks or not _sinks[0].wants(trace_number(trace_id)):
        return
    attributes: dict[str, str | int] = {"wxdesk.trace_id": trace_id}
    for key, value in facts.items():
        attributes[_known(f"wxdesk.{key}")] = value
    ended = time.time_ns()
    began = began or ended
    _sinks[0].take(Span(name, kind, trace_id, span, parent, began, ended, failed, attributes))


def _known(key: str) -> str:
    if key not in SPAN_KEYS:
        raise KeyError(key)
    return key
