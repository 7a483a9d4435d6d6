"""When somebody must look at a session: before an answer is late or the window closes, and when an agent is silent."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from shared.conversation.commands import SessionWaiting
from shared.conversation.draft import Draft
from shared.conversation.model import Attention, AttentionReason, Conversation
from shared.conversation.policy import Policy

RANKS: Final[dict[AttentionReason, int]] = {
    "agent_silent": 0,
    "answer_late": 1,
    "not_passed_on": 1,
    "window_closing": 2,
}
"""A graver reason takes the place of a lesser one, never the other way round."""


class Alert(NamedTuple):
    at: datetime
    why: AttentionReason


def next_alert(conversation: Conversation, policy: Policy) -> Alert | None:
    """What somebody must be warned of next, if time goes on and nothing happens."""
    session = conversation.session
    current = RANKS[session.attention.why] if session is not None and session.attention else -1
    graver = [alert for alert in _alerts(conversation, policy) if RANKS[alert.why] > current]
    return min(graver, default=None)


def warn(draft: Draft) -> None:
    """Show it, and open the line to the group that the app names for this."""
    alert = next_alert(draft.conversation, draft.policy)
    if alert is None or alert.at > draft.now:
        return
    draft.update_session(attention=Attention(why=alert.why, since=draft.now))
    draft.add_event("attention_needed", why=alert.why)
    group = draft.policy.targets.escalate_to
    if group is not None and draft.session.state == "waiting":
        draft.update_session(also_group=group)
        draft.command(SessionWaiting(**draft.origin))


def relieve(draft: Draft) -> None:
    """The customer has written: the window that was about to close is open for two days more."""
    attention = draft.session.attention
    if attention is not None and attention.why == "window_closing":
        draft.update_session(attention=None)


def _alerts(conversation: Conversation, policy: Policy) -> list[Alert]:
    session, targets = conversation.session, policy.targets
    if session is None or session.state not in {"waiting", "agent"} or session.handover is not None:
        return []
    found: list[Alert] = []
    waiting, unanswered = session.waiting_since, session.unanswered_since
    begun = policy.working_from(waiting) if waiting is not None and targets.answer_seconds is not None else None
    if begun is not None and targets.answer_seconds is not None:
        patience = max(0, targets.answer_seconds - targets.warn_seconds)
        found.append(Alert(begun + timedelta(seconds=patience), "answer_late"))
    closes_at = _window_closes_at(conversation)
    if unanswered is not None and closes_at is not None:
        found.append(Alert(closes_at - timedelta(seconds=targets.window_seconds), "window_closing"))
    if unanswered is not None and session.state == "agent" and targets.agent_silent_seconds is not None:
        since = policy.working_from(max(unanswered, session.held_since or unanswered))
        if since is not None:
            found.append(Alert(since + timedelta(seconds=targets.agent_silent_seconds), "agent_silent"))
    return found


def _window_closes_at(conversation: Conversation) -> datetime | None:
    """Of the window that a message opened; the minute after entering is over before anybody could be warned."""
    return next((grant.deadline for grant in conversation.ledger.grants if grant.kind == "message"), None)
