"""What crosses the bus: versioned pydantic messages, each with the exchange it goes to and the key it belongs to."""

from shared.contracts.messages import (
    AgentChanged,
    BusMessage,
    KeepToken,
    SendDue,
    ShowTyping,
    Swept,
    Unreadable,
    conversation_lane,
    decode_bot,
    decode_fact,
    decode_offer,
    decode_outbound,
    encode,
    route,
    vendor_lane,
)

__all__ = [
    "AgentChanged",
    "BusMessage",
    "KeepToken",
    "SendDue",
    "ShowTyping",
    "Swept",
    "Unreadable",
    "conversation_lane",
    "decode_bot",
    "decode_fact",
    "decode_offer",
    "decode_outbound",
    "encode",
    "route",
    "vendor_lane",
]
