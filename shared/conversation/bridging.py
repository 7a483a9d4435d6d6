"""A session's stay with a vendor: it is introduced there, and its messages are passed on in order.

Stays are told apart by their number, so that what is answered late changes nothing. How a stay goes on follows from
what vendors say, `shared.conversation.vendor_answers` and `vendor_pushes`.
"""

from datetime import timedelta
from typing import Final

from shared.conversation.bridges import AHEAD, Bridge
from shared.conversation.commands import AskPlace, Introduce, Relay
from shared.conversation.content import Text
from shared.conversation.draft import Draft
from shared.conversation.machine_words import skip
from shared.conversation.model import (
    KEPT_FOR_VENDOR,
    UNANSWERED_KEPT,
    WRITTEN_KEPT,
    Bridging,
    Delivery,
    Message,
    Party,
    Written,
)
from shared.conversation.policy import bridge_of
from shared.conversation.sending import machine_room, send
from shared.conversation.sessions import disarm, outdate_claims, release_claim
from shared.conversation.vendor_calls import call_vendor, leave_vendor, past_name
from shared.conversation.vendor_facts import Standing, Stood

TAKING: Final[frozenset[Standing]] = frozenset({"machine", "person", "word"})
"""Whoever has the customer then takes what they write."""
GRACE_SECONDS: Final = 10
"""How much longer than the account's patience an outcome may take to come here."""


def open_stay(draft: Draft, bridge: Bridge, reason: str, *, rule: str | None = None, introduced: bool = False) -> None:
    """The session is the vendor's now. What of it nobody has answered is passed on, after the introduction.

    `introduced`: the vendor has the customer already.
    """
    outdate_claims(draft)
    release_claim(draft)
    disarm(draft)
    leave_vendor(draft)
    number = draft.conversation.bridgings + 1
    draft.update(bridgings=number, unread=0, unasked=())
    bridging = Bridging(
        account=bridge.account,
        vendor=bridge.vendor,
        name=bridge.name,
        number=number,
        since=draft.now,
        shows_replies=bridge.shows_replies,
        standing=None if bridge.answers_calls else "person",
    )
    draft.update_session(
        state="vendor",
        responder=Party(kind="vendor", id=bridge.account, name=bridge.name),
        bridging=bridging,
        vendor=bridge.account,
        rule=rule,
        waiting_since=None,
        group=None,
        also_group=None,
        wanted=None,
        wanted_until=None,
        attention=None,
        first=False,
        sent_to_bot=False,
        turn=None,
        active_at=draft.now,
        held_since=draft.now,
    )
    draft.add_event("session_bridged", to=bridge.name, reason=reason, **({"rule": rule} if rule else {}))
    if bridge.answers_calls and not introduced:
        introduce(draft)
    for written in draft.session.unanswered:
        pass_on(draft, written.id)


def introduce(draft: Draft, *, wants_person: bool = False) -> None:
    """Ask the vendor for somebody. Until it has answered, what the customer writes is kept."""
    bridging = stay(draft)
    unanswered = draft.session.unanswered
    before_seq = unanswered[0].seq if unanswered else draft.conversation.last_seq + 1
    wants_person = wants_person or bridging.wants_person
    call = call_vendor(draft, bridging, Introduce(before_seq=before_seq, wants_person=wants_person))
    update_stay(draft, call=call, wants_person=wants_person, ask_place_at=None)
    expect_answer(draft)


def expect_answer(draft: Draft) -> None:
    """What is under way must get on by then, whoever is out of order; nothing under way: there is nothing to await.

    Whatever is heard of the vendor meanwhile puts an end to the time before.
    """
    bridging, bridge = stay(draft), bridge_of(draft.policy, stay(draft).account)
    if bridging.call is None and not bridging.given:
        update_stay(draft, answer_by=None)
    elif bridging.answer_by is None and bridge is not None:
        seconds = bridge.settings.patience_seconds + GRACE_SECONDS
        update_stay(draft, answer_by=draft.now + timedelta(seconds=seconds))


def note_written(draft: Draft, message: Message) -> None:
    """The customer wrote this, and somebody has to answer it."""
    text = message.content.text[:WRITTEN_KEPT] if isinstance(message.content, Text) else ""
    written = Written(seq=message.seq, id=message.id, text=text)
    draft.update_session(unanswered=(*draft.session.unanswered, written)[-UNANSWERED_KEPT:])


def pass_on(draft: Draft, message_id: str) -> None:
    """Give the vendor a message, or keep it until somebody there has the customer."""
    bridging = stay(draft)
    draft.update(unread=0)
    if bridging.call is None and _takes(draft, bridging):
        _relay(draft, message_id)
    elif message_id not in (*bridging.kept, *bridging.given):
        update_stay(draft, kept=(*bridging.kept, message_id)[-KEPT_FOR_VENDOR:])


def release_kept(draft: Draft) -> None:
    """Somebody there has the customer: what was kept goes to them in order."""
    kept = stay(draft).kept
    update_stay(draft, kept=())
    for place, message in enumerate(kept):
        _relay(draft, message, later_seconds=place)


def stand(draft: Draft, stood: Stood) -> None:
    """Take over how the customer stands with the vendor, and what it says to them.

    Of `nobody` they are not told: the session goes on elsewhere, which is the caller's. Nor are they greeted twice,
    where only the vendor had forgotten them.
    """
    bridging = stay(draft)
    changed = stood.standing != bridging.standing
    _is_theirs_again(draft, bridging.account, stood)
    update_stay(
        draft,
        call=None,
        standing=stood.standing,
        vendor_session=stood.vendor_session or bridging.vendor_session,
        staff=stood.staff or bridging.staff,
        grades=stood.grades or bridging.grades,
        ahead=stood.ahead,
        ask_place_at=None,
        worded_at=draft.now if stood.standing == "word" else None,
        answer_by=None,
    )
    if stood.said and stood.standing != "nobody" and not bridging.introduced_anew:
        say_theirs(draft, stood.said, "vendor_greeting")
    if stood.standing == "line":
        _stand_in_line(draft, stood.ahead, told=not changed)
    elif changed:
        draft.add_event(f"vendor_{stood.standing}", **({"staff": stood.staff} if stood.staff else {}))
    expect_answer(draft)
    if stay(draft).standing in TAKING:
        release_kept(draft)


def ask_place(draft: Draft) -> None:
    """How far the vendor's line is; asked again, should no answer come."""
    bridging, bridge = stay(draft), bridge_of(draft.policy, stay(draft).account)
    call_vendor(draft, bridging, AskPlace())
    seconds = bridge.line_poll_seconds + bridge.settings.patience_seconds if bridge else 60
    update_stay(draft, ask_place_at=draft.now + timedelta(seconds=seconds))


def say_theirs(draft: Draft, text: str, what: str) -> None:
    """Words that the vendor wants said by itself, which count as a machine's."""
    if machine_room(draft) == 0:
        skip(draft, what)
    else:
        soon = draft.now + timedelta(seconds=draft.policy.bot_reply_seconds)
        send(draft, Text(text=text), vendor_party(draft), machine=True, wanted_until=soon)


def vendor_party(draft: Draft, staff: str | None = None) -> Party:
    bridging = stay(draft)
    return Party(kind="vendor", id=bridging.account, name=staff or bridging.staff or bridging.name)


def stay(draft: Draft) -> Bridging:
    """The session's stay; ask for its state first."""
    if draft.session.bridging is None:
        raise LookupError("the session is with no vendor")
    return draft.session.bridging


def update_stay(draft: Draft, **fields: object) -> None:
    draft.update_session(bridging=stay(draft).but(**fields))


def _is_theirs_again(draft: Draft, account: str, stood: Stood) -> None:
    """A vendor may go on with a session that was over for us: asked for somebody, it gives the one it has."""
    if stood.vendor_session is not None:
        name = past_name(account, stood.vendor_session)
        draft.update(past_sessions=tuple(one for one in draft.conversation.past_sessions if one != name))


def _takes(draft: Draft, bridging: Bridging) -> bool:
    bridge = bridge_of(draft.policy, bridging.account)
    in_line = bridging.standing == "line" and bridge is not None and bridge.takes_in_line
    return bridging.standing in TAKING or in_line


def _relay(draft: Draft, message_id: str, *, later_seconds: int = 0) -> None:
    bridging = stay(draft)
    call_vendor(draft, bridging, Relay(message_id=message_id), later_seconds=later_seconds)
    draft.change_delivery(message_id, Delivery(state="sending", at=draft.now), anew=True)
    update_stay(draft, given=(*bridging.given, message_id)[-KEPT_FOR_VENDOR:])
    expect_answer(draft)
    bridge = bridge_of(draft.policy, bridging.account)
    if bridge is not None and not bridge.shows_replies:
        draft.update(ledger=draft.conversation.ledger.shared(draft.now))


def _stand_in_line(draft: Draft, ahead: int | None, *, told: bool) -> None:
    bridge = bridge_of(draft.policy, stay(draft).account)
    seconds = bridge.line_poll_seconds if bridge else 60
    update_stay(draft, ask_place_at=draft.now + timedelta(seconds=seconds))
    words = bridge.settings.tell_ahead if bridge else None
    if told:
        return
    draft.add_event("vendor_line", **({} if ahead is None else {"ahead": ahead}))
    if words is not None and ahead is not None:
        say_theirs(draft, words.replace(AHEAD, str(ahead)), "vendor_line")
