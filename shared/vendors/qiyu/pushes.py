"""What Qiyu tells of its own accord: proved by its checksum over the bytes as they came, then read leniently.

The bodies of USER_JOIN_QUEUE and QUEUE_TIMEOUT are on no page we read; whatever is not known is kept as it came.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shared.conversation.vendor_facts import (
    Ended,
    EndReason,
    Invited,
    LinedUp,
    Started,
    Told,
    VendorEvent,
    WaitedTooLong,
)
from shared.refusals import Forged
from shared.vendors.port import Pushed, PushRequest
from shared.vendors.qiyu.codes import DONE
from shared.vendors.qiyu.settings import QiyuSettings
from shared.vendors.qiyu.signing import is_genuine, is_timely
from shared.vendors.qiyu.staff_words import said
from shared.vendors.qiyu.standing import number, session_of, with_somebody
from shared.wechat.push_body import read_json

_UID: Final = re.compile(r"[a-z2-7]{26}")
_MSG_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME: Final = re.compile(r"[A-Z0-9_]{1,64}")
_WHY: Final[dict[int, EndReason]] = {0: "closed", 2: "idle", 3: "to_person", 4: "staff_left", 5: "transferred"}
_OLDEST: Final = timedelta(days=1)
_AHEAD_MOST: Final = timedelta(minutes=5)
_SAME_FOR_SECONDS: Final = 600
"""Pushes that name neither a message nor a session, alike to the byte, are one when they come so close together."""


def read_push(account: str, settings: QiyuSettings, request: PushRequest) -> tuple[Pushed, ...]:
    """Raises Forged or Unreadable."""
    _prove(settings, request)
    fields = read_json(request.body)
    name = request.query.get("eventType", "").strip().upper()
    push_id = _id(name, fields, request)
    return (Pushed(push_id, _uid(fields), _at(fields, request.received_at), _event(account, push_id, name, fields)),)


def _prove(settings: QiyuSettings, request: PushRequest) -> None:
    query = request.query
    time = query.get("time", "")
    if not is_timely(time, request.received_at, settings.push_tolerance_seconds):
        raise Forged("time missing, or too far from ours")
    secret = settings.app_secret.get_secret_value()
    announced = query.get("checksumAlgorithm") == "1"
    if not is_genuine(secret, request.body, time, query.get("checksum", ""), sha256=announced):
        raise Forged("checksum missing or wrong")


def _event(account: str, push_id: str, name: str, fields: dict[str, Any]) -> VendorEvent:
    event: VendorEvent | None = None
    match name:
        case "MSG":
            event = said(account, push_id, fields)
        case "SESSION_START" if number(fields.get("code"), DONE) == DONE:
            # Only people's sessions are told of, whatever staffType says: the page's own example has 0 in it.
            stood = with_somebody(fields, "person")
            event = Started(stood=stood, transferred_from=session_of(fields.get("transferFrom")))
        case "SESSION_END":
            event = _ended(fields)
        case "EVA_INVITATION":
            event = Invited(vendor_session=session_of(fields.get("sessionId")))
        case "USER_JOIN_QUEUE":
            event = LinedUp(ahead=number(fields.get("count")))
        case "QUEUE_TIMEOUT":
            event = WaitedTooLong()
        case _:
            pass
    return event or Told(name=name if _NAME.fullmatch(name) else "UNNAMED", raw=fields)


def _ended(fields: Mapping[str, Any]) -> Ended:
    transferred_to, reason = session_of(fields.get("transferTo")), number(fields.get("closeReason"))
    why = "other" if reason is None else _WHY.get(reason, "other")
    return Ended(
        vendor_session=session_of(fields.get("sessionId")),
        why="transferred" if transferred_to else why,
        transferred_to=transferred_to,
    )


def _uid(fields: Mapping[str, Any]) -> str | None:
    """A conversation of ours; session data name the customer `foreignId`."""
    uid = fields.get("uid") or fields.get("foreignId")
    return uid if isinstance(uid, str) and _UID.fullmatch(uid) else None


def _id(name: str, fields: Mapping[str, Any], request: PushRequest) -> str:
    """By Qiyu's id of a message; else by what is told, to the byte."""
    msg_id = fields.get("msgId")
    if name == "MSG" and isinstance(msg_id, str | int) and not isinstance(msg_id, bool) and str(msg_id):
        told = str(msg_id)
        return f"msg-{told if _MSG_ID.fullmatch(told) else _digest(told.encode('utf-8', 'replace'))}"
    bound = session_of(fields.get("sessionId")) or session_of(fields.get("id"))
    moment = "" if bound else str(int(request.query["time"]) // _SAME_FOR_SECONDS)
    return f"event-{_digest(f'{name}|{moment}|'.encode('utf-8', 'replace') + request.body)}"


def _digest(told: bytes) -> str:
    return hashlib.blake2b(told, digest_size=16).hexdigest()


def _at(fields: Mapping[str, Any], received_at: datetime) -> datetime:
    """Qiyu's own time of a message, in milliseconds, where it can be true."""
    stamp = fields.get("timeStamp")
    milliseconds = int(stamp) if isinstance(stamp, str) and stamp.isascii() and stamp.isdecimal() else stamp
    if not isinstance(milliseconds, int) or isinstance(milliseconds, bool) or not 0 < milliseconds < 1 << 42:
        return received_at
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at if received_at - _OLDEST <= at <= received_at + _AHEAD_MOST else received_at
