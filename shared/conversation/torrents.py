"""Customers who write too much at once, or are blocked: all of it is kept, none of it reaches anybody."""

from datetime import datetime, timedelta

from shared.conversation.draft import Draft
from shared.conversation.facts import BlockCustomer, MessageReceived
from shared.conversation.model import Problem, Torrent
from shared.conversation.sessions import end_session


def is_unheard(draft: Draft, received: MessageReceived) -> bool:
    """Whether this message is kept without reaching anybody."""
    return _is_too_much(draft, received) or draft.conversation.blocked_at is not None


def block(draft: Draft, asked: BlockCustomer) -> None:
    """By whoever serves the customer, or a supervisor; undone by a supervisor, or whoever did it."""
    if problem := _may_not(draft, asked):
        draft.settle_command(asked, problem)
        return
    if asked.blocked != (draft.conversation.blocked_at is not None):
        draft.update(blocked_at=draft.now if asked.blocked else None, blocked_by=asked.agent if asked.blocked else None)
        draft.add_event("customer_blocked" if asked.blocked else "customer_unblocked", by=asked.agent_name)
    if asked.blocked and draft.has_open_session:
        end_session(draft, "blocked", by=asked.agent, farewell=False)
        draft.update(unread=0)
    draft.settle_command(asked)


def _may_not(draft: Draft, asked: BlockCustomer) -> Problem | None:
    session, by = draft.conversation.session, draft.conversation.blocked_by
    responder = session.responder if session is not None else None
    serves = responder is not None and responder.id == asked.agent_id
    did_it = by is not None and by.id == asked.agent_id
    if asked.supervises or did_it or (asked.blocked and serves):
        return None
    detail = "Only whoever serves the customer, or a supervisor, may block them; a supervisor or who did it lifts that."
    return Problem(code="forbidden", detail=detail)


def _is_too_much(draft: Draft, received: MessageReceived) -> bool:
    """Counted by WeChat's time: after an outage of ours an hour's messages come at once, and are no torrent.

    One that took longer on its way counts as if it had come as the count began, unless it is of long before that.
    """
    limit, torrent = draft.policy.flood, draft.conversation.torrent
    at = min(received.occurred_at, draft.now)  # a clock that is ahead counts as ours
    if limit is None:
        draft.update(torrent=None)
        return False
    lasts = timedelta(seconds=limit.seconds)
    if torrent is not None and at < torrent.since - lasts:
        return False
    at = max(at, torrent.since) if torrent is not None else at
    torrent = _counted(torrent, at, lasts)
    is_over = torrent.until is not None and at < torrent.until
    if torrent.count > limit.messages:
        if not is_over:
            draft.add_event("customer_flooding", messages=limit.messages, seconds=limit.seconds)
        torrent = torrent.but(until=at + lasts)
        is_over = True
    draft.update(torrent=torrent)
    return is_over


def _counted(torrent: Torrent | None, at: datetime, lasts: timedelta) -> Torrent:
    """With one more; each stretch of time counts anew, while the last one's limit holds on."""
    if torrent is None:
        return Torrent(since=at, count=1)
    if at >= torrent.since + lasts:
        return torrent.but(since=at, count=1)
    return torrent.but(count=torrent.count + 1)
