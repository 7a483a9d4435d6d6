"""What vendors tell of their own accord.

Whatever it is stays in the history; only what belongs to the session in force changes it. What a vendor's people write
to a customer who is elsewhere by now is shown, and not sent.
"""

from datetime import timedelta
from typing import Final

from shared.conversation.bridging import introduce, open_stay, stand, stay, update_stay, vendor_party
from shared.conversation.commands import CopyMedia
from shared.conversation.content import Sendable
from shared.conversation.draft import Draft
from shared.conversation.grading import ask_grade
from shared.conversation.machine_words import skip
from shared.conversation.model import Delivery, Party, Problem
from shared.conversation.policy import bridge_of
from shared.conversation.sending import closed_window, hold, machine_room, may_hold, room, send
from shared.conversation.sessions import end_session, ensure_session
from shared.conversation.vendor_calls import note_past, past_name
from shared.conversation.vendor_facts import Ended, Invited, LinedUp, Said, Started, Stood, Told, VendorPushed
from shared.conversation.vendor_facts import WaitedTooLong as TooLong
from shared.conversation.waiting import fall_from_vendor

FAREWELL: Final = timedelta(seconds=60)
"""So long after the end what their people wrote before may still come."""
ELSEWHERE: Final = "会话已不在这家第三方客服，消息没有发给客户。"
NOT_THEIRS: Final = Problem(code="not_yours", detail="The customer's session is not with this vendor account.")


def take_push(draft: Draft, pushed: VendorPushed) -> None:
    """Each adds to the history, by which a repeat of it is known."""
    if isinstance(pushed.event, Said):
        _take_said(draft, pushed, pushed.event)
    elif _in_force(draft, pushed):
        _go_on(draft, pushed)
    elif isinstance(pushed.event, Started) and not _is_over(draft, pushed, pushed.event.stood.vendor_session):
        _begin(draft, pushed, pushed.event.stood)
    if isinstance(pushed.event, Ended) and pushed.event.vendor_session is not None:
        note_past(draft, pushed.account, pushed.event.vendor_session)
    if not draft.messages:
        detail = {"raw": pushed.event.raw} if isinstance(pushed.event, Told) else {}
        name = pushed.event.name if isinstance(pushed.event, Told) else pushed.event.event
        draft.add_event("vendor_event", name=name, account=pushed.account, **detail)


def _in_force(draft: Draft, pushed: VendorPushed) -> bool:
    bridging = draft.session.bridging if draft.has_open_session else None
    return bridging is not None and bridging.account == pushed.account


def _go_on(draft: Draft, pushed: VendorPushed) -> None:
    match pushed.event:
        case Started(stood=stood) if not _is_over(draft, pushed, stood.vendor_session):
            stand(draft, stood)
        case Ended() as ended if _is_current(draft, pushed, ended):
            _end(draft, ended)
        case Invited(vendor_session=session):
            draft.add_event("vendor_invited")
            ask_grade(draft, stay(draft), session)
        case LinedUp(ahead=ahead):
            stand(draft, Stood(standing="line", ahead=ahead))
        case TooLong() if stay(draft).standing == "line":
            fall_from_vendor(draft, "vendor_waited_too_long")


def _take_said(draft: Draft, pushed: VendorPushed, said: Said) -> None:
    if said.reported:
        _show(draft, pushed, said, Delivery(state="sent", at=draft.now))
        if _in_force(draft, pushed):
            _note_answered(draft, said)
        return
    if not _in_force(draft, pushed) and not _take_up(draft, pushed, said):
        _show(draft, pushed, said, _unsent(draft, "elsewhere", ELSEWHERE))
        _settle(draft, said, NOT_THEIRS)
        return
    short = len(said.parts) - room(draft)
    if short > 0 and (said.command_id is not None or not may_hold(draft, len(said.parts))):
        problem = closed_window(draft)
        _show(draft, pushed, said, _unsent(draft, problem.code, problem.detail))
        _settle(draft, said, problem)
        return
    _say(draft, pushed, said)
    _settle(draft, said, None)


def _take_up(draft: Draft, pushed: VendorPushed, said: Said) -> bool:
    """Whether it may be said though the session is over: nobody else has the customer.

    A farewell belongs to the session that has just ended; what comes later opens one with its author.
    """
    if draft.has_open_session or draft.conversation.blocked_at is not None:
        return False
    last = draft.conversation.session
    if last is not None and last.vendor == pushed.account and last.closed_at is not None:
        if draft.now - last.closed_at <= FAREWELL:
            return True
        _begin(draft, pushed, Stood(standing="person", staff=said.staff))
    return _in_force(draft, pushed)


def _say(draft: Draft, pushed: VendorPushed, said: Said) -> None:
    """Within the quota, else held until the customer writes; a machine's words within its budget, else left out."""
    bridging = draft.session.bridging
    machine = said.machine or (bridging is not None and bridging.standing == "machine")
    for part in said.parts:
        if machine and machine_room(draft) == 0:
            skip(draft, "vendor_robot")
            continue
        _copy(draft, said, part)
        put = send if room(draft) > 0 else hold
        put(draft, part, _author(draft, pushed, said), machine=machine, command_id=said.command_id)
    if bridging is not None:
        _note_answered(draft, said)


def _note_answered(draft: Draft, said: Said) -> None:
    """What the vendor was given by then has its answer."""
    bridging = stay(draft)
    unseen = (*bridging.kept, *bridging.given, *bridging.refused)
    update_stay(draft, staff=said.staff or bridging.staff)
    draft.update_session(
        active_at=draft.now,
        unanswered=tuple(one for one in draft.session.unanswered if one.id in unseen),
        unanswered_since=None,
        attention=draft.session.attention if bridging.refused else None,
        first_answer_at=draft.session.first_answer_at or draft.now,
        answered_at=draft.now,
    )


def _unsent(draft: Draft, code: str, reason: str) -> Delivery:
    return Delivery(state="discarded", at=draft.now, code=code, reason=reason)


def _show(draft: Draft, pushed: VendorPushed, said: Said, delivery: Delivery) -> None:
    """Whoever has the customer sees what was written to them: that it was not sent, or not by us."""
    sender = _author(draft, pushed, said)
    for part in said.parts:
        _copy(draft, said, part)
        draft.add_message(part, direction="outbound", sender=sender, delivery=delivery, command_id=said.command_id)


def _author(draft: Draft, pushed: VendorPushed, said: Said) -> Party:
    return Party(kind="vendor", id=pushed.account, name=said.staff or _account_name(draft, pushed.account))


def _copy(draft: Draft, said: Said, part: Sendable) -> None:
    """Of the picture in the message that comes next: whoever sends it has to know that there will be a copy."""
    theirs = next((one for one in said.media if one.media_id == getattr(part, "media_id", None)), None)
    if theirs is not None:
        draft.command(CopyMedia(**draft.origin, message_id=draft.next_message_id, source=theirs, content=part))


def _settle(draft: Draft, said: Said, problem: Problem | None) -> None:
    if said.command_id is not None:
        draft.settle(said.command_id, said.digest, problem)


def _begin(draft: Draft, pushed: VendorPushed, stood: Stood) -> None:
    """Their people turn to a customer of theirs by themselves."""
    bridge = bridge_of(draft.policy, pushed.account)
    if bridge is not None and not draft.has_open_session and draft.conversation.blocked_at is None:
        ensure_session(draft)
        open_stay(draft, bridge, "vendor_began", introduced=True)
        stand(draft, stood)


def _is_over(draft: Draft, pushed: VendorPushed, vendor_session: str | None) -> bool:
    if vendor_session is None:
        return False
    return past_name(pushed.account, vendor_session) in draft.conversation.past_sessions


def _is_current(draft: Draft, pushed: VendorPushed, ended: Ended) -> bool:
    """A vendor's session that is not the one in force ended: that says nothing of this one."""
    if _is_over(draft, pushed, ended.vendor_session):
        return False
    return ended.vendor_session is None or stay(draft).vendor_session in {None, ended.vendor_session}


def _end(draft: Draft, ended: Ended) -> None:
    """What was written at the same moment has nobody any more: the vendor is asked for somebody anew."""
    bridging = stay(draft)
    update_stay(draft, vendor_session=ended.transferred_to)
    if ended.why in {"transferred", "to_person"}:
        return
    if bridging.kept or bridging.given:
        update_stay(draft, standing=None)
        introduce(draft)
        return
    ask_grade(draft, bridging, bridging.vendor_session)
    end_session(draft, "vendor_closed", by=vendor_party(draft), farewell=False)
    draft.update(unread=0)


def _account_name(draft: Draft, account: str) -> str:
    bridge = bridge_of(draft.policy, account)
    return bridge.name if bridge else account
