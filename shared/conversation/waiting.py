"""A session in line: how it gets there, what it is told, where it falls back to, and how it leaves unserved."""

from datetime import datetime, timedelta

from shared.conversation.commands import RecordDecision, SessionWaiting
from shared.conversation.draft import Draft
from shared.conversation.facts import StoodInLine
from shared.conversation.handovers import arm
from shared.conversation.machine_words import say
from shared.conversation.model import BOT, DECLINED_KEPT, Conversation, Session
from shared.conversation.policy import Policy
from shared.conversation.routes import AGENTS, Destination, Fallback, Route, Situation
from shared.conversation.sending import machine_room, machine_room_at
from shared.conversation.sessions import disarm, end_session, make_wait, outdate_claims, release_claim
from shared.conversation.turns import ask_bot

POSITION = "{position}"


def situation(draft: Draft, text: str = "") -> Situation:
    """What the app's rules may ask about."""
    conversation = draft.conversation
    return Situation(
        at=draft.now,
        text=text,
        source=conversation.source,
        openid=conversation.openid,
        tags=conversation.tags,
        profile={field.name: field.value for field in conversation.profile},
    )


def hand_off(draft: Draft, reason: str, text: str = "") -> None:
    """The bot is through with it: to whichever people, or console, the app's rules say."""
    serve(draft, draft.policy.route(situation(draft, text), to_people=True), reason)


def serve(draft: Draft, route: Route, reason: str) -> None:
    """Bring an open session to where a rule, or the app's entry, sends it; never to the bot."""
    if route.rule is not None:
        record(draft, route.rule, route.to)
    if route.to.kind == "official":
        arm(draft, reason, rule=route.rule)
    else:
        put_in_line(draft, reason, route.to, rule=route.rule)


def put_in_line(
    draft: Draft, reason: str, to: Destination = AGENTS, *, rule: str | None = None, first: bool = False
) -> None:
    """It is committed as waiting before anyone may claim for it. `first`: in front of all the others."""
    disarm(draft)
    untold = {"declined": (), "words_told": 0, "words_told_at": None}
    make_wait(draft, rule=rule, first=first, sent_to_bot=False, also_group=None, **untold, **_whom(draft, to))
    draft.add_event("session_waiting", reason=reason, **({"rule": rule} if rule else {}))
    draft.command(SessionWaiting(**draft.origin))
    say_closed(draft, visibly=True)
    fall_back(draft)


def notices(conversation: Conversation, policy: Policy, now: datetime, *, nobody_online: bool) -> bool:
    """Whether being told its place in line would change anything for this session."""
    session = conversation.session
    if session is None or session.state != "waiting" or session.handover is not None:
        return False
    due = words_due_at(session, policy)
    return (
        (due is not None and due <= now)
        or (owes_closed_words(session, policy, now) and machine_room_at(conversation, policy, now) > 0)
        or _fallback(session, policy, now, nobody_online=nobody_online) is not None
    )


def stand_in_line(draft: Draft, stood: StoodInLine) -> None:
    """Tell the customer their place where that is due, and take the way out that has opened."""
    due = words_due_at(draft.session, draft.policy)
    if due is not None and due <= draft.now:
        _tell_place(draft, stood.position)
    say_closed(draft)
    fall_back(draft, nobody_online=stood.nobody_online)


def words_due_at(session: Session, policy: Policy) -> datetime | None:
    """When the customer is to be told their place, if ever again."""
    words = policy.waiting
    if words.say is None or session.words_told >= words.most or session.waiting_since is None:
        return None
    if session.words_told_at is None:
        return session.waiting_since + timedelta(seconds=words.after_seconds)
    return session.words_told_at + timedelta(seconds=words.every_seconds)


def owes_closed_words(session: Session, policy: Policy, now: datetime) -> bool:
    """Whether the customer waits at an hour at which nobody works, and has not been told so in this session."""
    in_line = session.state == "waiting" and session.handover is None
    return in_line and not session.told_closed and policy.out_of_hours is not None and not policy.open_at(now)


def say_closed(draft: Draft, *, visibly: bool = False) -> None:
    """Once in a session; where the budget has no room the customer's next message may make some.

    `visibly`: the history then shows that the words had to be left out.
    """
    owed = owes_closed_words(draft.session, draft.policy, draft.now)
    if owed and (visibly or machine_room(draft) > 0) and say(draft, draft.policy.out_of_hours, "out_of_hours"):
        draft.update_session(told_closed=True)


def fall_back(draft: Draft, *, nobody_online: bool = False) -> None:
    """Take the first of the app's fallbacks whose condition has come and that this session has not taken yet."""
    fallback = _fallback(draft.session, draft.policy, draft.now, nobody_online=nobody_online)
    if fallback is None:
        return
    draft.update_session(fallbacks=(*draft.session.fallbacks, fallback.name))
    draft.add_event("session_fell_back", when=fallback.when, to=str(fallback.to))
    record(draft, fallback.when, fallback.to)
    say(draft, fallback.say, "fallback")
    _move(draft, fallback)


def fallback_due_at(session: Session, policy: Policy, now: datetime) -> datetime | None:
    """When time alone makes the session fall back; whether anybody is online is not for time to say."""
    if session.state != "waiting" or session.waiting_since is None or session.handover is not None:
        return None
    came = [
        session.waiting_since + timedelta(seconds=fallback.after_seconds)
        for fallback in policy.fallbacks
        if fallback.name not in session.fallbacks
        and (fallback.when == "waiting_longer" or (fallback.when == "out_of_hours" and not policy.open_at(now)))
    ]
    return min(came, default=None)


def pass_offer_on(draft: Draft, how: str) -> None:
    """The agent it was offered to has not taken it: the next one's turn. `how`: `declined` or `lapsed`."""
    offer = draft.session.offer
    if offer is None:
        return
    release_claim(draft)
    declined = (*draft.session.declined, offer.agent_id)[-DECLINED_KEPT:]
    draft.update_session(declined=declined, passed_at=draft.now)
    draft.add_event("offer_passed", agent=offer.agent_name, how=how)
    draft.command(SessionWaiting(**draft.origin))


def give_up(draft: Draft, text: str) -> bool:
    """Whether the customer said that they will wait no longer; then the session is closed."""
    if draft.session.state != "waiting" or not draft.policy.gives_up(text):
        return False
    end_session(draft, "gave_up")
    draft.update(unread=0)
    return True


def send_to_bot(draft: Draft) -> None:
    """By somebody's decision: no rule takes it away again."""
    outdate_claims(draft)
    release_claim(draft)
    disarm(draft)
    draft.update_session(
        state="bot",
        responder=BOT,
        waiting_since=None,
        group=None,
        also_group=None,
        wanted=None,
        wanted_until=None,
        attention=None,
        first=False,
        sent_to_bot=True,
        active_at=draft.now,
    )


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


def _whom(draft: Draft, to: Destination) -> dict[str, object]:
    """Which agents it waits for: of a group, a certain one, or the one this customer had last, for a while."""
    wanted, until = (to.name, None) if to.kind == "agent" else (None, None)
    patience = draft.policy.assignment.last_agent_seconds
    last = draft.conversation.last_agent
    if to.kind == "agents" and last is not None and (patience or draft.session.wanted == last.id):
        wanted, until = last.id, draft.now + timedelta(seconds=patience)
    return {"group": to.name if to.kind == "group" else None, "wanted": wanted, "wanted_until": until}


def _fallback(session: Session, policy: Policy, now: datetime, *, nobody_online: bool) -> Fallback | None:
    """The first that is open; the calendar is asked last, since that takes longest."""
    if session.state != "waiting" or session.waiting_since is None or session.handover is not None:
        return None
    waited = now - session.waiting_since
    for fallback in policy.fallbacks:
        if fallback.name in session.fallbacks or waited < timedelta(seconds=fallback.after_seconds):
            continue
        if fallback.when == "waiting_longer" or (fallback.when == "nobody_online" and nobody_online):
            return fallback
        if fallback.when == "out_of_hours" and not policy.open_at(now):
            return fallback
    return None


def _move(draft: Draft, fallback: Fallback) -> None:
    """Among people it keeps its place: it has waited since it came in line."""
    match fallback.to.kind:
        case "official":
            arm(draft, fallback.when)
        case "bot":
            send_to_bot(draft)
            said = draft.conversation.preview
            if said is not None and said.direction == "inbound" and said.type == "text":
                ask_bot(draft, (said.text,))
        case _:
            outdate_claims(draft)
            release_claim(draft)
            draft.update_session(declined=(), **_whom(draft, fallback.to))
            draft.command(SessionWaiting(**draft.origin))


def _tell_place(draft: Draft, position: int) -> None:
    words = draft.policy.waiting.say
    told = draft.session.words_told + 1
    draft.update_session(words_told=told, words_told_at=draft.now)
    say(draft, words and words.replace(POSITION, str(position)), "waiting")
