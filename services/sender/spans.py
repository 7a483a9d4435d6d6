"""The spans of sends: each attempt at WeChat or a vendor, and the telling of what came of it."""

from typing import Any

from services.sender.lines import Send
from shared.conversation.commands import CallVendor
from shared.conversation.facts import SendSettled
from shared.conversation.vendor_facts import VendorAnswered
from shared.failures import SendFailure
from shared.observe import tracing


def record_attempt(send: Send[Any], began: int, failure: SendFailure | None) -> None:
    """One request to the other side, as the client saw it; `tries` counts it already."""
    if not tracing.tracing():
        return
    command = send.command
    to_vendor = {"account": command.account, "kind": command.call.call} if isinstance(command, CallVendor) else {}
    tracing.record(
        "vendor call" if to_vendor else "wechat send",
        "client",
        command.trace_id,
        tracing.span_of("attempt", send.id, send.tries),
        began,
        parent=tracing.of_send(send.id),
        failed=failure is not None,
        app_id=command.app_id,
        conversation_id=command.conversation_id,
        attempt=send.tries,
        code=failure.code if failure is not None else "sent",
        **to_vendor,
    )


def record_told(settled: SendSettled | VendorAnswered, send_id: str, began: int) -> None:
    """The outcome on its way back to the conversation."""
    if tracing.tracing():
        tracing.record(
            f"publish {settled.kind}",
            "producer",
            settled.trace_id,
            tracing.told(settled),
            began,
            parent=tracing.of_send(send_id),
            app_id=settled.app_id,
            conversation_id=settled.conversation_id,
            kind=settled.kind,
            status=settled.outcome,
        )
