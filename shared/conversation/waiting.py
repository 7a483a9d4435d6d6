"""A session in line: how it gets there, what it is told, where it falls back to, and how it leaves unserved."""

from datetime import datetime, timedelta

from shared.conversation.bridging import open_stay
from shared.conversation.commands import SessionWaiting
from shared.conversation.draft import Draft
from shared.conversation.facts import StoodInLine
from shared.conversation.fallbacks import (
    fall_back,
    fallback_without_vendor,
    leaves_line,
    note_fallback,
    open_fallback,
    record,
    whom,
)
from shared.conversation.handovers import arm
from shared.conversation.machine_words import say
from shared.conversation.model import DECLINED_KEPT, Conversation, Session
from shared.conversation.policy import Policy, bridge_of
from shared.conversation.routes import AGENTS, Destination, Route, Situation
from shared.conversation.sending import machine_room, machine_room_at
from shared.conversation.sessions import disarm, end_session, make_wait, release_claim
from shared.conversation.turns import send_to_bot

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
    bridge = bridge_of(draft.policy, route.to.name) if route.to.kind == "vendor" else None
    if route.to.kind == "official":
        arm(draft, reason, rule=route.rule)
    elif route.to.kind != "vendor":
        put_in_line(draft, reason, route.to, rule=route.rule)
    elif bridge is None or bridge.down:
        _go_without_vendor(draft, "vendor_down")
    else:
        open_stay(draft, bridge, reason, rule=route.rule)


def fall_from_vendor(draft: Draft, why: str, *, code: str | None = None) -> None:
    """The vendor cannot have the session, or does not want it: whatever nobody has answered follows in order."""
    bridging = draft.session.bridging
    name = bridging.name if bridging else None
    draft.add_event("session_unbridged", **{"from": name}, why=why, **({"code": code} if code else {}))
    _go_without_vendor(draft, why)


def call_agents(draft: Draft) -> None:
    """The customer of a vendor's robot wants a person, and the account says that these are ours."""
    bridging = draft.session.bridging
    draft.add_event("session_unbridged", **{"from": bridging.name if bridging else None}, why="customer_asked")
    put_in_line(draft, "customer_asked")


def put_in_line(
    draft: Draft, reason: str, to: Destination = AGENTS, *, rule: str | None = None, first: bool = False
) -> None:
    """It is committed as waiting before anyone may claim for it. `first`: in front of all the others."""
    disarm(draft)
    untold = {"declined": (), "words_told": 0, "words_told_at": None}
    make_wait(draft, rule=rule, first=first, sent_to_bot=False, also_group=None, **untold, **whom(draft, to))
    draft.add_event("session_waiting", reason=reason, **({"rule": rule} if rule else {}))
    draft.command(SessionWaiting(**draft.origin))
    say_closed(draft, visibly=True)
    fall_back(draft)


def notices(conversation: Conversation, policy: Policy, now: datetime, *, nobody_online: bool) -> bool:
    """Whether being told its place in line would change anything for this session."""
    session = conversation.session
    if session is None or not session.in_line:
        return False
    due = words_due_at(session, policy)
    return (
        (due is not None and due <= now)
        or (owes_closed_words(session, policy, now) and machine_room_at(conversation, policy, now) > 0)
        or open_fallback(session, policy, now, nobody_online=nobody_online) is not None
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
    return session.in_line and not session.told_closed and policy.out_of_hours is not None and not policy.open_at(now)


def say_closed(draft: Draft, *, visibly: bool = False) -> None:
    """Once in a session; where the budget has no room the customer's next message may make some.

    `visibly`: the history then shows that the words had to be left out.
    """
    owed = owes_closed_words(draft.session, draft.policy, draft.now)
    if owed and (visibly or machine_room(draft) > 0) and say(draft, draft.policy.out_of_hours, "out_of_hours"):
        draft.update_session(told_closed=True)


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


def _go_without_vendor(draft: Draft, why: str) -> None:
    """By the app's fallbacks for this, else to its own agents; who has only entered waits for nobody yet."""
    if _has_only_entered(draft.session):
        send_to_bot(draft)
        draft.update_session(sent_to_bot=False)
        return
    fallback = fallback_without_vendor(draft.session, draft.policy)
    if fallback is None:
        put_in_line(draft, why)
    else:
        note_fallback(draft, fallback)
        if not leaves_line(draft, fallback):
            put_in_line(draft, why, fallback.to)


def _has_only_entered(session: Session) -> bool:
    served = session.asked_at or session.assigned_at or session.first_answer_at
    return session.entered_at is not None and not session.unanswered and served is None


def _tell_place(draft: Draft, position: int) -> None:
    words = draft.policy.waiting.say
    told = draft.session.words_told + 1
    draft.update_session(words_told=told, words_told_at=draft.now)
    say(draft, words and words.replace(POSITION, str(position)), "waiting")
