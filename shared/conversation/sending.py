"""Outbound messages: reserved before they are sent, held when they may not be, settled by what WeChat said."""

from datetime import datetime, timedelta
from typing import Any

from shared.conversation.commands import SendMessage
from shared.conversation.content import Sendable
from shared.conversation.draft import Draft
from shared.conversation.facts import SendSettled
from shared.conversation.model import HELD_LIMIT, Conversation, Delivery, Held, Party, Problem
from shared.conversation.policy import Policy


def room(draft: Draft) -> int:
    """How many messages may be sent now. None while earlier ones are held: nothing overtakes them."""
    return 0 if draft.conversation.held else draft.conversation.ledger.balance(draft.now).remaining


def machine_room(draft: Draft) -> int:
    """How many of them a machine may spend, by the app's budget."""
    return machine_room_at(draft.conversation, draft.policy, draft.now)


def machine_room_at(conversation: Conversation, policy: Policy, now: datetime) -> int:
    balance = conversation.ledger.balance(now)
    left = 0 if conversation.held else balance.remaining
    return max(0, min(left, policy.bot_budget - balance.machine_spent))


def send(
    draft: Draft,
    content: Sendable,
    sender: Party,
    *,
    machine: bool | None = None,
    wanted_until: datetime | None = None,
    **more: Any,
) -> None:
    """Reserve a place and send. The caller has asked for room. `machine`: no person wrote it; None: no agent did."""
    delivery = Delivery(state="sending", at=draft.now)
    message = draft.add_message(content, direction="outbound", sender=sender, delivery=delivery, **more)
    machine = sender.kind != "agent" if machine is None else machine
    _dispatch(draft, message.id, content, machine=machine, wanted_until=wanted_until)


def hold(draft: Draft, content: Sendable, sender: Party, *, machine: bool | None = None, **more: Any) -> None:
    """Keep a message until the customer writes again. The caller has asked for space among the held ones."""
    delivery = Delivery(state="held", at=draft.now)
    message = draft.add_message(content, direction="outbound", sender=sender, delivery=delivery, **more)
    machine = sender.kind != "agent" if machine is None else machine
    kept = Held(message_id=message.id, content=content, machine=machine)
    draft.update(held=(*draft.conversation.held, kept))


def may_hold(draft: Draft, count: int) -> bool:
    return len(draft.conversation.held) + count <= HELD_LIMIT


def make_held_due(draft: Draft) -> None:
    """The customer wrote: what was held may leave, in order, as far as the quota goes."""
    draft.update(held=tuple(held.but(due=True) for held in draft.conversation.held))
    release_due(draft)


def release_due(draft: Draft) -> None:
    """Send due messages while there is room. Sends still unsettled take places that they may give back."""
    for held in draft.conversation.held:
        if not held.due or draft.conversation.ledger.balance(draft.now).remaining == 0:
            return
        draft.update(held=draft.conversation.held[1:])
        draft.change_delivery(held.message_id, Delivery(state="sending", at=draft.now))
        _dispatch(draft, held.message_id, held.content, machine=held.machine)


def discard_held(draft: Draft, message: str) -> bool:
    """Drop one held message; False where it is not held (any more)."""
    kept = tuple(held for held in draft.conversation.held if held.message_id != message)
    if len(kept) == len(draft.conversation.held):
        return False
    draft.update(held=kept)
    draft.change_delivery(message, Delivery(state="discarded", at=draft.now))
    return True


def closed_window(draft: Draft) -> Problem:
    """Why nothing can be sent now, with the ledger that says so."""
    balance = draft.conversation.ledger.balance(draft.now)
    quota = {"remaining": balance.remaining, "grant": balance.grant, "deadline": balance.deadline}
    if balance.deadline is None:
        return Problem(
            code="window_closed",
            detail="The customer has not written in the last 48 hours; you can reply once they write again.",
            more={"quota": quota},
        )
    detail = "WeChat's 5 messages for this customer's last message are used up; more once they write again."
    if draft.conversation.held:
        detail = "Earlier messages are held until the customer writes again; nothing may overtake them."
    elif balance.remaining:
        detail = f"Only {balance.remaining} more may be sent until the customer writes again; this takes more."
    return Problem(code="quota_used", detail=detail, more={"quota": quota})


def settle_send(draft: Draft, settled: SendSettled) -> None:
    """Take WeChat's word on one send into the ledger and the history; a worse word than the one known is dropped."""
    ledger = draft.conversation.ledger.settled(settled.send_id, settled.outcome, settled.attempted_at)
    if settled.window_closed and settled.attempted_at is not None:
        ledger = ledger.closed(settled.attempted_at)
    draft.update(ledger=ledger)
    draft.change_delivery(
        settled.send_id,
        Delivery(state=settled.outcome, at=settled.occurred_at, code=settled.code, reason=settled.reason),
    )
    release_due(draft)


def _dispatch(
    draft: Draft, message_id: str, content: Sendable, *, machine: bool, wanted_until: datetime | None = None
) -> None:
    ledger = draft.conversation.ledger
    deadline = ledger.balance(draft.now).deadline or draft.now + timedelta(minutes=1)
    draft.update(ledger=ledger.reserved(message_id, machine=machine))
    draft.command(
        SendMessage(
            **draft.origin,
            send_id=message_id,
            openid=draft.conversation.openid,
            content=content,
            place=(draft.version, len(draft.commands)),
            expires_at=min(deadline, wanted_until) if wanted_until else deadline,
        )
    )
