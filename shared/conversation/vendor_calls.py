"""Calls to vendors as they follow from decisions, and the end of a stay with one."""

from datetime import timedelta
from typing import Final

from shared.conversation.commands import CallVendor, LeaveLine, VendorCall
from shared.conversation.draft import Draft
from shared.conversation.model import PAST_SESSIONS_KEPT, Bridging
from shared.conversation.policy import bridge_of

PATIENCE_SECONDS: Final = 20
"""For an account that is no more, or may not be used now: what is said to it last need not arrive."""


def call_vendor(draft: Draft, bridging: Bridging, call: VendorCall, *, later_seconds: int = 0) -> str:
    """Have the sender make this call; its id, which the answer names.

    `later_seconds`: how much longer than the account's patience it may wait, with others before it.
    """
    bridge = bridge_of(draft.policy, bridging.account)
    patience = bridge.settings.patience_seconds if bridge else PATIENCE_SECONDS
    index = len(draft.commands)
    call_id = f"{draft.conversation.id}:{draft.fact.cause}:call{index}"
    draft.command(
        CallVendor(
            **draft.origin,
            call_id=call_id,
            vendor=bridging.vendor,
            account=bridging.account,
            openid=draft.conversation.openid,
            bridging=bridging.number,
            call=call,
            place=(draft.version, index),
            expires_at=draft.now + timedelta(seconds=patience + later_seconds),
        )
    )
    return call_id


def past_name(account: str, vendor_session: str) -> str:
    return f"{account}:{vendor_session}"


def note_past(draft: Draft, account: str, vendor_session: str) -> None:
    """That session of the vendor's is over, or none of ours any more."""
    name = past_name(account, vendor_session)
    kept = tuple(one for one in draft.conversation.past_sessions if one != name)
    draft.update(past_sessions=(*kept, name)[-PAST_SESSIONS_KEPT:])


def leave_vendor(draft: Draft) -> None:
    """Somebody else serves the session, or nobody any more: it gives up its place in the vendor's line.

    Nobody of ours has read what it was given. What it has not taken yet may still arrive there.
    """
    bridging = draft.session.bridging
    if bridging is None:
        return
    draft.update(unread=len(draft.session.unanswered))
    if bridging.vendor_session is not None:
        note_past(draft, bridging.account, bridging.vendor_session)
    draft.update_session(bridging=None)
    if bridging.standing == "line":
        call_vendor(draft, bridging, LeaveLine())
