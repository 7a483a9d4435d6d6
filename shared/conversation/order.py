"""The sessions that wait, in the order in which they are served. Pure."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from shared.conversation.model import Conversation, Session
from shared.conversation.policy import Policy

NO_DEADLINE: Final = datetime.max.replace(tzinfo=UTC)

PolicyOf = Callable[[str], Policy]


class Waiting(NamedTuple):
    """A session in line. `window_until`: when WeChat's window closes that the customer's last message opened."""

    conversation_id: str
    app_id: str
    session: Session
    window_until: datetime | None = None

    @property
    def claim_id(self) -> str:
        return self.session.next_claim_in(self.conversation_id)


def in_line(conversation: Conversation) -> Waiting | None:
    """The conversation's session, if it waits for an agent; the customer of an armed one is on their way elsewhere."""
    session = conversation.session
    if session is None or session.state != "waiting" or session.handover is not None:
        return None
    opened = [grant.deadline for grant in conversation.ledger.grants if grant.kind == "message"]
    return Waiting(conversation.id, conversation.app_id, session, max(opened, default=None))


def in_order(waiting: Iterable[Waiting], policy_of: PolicyOf, now: datetime) -> list[Waiting]:
    """Those to be served first; then the nearest deadline, then who came first."""
    deadlines = Deadlines(policy_of, now)

    def key(one: Waiting) -> tuple[bool, datetime, datetime, str]:
        late_at = deadlines.of(one) or NO_DEADLINE
        return (not one.session.first, late_at, one.session.waiting_since or now, one.conversation_id)

    return sorted(waiting, key=key)


class Deadlines:
    """For one look along the line: when agents begin to work is found out once for all who came in the same minute."""

    def __init__(self, policy_of: PolicyOf, now: datetime) -> None:
        self._policy_of = policy_of
        self._now = now
        self._begins: dict[tuple[str, datetime], datetime | None] = {}

    def of(self, waiting: Waiting) -> datetime | None:
        """When the answer is late, or the window closes, if it does so soon.

        A window that is open for long yet says nothing: who writes again opens it anew, and must not lose their place
        to those who came later.
        """
        targets, until = self._policy_of(waiting.app_id).targets, waiting.window_until
        found: list[datetime] = []
        begun = self._begun(waiting) if targets.answer_seconds is not None else None
        if begun is not None and targets.answer_seconds is not None:
            found.append(begun + timedelta(seconds=targets.answer_seconds))
        if until is not None and self._now < until <= self._now + timedelta(seconds=targets.window_seconds):
            found.append(until)
        return min(found, default=None)

    def _begun(self, waiting: Waiting) -> datetime | None:
        """Since when it waits for agents who work. Hours begin and end with whole minutes."""
        since, policy = waiting.session.waiting_since, self._policy_of(waiting.app_id)
        if since is None or policy.hours is None:
            return since
        minute = since.replace(second=0, microsecond=0)
        key = (waiting.app_id, minute)
        if key not in self._begins:
            self._begins[key] = policy.working_from(minute)
        opens = self._begins[key]
        return max(opens, since) if opens is not None else None
