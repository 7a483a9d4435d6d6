"""How calls to vendors ended, and what a session makes of it: it goes on there, or falls back."""

from datetime import timedelta
from typing import Final

from shared.conversation.bridges import Bridge
from shared.conversation.bridging import expect_answer, introduce, pass_on, stand, stay, update_stay
from shared.conversation.draft import Draft
from shared.conversation.model import Attention, Bridging, Conversation, Delivery
from shared.conversation.policy import bridge_of
from shared.conversation.routes import MOST_SECONDS
from shared.conversation.sessions import end_session
from shared.conversation.vendor_facts import NEVER_INTRODUCED, VendorAnswered
from shared.conversation.waiting import call_agents, fall_from_vendor

LINE_LASTS: Final = timedelta(seconds=MOST_SECONDS)
"""So long a vendor's line is no silence; then nobody could answer any more."""
REFUSED_KEPT: Final = 20
INTRODUCED_MOST: Final = 3
"""In a row and in vain; a vendor that neither has the customer nor says so is left."""


def concerns(conversation: Conversation, answered: VendorAnswered) -> bool:
    """Whether the answer changes anything; one of an earlier stay only says what became of a message."""
    bridging = conversation.session.bridging if conversation.session else None
    current = bridging is not None and bridging.number == answered.bridging
    if bridging is not None and not current and answered.message_id in (*bridging.kept, *bridging.given):
        return False
    if answered.call == "introduce":
        return current and bridging is not None and bridging.call == answered.call_id
    return answered.call == "relay" or (current and answered.call == "ask_place")


def take_answer(draft: Draft, answered: VendorAnswered) -> None:
    bridging = draft.session.bridging
    current = bridging if bridging is not None and bridging.number == answered.bridging else None
    match answered.call:
        case "relay":
            _take_relayed(draft, answered, current)
        case "introduce" if current is not None:
            _take_introduced(draft, answered)
        case "ask_place" if current is not None:
            _take_place(draft, answered, current)


def _take_introduced(draft: Draft, answered: VendorAnswered) -> None:
    if answered.outcome != "sent" or answered.stood is None:
        fall_from_vendor(draft, "vendor_down", code=answered.code)
        return
    stand(draft, answered.stood)
    if answered.stood.standing == "nobody":
        fall_from_vendor(draft, "vendor_nobody")


def _take_relayed(draft: Draft, answered: VendorAnswered, current: Bridging | None) -> None:
    message = answered.message_id
    if message is None:
        return
    delivery = Delivery(state=answered.outcome, at=answered.occurred_at, code=answered.code, reason=answered.reason)
    draft.change_delivery(message, delivery)
    if current is None:
        return
    update_stay(draft, given=tuple(one for one in current.given if one != message), answer_by=None)
    expect_answer(draft)
    if answered.outcome == "sent":
        update_stay(draft, introduced_anew=0)
        if not current.shows_replies:
            _take_as_answered(draft, message)
    elif answered.code == NEVER_INTRODUCED and current.introduced_anew < INTRODUCED_MOST:
        _introduce_anew(draft, message)
    elif answered.code == NEVER_INTRODUCED or answered.down or answered.outcome == "expired":
        fall_from_vendor(draft, "vendor_down", code=answered.code)
    elif answered.outcome == "refused":
        update_stay(draft, refused=(*current.refused, message)[-REFUSED_KEPT:])
        draft.update_session(attention=Attention(why="not_passed_on", since=draft.now))
        draft.add_event("attention_needed", why="not_passed_on")


def _take_as_answered(draft: Draft, message: str) -> None:
    """Whoever answers out of our sight has it: it is nobody else's to answer."""
    left = tuple(one for one in draft.session.unanswered if one.id != message)
    draft.update_session(unanswered=left, unanswered_since=draft.session.unanswered_since if left else None)


def _introduce_anew(draft: Draft, message: str) -> None:
    """What nobody there has is given again, in its place, once somebody has the customer."""
    bridging = stay(draft)
    places = {written.id: written.seq for written in draft.session.unanswered}
    kept = sorted((*bridging.kept, message), key=lambda one: places.get(one, 0))
    update_stay(draft, kept=tuple(kept))
    if bridging.call is None:
        update_stay(draft, standing=None, introduced_anew=bridging.introduced_anew + 1)
        introduce(draft)


def _take_place(draft: Draft, answered: VendorAnswered, current: Bridging) -> None:
    """Whatever is not known is asked again; a vendor that lets nothing through is left."""
    if answered.down:
        fall_from_vendor(draft, "vendor_down", code=answered.code)
    elif current.standing == "line" and answered.outcome == "sent" and answered.stood is not None:
        if answered.stood.standing == "nobody":
            introduce(draft)
        else:
            stand(draft, answered.stood)
            if draft.now - current.since < LINE_LASTS:
                draft.update_session(active_at=draft.now)
    elif current.standing == "line":
        bridge = bridge_of(draft.policy, current.account)
        update_stay(draft, ask_place_at=draft.now + timedelta(seconds=bridge.line_poll_seconds if bridge else 60))


def write_to_vendor(draft: Draft, message_id: str, text: str) -> None:
    """A message of a customer whom a vendor has: passed on, unless it asks for somebody else, or the vendor is down."""
    bridging = stay(draft)
    bridge = bridge_of(draft.policy, bridging.account)
    if bridge is None or bridge.down:
        fall_from_vendor(draft, "vendor_down")
    elif bridging.standing == "line" and bridge.gives_up(text):
        end_session(draft, "gave_up")
        draft.update(unread=0)
    elif bridging.standing == "machine" and bridge.wants_person(text):
        _ask_for_person(draft, bridge)
    elif bridging.standing == "word" and _is_over(draft, bridging, bridge):
        update_stay(draft, standing=None, worded_at=None)
        introduce(draft)
        pass_on(draft, message_id)
    else:
        pass_on(draft, message_id)
        if bridging.standing == "word":
            update_stay(draft, worded_at=draft.now)


def _ask_for_person(draft: Draft, bridge: Bridge) -> None:
    """The words that ask for one are said to us, and not passed on to the vendor's robot."""
    if bridge.settings.people == "vendor":
        draft.update(unread=0)
        introduce(draft, wants_person=True)
        return
    call_agents(draft)


def _is_over(draft: Draft, bridging: Bridging, bridge: Bridge) -> bool:
    """Whether what they left word of is closed by now, and somebody may be there."""
    return bridging.worded_at is not None and draft.now - bridging.worded_at > timedelta(seconds=bridge.word_seconds)
