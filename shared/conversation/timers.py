"""What time alone does to a conversation, and when it does so next."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from shared.conversation.attention import next_alert, warn
from shared.conversation.bridging import ask_place
from shared.conversation.draft import Draft
from shared.conversation.facts import TimerFired
from shared.conversation.fallbacks import fall_back, fallback_due_at
from shared.conversation.handovers import is_hopeless, official_until, rearm, was_missed
from shared.conversation.machine_words import say
from shared.conversation.model import Conversation, Session
from shared.conversation.policy import Policy, bridge_of
from shared.conversation.sessions import end_session
from shared.conversation.waiting import fall_from_vendor, hand_off, pass_offer_on, put_in_line


def fire(draft: Draft, _: TimerFired) -> None:
    """Do everything that is due. What remains gives the next `due_at`."""
    if idle_at(draft.session, draft.policy) <= draft.now:
        _end_idle(draft)
        return
    _end_turn(draft)
    if was_missed(draft):
        _try_again(draft)
    if draft.session.offer is not None and draft.session.offer.until <= draft.now:
        pass_offer_on(draft, "lapsed")
    fall_back(draft)
    _see_to_vendor(draft)
    warn(draft)
    remind_at = reminder_at(draft.session, draft.policy)
    if remind_at is not None and remind_at <= draft.now:
        draft.update_session(reminded=True)
        say(draft, draft.policy.reminder.say, "reminder")


def next_due_at(conversation: Conversation, policy: Policy, now: datetime) -> datetime | None:
    """When time alone will change this conversation."""
    session = conversation.session
    if session is None or session.state == "closed":
        return None
    return min(_instants(conversation, session, policy, now))


def _instants(conversation: Conversation, session: Session, policy: Policy, now: datetime) -> Iterator[datetime]:
    alert = next_alert(conversation, policy)
    instants = (
        idle_at(session, policy),
        session.turn.deadline if session.turn else None,
        session.offer.until if session.offer else None,
        session.handover.missed_at if session.handover else None,
        session.bridging.ask_place_at if session.bridging else None,
        session.bridging.answer_by if session.bridging else None,
        fallback_due_at(session, policy, now),
        reminder_at(session, policy),
        alert.at if alert else None,
    )
    return (instant for instant in instants if instant is not None)


def idle_at(session: Session, policy: Policy) -> datetime:
    """When the session closes by itself. What the official console holds is not idle, though we hear nothing."""
    until = official_until(session) if session.state == "official" else None
    if until is not None:
        return until
    bridge = bridge_of(policy, session.bridging.account) if session.bridging else None
    if bridge is not None:
        return session.active_at + timedelta(seconds=bridge.settings.idle_seconds)
    limits = policy.idle_close_seconds
    has_only_entered = session.state == "waiting" and session.asked_at is None
    state = "bot" if has_only_entered else session.state
    seconds = {"bot": limits.bot, "waiting": limits.waiting}.get(state, limits.agent)
    return session.active_at + timedelta(seconds=seconds)


def reminder_at(session: Session, policy: Policy) -> datetime | None:
    """When a customer who has not answered their agent is reminded, if ever."""
    silent = session.state == "agent" and session.unanswered_since is None and not session.reminded
    if policy.reminder.say is None or not silent or session.answered_at is None:
        return None
    return session.answered_at + timedelta(seconds=policy.reminder.after_seconds)


def _end_idle(draft: Draft) -> None:
    """What the official console was to have, and has not seen, is for our own agents."""
    session = draft.session
    bridging = session.bridging
    if session.state == "official" and draft.conversation.unread > 0:
        put_in_line(draft, "official_missed")
    elif bridging is not None and (bridging.kept or bridging.given):
        fall_from_vendor(draft, "vendor_waited_too_long")
    else:
        end_session(draft, _why_idle(session))


def _see_to_vendor(draft: Draft) -> None:
    """A vendor that was given something long ago does not have the customer, whatever keeps the outcome from coming."""
    bridging = draft.session.bridging
    if bridging is None:
        return
    if bridging.answer_by is not None and bridging.answer_by <= draft.now:
        fall_from_vendor(draft, "vendor_down", code="no_answer")
    elif bridging.ask_place_at is not None and bridging.ask_place_at <= draft.now:
        ask_place(draft)


def _try_again(draft: Draft) -> None:
    if is_hopeless(draft):
        put_in_line(draft, "official_missed")
    else:
        rearm(draft)


def _why_idle(session: Session) -> str:
    if session.state == "waiting":
        return "gave_up" if session.asked_at is not None else "idle"
    return {"official": "official_done", "vendor": "vendor_idle"}.get(session.state, "idle")


def _end_turn(draft: Draft) -> None:
    turn = draft.session.turn
    if turn is None or turn.deadline > draft.now:
        return
    if draft.conversation.unread > 0:
        hand_off(draft, "bot_silent", "\n".join((*turn.inputs, *draft.conversation.unasked)))
    else:
        draft.update_session(turn=None)
