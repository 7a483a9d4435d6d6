"""Where a session goes when nobody takes it where it is: the app's fallbacks, each once, in order."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from shared.conversation.bridging import open_stay
from shared.conversation.commands import RecordDecision, SessionWaiting
from shared.conversation.draft import Draft
from shared.conversation.handovers import arm
from shared.conversation.machine_words import say
from shared.conversation.model import TURN_INPUTS_KEPT, Session
from shared.conversation.policy import Policy, bridge_of
from shared.conversation.routes import Destination, Fallback
from shared.conversation.sessions import outdate_claims, release_claim
from shared.conversation.turns import ask_bot, send_to_bot


def fallback_due_at(session: Session, policy: Policy, now: datetime) -> datetime | None:
    """When time alone makes a session in line fall back; whether anybody is online is not for time to say."""
    opens = (
        opens_at
        for fallback, opens_at in _untaken(session, policy)
        if fallback.when == "waiting_longer" or (fallback.when == "out_of_hours" and not policy.open_at(now))
    )
    return min(opens, default=None)


def open_fallback(session: Session, policy: Policy, now: datetime, *, nobody_online: bool) -> Fallback | None:
    """The first whose condition has come; the calendar is asked last, since that takes longest."""
    for fallback, opens_at in _untaken(session, policy):
        if opens_at > now:
            continue
        if fallback.when == "waiting_longer" or (fallback.when == "nobody_online" and nobody_online):
            return fallback
        if fallback.when == "out_of_hours" and not policy.open_at(now):
            return fallback
    return None


def fallback_without_vendor(session: Session, policy: Policy) -> Fallback | None:
    """The first for a session whose vendor cannot have it, to somebody who can."""
    for fallback in policy.fallbacks:
        if fallback.when == "vendor_down" and fallback.name not in session.fallbacks and is_open(fallback.to, policy):
            return fallback
    return None


def fall_back(draft: Draft, *, nobody_online: bool = False) -> None:
    """Take the first that is open. Among people the session keeps its place: it has waited since it came in line."""
    fallback = open_fallback(draft.session, draft.policy, draft.now, nobody_online=nobody_online)
    if fallback is None:
        return
    note_fallback(draft, fallback)
    if not leaves_line(draft, fallback):
        outdate_claims(draft)
        release_claim(draft)
        draft.update_session(declined=(), **whom(draft, fallback.to))
        draft.command(SessionWaiting(**draft.origin))


def note_fallback(draft: Draft, fallback: Fallback) -> None:
    draft.update_session(fallbacks=(*draft.session.fallbacks, fallback.name))
    draft.add_event("session_fell_back", when=fallback.when, to=str(fallback.to))
    record(draft, fallback.when, fallback.to)
    say(draft, fallback.say, "fallback")


def leaves_line(draft: Draft, fallback: Fallback) -> bool:
    """Whether it goes to somebody who is no agent of ours; then it is there now."""
    bridge = bridge_of(draft.policy, fallback.to.name) if fallback.to.kind == "vendor" else None
    if fallback.to.kind == "official":
        arm(draft, fallback.when)
    elif fallback.to.kind == "bot":
        send_to_bot(draft)
        if draft.session.unanswered:
            texts = tuple(written.text for written in draft.session.unanswered)
            ask_bot(draft, texts[-TURN_INPUTS_KEPT:])
    elif bridge is not None:
        open_stay(draft, bridge, fallback.when)
    else:
        return False
    return True


def is_open(to: Destination, policy: Policy) -> bool:
    """Whether a session can go there: a vendor account that works. All others can be waited for."""
    bridge = bridge_of(policy, to.name) if to.kind == "vendor" else None
    return to.kind != "vendor" or (bridge is not None and not bridge.down)


def record(draft: Draft, rule: str, to: Destination) -> None:
    """Keep why the session went there, for whoever asks."""
    draft.command(
        RecordDecision(
            **draft.origin,
            session=draft.session.number,
            cause=draft.fact.cause,
            rule=rule,
            to=str(to),
            policy_version=draft.policy.version,
        )
    )


def whom(draft: Draft, to: Destination) -> dict[str, object]:
    """Which agents it waits for: of a group, a certain one, or the one this customer had last, for a while."""
    wanted, until = (to.name, None) if to.kind == "agent" else (None, None)
    patience = draft.policy.assignment.last_agent_seconds
    last = draft.conversation.last_agent
    if to.kind == "agents" and last is not None and (patience or draft.session.wanted == last.id):
        wanted, until = last.id, draft.now + timedelta(seconds=patience)
    return {"group": to.name if to.kind == "group" else None, "wanted": wanted, "wanted_until": until}


def _untaken(session: Session, policy: Policy) -> Iterator[tuple[Fallback, datetime]]:
    """Those that a session in line can still take, each with the instant from which it may."""
    if not session.in_line or session.waiting_since is None:
        return
    for fallback in policy.fallbacks:
        taken = fallback.name in session.fallbacks or fallback.when == "vendor_down"
        if not taken and is_open(fallback.to, policy):
            yield fallback, session.waiting_since + timedelta(seconds=fallback.after_seconds)
