"""What a message says beside its body: headers that our own consumers read."""

from typing import Final

PUBLISHED_MS: Final = "published_ms"
"""When it was published, by the publisher's machine: milliseconds since 1970."""
CONTRACT: Final = "contract"
"""The version of the message's kind, so that a replica knows without reading it whether it understands."""
TRACEPARENT: Final = "traceparent"
"""W3C Trace Context, while this process traces; our own consumers compute the same from the body."""
