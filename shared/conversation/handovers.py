"""Handing a session to WeChat's official console, with the customer's next message and not before.

The gateway answers that message's push with `transfer_customer_service`. While the customer is in the console's line
their messages are still pushed to us; once somebody there has them, nothing is, until the session ends there or 30
minutes pass (WeChat's page 转发消息).
"""

from datetime import datetime, timedelta
from typing import Final

from shared.conversation.commands import ArmHandover
from shared.conversation.draft import Draft
from shared.conversation.facts import HandedToOfficial
from shared.conversation.machine_words import say
from shared.conversation.model import OFFICIAL_CONSOLE, Handover, Session
from shared.conversation.sessions import ensure_session, make_wait, release_claim
from shared.conversation.vendor_calls import leave_vendor

OFFICIAL_SECONDS: Final = 1800
MISSED_SECONDS: Final = 10
"""So long after a message the gateway has surely said whether it handed it over."""
MISSED_MOST: Final = 3
"""After so many messages in vain the customer is not asked for another one."""


def arm(draft: Draft, reason: str, *, rule: str | None = None) -> None:
    """The session waits for the customer's next message; by hand an agent may still take it."""
    make_wait(draft, rule=rule, group=None, wanted=None, wanted_until=None)
    draft.add_event("session_waiting", reason=reason, **({"rule": rule} if rule else {}), to="official")
    _arm_next(draft)
    say(draft, draft.policy.official.say, "official")


def hand_over(draft: Draft, handed: HandedToOfficial) -> None:
    """Whatever we meant meanwhile: WeChat has the customer. Their next message goes the same way.

    A customer who was blocked before we heard of it is not served by it: their next message goes to nobody again.
    """
    if draft.conversation.blocked_at is not None:
        draft.add_event("session_handed_to_official")
        return
    ensure_session(draft)
    release_claim(draft)
    leave_vendor(draft)
    draft.update(unread=0, unasked=(), handovers=max(draft.conversation.handovers, handed.number))
    draft.update_session(
        state="official",
        responder=OFFICIAL_CONSOLE,
        waiting_since=None,
        group=None,
        also_group=None,
        first=False,
        turn=None,
        wanted=None,
        wanted_until=None,
        attention=None,
        unanswered_since=None,
        unanswered=(),
        active_at=draft.now,
    )
    draft.add_event("session_handed_to_official")
    _arm_next(draft, handed_at=draft.now)


def expect_handover(draft: Draft) -> None:
    """A message came while one is to be handed over: soon it is known whether it was this one."""
    handover = draft.session.handover
    if handover is not None and handover.missed_at is None:
        missed_at = draft.now + timedelta(seconds=MISSED_SECONDS)
        draft.update_session(handover=handover.but(missed_at=missed_at))


def was_missed(draft: Draft) -> bool:
    """Whether a message has come by, as is known by now."""
    handover = draft.session.handover
    return handover is not None and handover.missed_at is not None and handover.missed_at <= draft.now


def is_hopeless(draft: Draft) -> bool:
    """Whether waiting for another message is in vain: the app hands over no more, or it has failed too often."""
    handover = draft.session.handover
    failed = handover is not None and handover.missed + 1 >= MISSED_MOST
    return handover is not None and (failed or not draft.policy.may_hand_over)


def rearm(draft: Draft) -> None:
    """The next message, then, under a new number."""
    handover = draft.session.handover
    if handover is not None:
        _arm_next(draft, handed_at=handover.handed_at, missed=handover.missed + 1)


def official_until(session: Session) -> datetime | None:
    """Until when WeChat's console may hold the customer without our hearing anything."""
    handed_at = session.handover.handed_at if session.handover else None
    return handed_at + timedelta(seconds=OFFICIAL_SECONDS) if handed_at else None


def _arm_next(draft: Draft, handed_at: datetime | None = None, missed: int = 0) -> None:
    number = draft.conversation.handovers + 1
    draft.update(handovers=number)
    draft.update_session(handover=Handover(number=number, handed_at=handed_at, missed=missed))
    draft.command(ArmHandover(**draft.origin, number=number))
