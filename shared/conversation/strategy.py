"""Who gets a waiting session, among those who have room. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from shared.conversation.content import Frozen

NEVER: Final = datetime.min.replace(tzinfo=UTC)


class Candidate(Frozen):
    agent_id: str
    load: int
    capacity: int
    assigned_at: datetime | None = None
    """When they last got a session."""


def choose(candidates: Sequence[Candidate], strategy: Literal["least_loaded", "longest_idle"]) -> Candidate | None:
    """The fewest sessions, or no new session for longest; then the other, then by id so that every replica agrees."""
    with_room = [candidate for candidate in candidates if candidate.load < candidate.capacity]
    match strategy:
        case "least_loaded":
            return min(with_room, key=lambda c: (c.load, c.assigned_at or NEVER, c.agent_id), default=None)
        case "longest_idle":
            return min(with_room, key=lambda c: (c.assigned_at or NEVER, c.load, c.agent_id), default=None)
