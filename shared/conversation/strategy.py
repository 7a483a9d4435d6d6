"""Who gets a session that waits, among those who have room. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from shared.conversation.policy import Policy

NEVER: Final = datetime.min.replace(tzinfo=UTC)

Strategy = Literal["least_loaded", "longest_idle"]


class Standby(NamedTuple):
    """An agent who may log in, as far as assignment asks."""

    id: str
    groups: tuple[str, ...] = ()
    role: Literal["agent", "supervisor", "admin"] = "agent"
    presence: Literal["online", "away", "offline"] = "online"
    capacity: int = 5
    load: int = 0
    auto_accept: bool = True
    assigned_at: datetime | None = None
    """When they last got a session, or were offered one."""

    @property
    def online(self) -> bool:
        return self.presence == "online"

    @property
    def has_room(self) -> bool:
        return self.online and self.load < self.capacity

    def may_serve(self, policy: Policy) -> bool:
        """Whether they see the conversations of an app that is served so. Supervisors see all."""
        return self.role != "agent" or policy.assignment.served_by(self.groups)

    def is_given(self, policy: Policy) -> bool:
        """Whether sessions that wait for nobody in particular come to them; who only supervises gets none."""
        return policy.assignment.served_by(self.groups)


def ranked(agents: Iterable[Standby], strategy: Strategy) -> list[Standby]:
    """The fewest sessions first, or no new session for longest; then the other, then by id: every replica agrees."""
    match strategy:
        case "least_loaded":
            return sorted(agents, key=lambda agent: (agent.load, agent.assigned_at or NEVER, agent.id))
        case "longest_idle":
            return sorted(agents, key=lambda agent: (agent.assigned_at or NEVER, agent.load, agent.id))
