"""The sessions that wait, in the order in which they are served. Pure."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from shared.conversation.model import Conversation, Session
from shared.conversation.policy import Policy

ORDINARY_SECONDS: Final = 600
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
    if session is None or not session.in_line:
        return None
    opened = [grant.deadline for grant in conversation.ledger.grants if grant.kind == "message"]
    return Waiting(conversation.id, conversation.app_id, session, max(opened, default=None))


def in_order(waiting: Iterable[Waiting], policy_of: PolicyOf, now: datetime) -> list[Waiting]:
    """Those to be served first; who is late and soon cannot be answered; the nearest deadline; who came first."""
    deadlines = Deadlines(policy_of, now)

    def key(one: Waiting) -> tuple[bool, datetime, datetime, datetime, str]:
        late_at = deadlines.of(one) or NO_DEADLINE
        lost_at = deadlines.last_chance(one) or NO_DEADLINE
        return (not one.session.first, lost_at, late_at, one.session.waiting_since or now, one.conversation_id)

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
        found = (self._answer_by(waiting), self._closes_soon(waiting))
        return min((instant for instant in found if instant is not None), default=None)

    def last_chance(self, waiting: Waiting) -> datetime | None:
        """When the window closes of a session that is late already.

        Where everybody is late, the answers that are missed by now would else hide the windows that may yet be met.
        """
        answer_by = self._answer_by(waiting)
        return self._closes_soon(waiting) if answer_by is not None and answer_by <= self._now else None

    def _answer_by(self, waiting: Waiting) -> datetime | None:
        """Where an app names no time its customers keep their turn among those of apps that do."""
        seconds = self._policy_of(waiting.app_id).targets.answer_seconds
        begun = self._begun(waiting)
        return begun + timedelta(seconds=ORDINARY_SECONDS if seconds is None else seconds) if begun else None

    def _closes_soon(self, waiting: Waiting) -> datetime | None:
        until, soon = waiting.window_until, self._policy_of(waiting.app_id).targets.window_seconds
        near = until is not None and self._now < until <= self._now + timedelta(seconds=soon)
        return until if near else None

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
