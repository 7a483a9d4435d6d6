"""Builders of bridges, and of what vendors answer and tell."""

from typing import Any

from shared.conversation.bridges import Bridge
from shared.conversation.commands import CallVendor, Introduce, Relay
from shared.conversation.content import Text
from shared.conversation.draft import Decision
from shared.conversation.policy import Policy, ServedPolicy, with_bridges
from shared.conversation.vendor_facts import (
    Ended,
    Grade,
    Invited,
    Said,
    Started,
    Stood,
    VendorAnswered,
    VendorEvent,
    VendorPushed,
)
from tests.support.facts import origin

GOOD_AND_BAD = (Grade(name="满意", value=100), Grade(name="不满意", value=1))


def bridge(account: str = "qiyu", **fields: Any) -> Bridge:
    """One that says how customers stand with it, as Qiyu does."""
    told = {"vendor": "qiyu", "name": "七鱼", "answers_calls": True, "shows_replies": True, "rates": True}
    return Bridge.model_validate({"account": account, "takes_events": False, **told, **fields})


def silent_bridge(account: str = "zhima", **fields: Any) -> Bridge:
    """One that is only given messages and answers by itself, as Zhima does."""
    told = {"answers_calls": False, "shows_replies": False, "rates": False, "takes_events": True}
    return bridge(account, vendor="zhima", name="芝麻", **{**told, **fields})


def bridged(*bridges: Bridge, **policy: Any) -> ServedPolicy:
    """An app of which the first bridge is the entry, unless `policy` says otherwise."""
    served = bridges or (bridge(),)
    entry = {"entry": f"vendor:{served[0].account}"}
    return with_bridges(Policy.model_validate({**entry, **policy}), served)


def calls(decision: Decision, kind: type[Any] | None = None) -> list[CallVendor]:
    found = [command for command in decision.commands if isinstance(command, CallVendor)]
    return [command for command in found if kind is None or isinstance(command.call, kind)]


def answer(
    call: CallVendor, stood: Stood | None = None, *, outcome: Any = "sent", seconds: float = 0, **more: Any
) -> VendorAnswered:
    """What became of a call; to an introduction, that a person has the customer unless told otherwise."""
    stood = stood or (person() if isinstance(call.call, Introduce) and outcome == "sent" else None)
    return VendorAnswered(
        **origin(f"v:{call.call_id}:{outcome}", seconds),
        account=call.account,
        call_id=call.call_id,
        call=call.call.call,
        bridging=call.bridging,
        outcome=outcome,
        message_id=call.call.message_id if isinstance(call.call, Relay) else None,
        stood=stood,
        **more,
    )


def person(vendor_session: str = "1", **fields: Any) -> Stood:
    return Stood(standing="person", vendor_session=vendor_session, staff="小鱼", grades=GOOD_AND_BAD, **fields)


def pushed(event: VendorEvent, key: str | None = None, *, account: str = "qiyu", seconds: float = 0) -> VendorPushed:
    return VendorPushed(**origin(key and f"v:{key}", seconds), account=account, event=event)


def spoken(*texts: str, key: str | None = None, seconds: float = 0, account: str = "qiyu", **more: Any) -> VendorPushed:
    parts = tuple(Text(text=text) for text in texts)
    return pushed(Said(parts=parts, staff="小鱼", **more), key, account=account, seconds=seconds)


def began(vendor_session: str = "1", *, seconds: float = 0, before: str | None = None, **fields: Any) -> VendorPushed:
    started = Started(stood=person(vendor_session, **fields), transferred_from=before)
    return pushed(started, seconds=seconds)


def over(
    vendor_session: str | None = "1", why: Any = "closed", *, seconds: float = 0, to: str | None = None
) -> VendorPushed:
    return pushed(Ended(vendor_session=vendor_session, why=why, transferred_to=to), seconds=seconds)


def invited(vendor_session: str | None = "1", *, seconds: float = 0) -> VendorPushed:
    return pushed(Invited(vendor_session=vendor_session), seconds=seconds)
