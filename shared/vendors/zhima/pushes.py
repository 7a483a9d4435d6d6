"""What Zhima tells in developer mode (开发者模式): a session with its staff began or ended, or staff wrote something.

Its page shows the bodies of the first two; how pushes are proved, and what staff's own messages look like, it does not
say. So the proof is chosen by a setting, and messages are read as WeChat's are, by whoever is named in them.
"""

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from shared.conversation import ids
from shared.conversation.content import Card, Image, Link, Sendable, Text
from shared.conversation.fact import MediaSource
from shared.conversation.vendor_facts import Ended, Said, Started, Stood, Told, VendorEvent
from shared.refusals import Forged
from shared.vendors.port import Pushed, PushRequest
from shared.vendors.zhima.settings import ZhimaSettings
from shared.wechat.crypto import matches, signature
from shared.wechat.push_body import read_json

LONGEST_NAME: Final = 64
_TIMES_ESCAPED: Final = 3
_CLOCKS_DIFFER_AT_MOST: Final = timedelta(days=1)
_BEGAN_AT: Final = datetime(2011, 1, 21, tzinfo=UTC)
_OPENID: Final = re.compile(r"[A-Za-z0-9_-]{6,128}")
_MSG_ID: Final = re.compile(r"[\x21-\x7e]{1,64}")
_ESCAPED: Final = re.compile(r"\\+u([0-9a-fA-F]{4})")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_APP: Final = "gh_"


def read_push(account_id: str, settings: ZhimaSettings, request: PushRequest) -> tuple[Pushed, ...]:
    """What the push tells; nothing where it only says what we know. Raises Forged or Unreadable."""
    prove(settings, request)
    fields = read_json(request.body)
    theirs = _word(fields, "wechatapp_id")
    if settings.wechatapp_id and theirs and theirs != settings.wechatapp_id:
        raise Forged("wechatapp_id is another one")
    if _is_known(settings, fields):
        return ()
    openid = _word(fields, "ToUserName")
    uid = ids.conversation_id(settings.app_id, openid) if _is_openid(openid) else None
    pushed_id = _id_of(fields)
    event = _event(account_id, pushed_id, fields)
    return (Pushed(pushed_id, uid, _at(fields, request.received_at), event, settings.app_id),)


def prove(settings: ZhimaSettings, request: PushRequest) -> None:
    """Raises Forged unless it is Zhima's by the one proof that is set. Repeats are known by their id, not by this."""
    match settings.developer_auth:
        case "wechat_sig":
            _prove_wechat_sig(settings, request)
        case "hmac":
            _prove_hmac(settings, request)
        case "path_secret":
            _prove_path(settings, request)
        case "none":
            raise Forged("developer mode is not set up")


def _prove_wechat_sig(settings: ZhimaSettings, request: PushRequest) -> None:
    timestamp, nonce = request.query.get("timestamp", ""), request.query.get("nonce", "")
    token = settings.developer_token.get_secret_value() if settings.developer_token else ""
    if not matches(signature(token, timestamp, nonce), request.query.get("signature", "").lower()):
        raise Forged("signature missing or wrong")
    _check_time(settings, timestamp, request.received_at)


def _prove_hmac(settings: ZhimaSettings, request: PushRequest) -> None:
    timestamp, nonce = request.headers.get("x-zhima-timestamp", ""), request.headers.get("x-zhima-nonce", "")
    key = settings.developer_key.get_secret_value() if settings.developer_key else ""
    signed = f"{timestamp}.{nonce}.".encode("utf-8", "surrogatepass") + request.body
    expected = hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()
    if not matches(expected, request.headers.get("x-zhima-signature", "").lower()):
        raise Forged("X-Zhima-Signature missing or wrong")
    _check_time(settings, timestamp, request.received_at)


def _prove_path(settings: ZhimaSettings, request: PushRequest) -> None:
    key = settings.developer_key.get_secret_value() if settings.developer_key else ""
    if not matches(key, request.path_secret or ""):
        raise Forged("the end of the address is missing or wrong")
    if not settings.allows(request.remote):
        raise Forged("the sender's address is not in ip_allow")


def _check_time(settings: ZhimaSettings, timestamp: str, received_at: datetime) -> None:
    """Neither proof is bound to one delivery: what somebody overheard must not prove anything for ever."""
    told = _instant(timestamp)
    if told is None or abs((received_at - told).total_seconds()) > settings.developer_tolerance_seconds:
        raise Forged("the timestamp is missing, or too far from our clock")


def _is_known(settings: ZhimaSettings, fields: dict[str, Any]) -> bool:
    """The customer's own words coming back; and what staff said through us already."""
    if not _word(fields, "MsgType"):
        return False
    by_customer = not _staff_id(fields) or _word(fields, "ToUserName").startswith(_APP)
    return by_customer or settings.reply_path == "proxy"


def _event(account_id: str, pushed_id: str, fields: dict[str, Any]) -> VendorEvent:
    name = _word(fields, "Event").lower()
    session, staff = _word(fields, "ChatSessionId")[:LONGEST_NAME] or None, _name(fields)
    if name == "system_notify_in_receive":
        return Started(stood=Stood(standing="person", staff=staff, vendor_session=session))
    if name == "system_notify_out_receive":
        return Ended(vendor_session=session)
    kind = _word(fields, "MsgType").lower()
    said = _said(account_id, pushed_id, kind, fields) if kind else None
    if said is None:
        return Told(name=(name or kind or "unknown")[:LONGEST_NAME], raw=fields)
    part, source = said
    # Staff's words went to WeChat before we hear of them.
    return Said(parts=(part,), media=(source,) if source else (), staff=staff, reported=True)


def _said(
    account_id: str, pushed_id: str, kind: str, fields: dict[str, Any]
) -> tuple[Sendable, MediaSource | None] | None:
    text = _text(fields, "Content")
    match kind:
        case "text" if text.strip():
            return Text(text=text), None
        case "image":
            source = _source(account_id, pushed_id, fields, "MediaId", "PicUrl")
            return (Image(media_id=source.media_id), source) if source else None
        case "miniprogrampage":
            source = _source(account_id, pushed_id, fields, "ThumbMediaId", "ThumbUrl")
            title, path, card_app = (_text(fields, name) for name in ("Title", "PagePath", "AppId"))
            card = Card(title=title, path=path, app_id=card_app or None, media_id=source.media_id if source else None)
            return card, source
        case "link" if _word(fields, "Url"):
            title, description = _text(fields, "Title"), _text(fields, "Description")
            return Link(title=title, description=description, url=_word(fields, "Url")), None
        case _:
            return None


def _source(
    account_id: str, pushed_id: str, fields: dict[str, Any], media_field: str, url_field: str
) -> MediaSource | None:
    theirs, url = _word(fields, media_field), _word(fields, url_field)
    if not theirs and not url:
        return None
    ours = ids.media_id(f"{account_id}:{pushed_id}")
    return MediaSource(media_id=ours, wechat_media_id=theirs or None, url=url or None, account=account_id)


def _id_of(fields: dict[str, Any]) -> str:
    """Zhima's own, which comes as text or as a number; of a push without one, what it says."""
    theirs = _word(fields, "MsgId")
    if _MSG_ID.fullmatch(theirs):
        return theirs
    return f"#{hashlib.blake2b(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()}"


def _name(fields: dict[str, Any]) -> str | None:
    """The staff member's name, as people read it: Zhima may have escaped it more than once."""
    name = _text(fields, "StaffName")
    for _ in range(_TIMES_ESCAPED):
        opened = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), name)
        if opened == name:
            break
        name = opened
    whole = name.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _CONTROL.sub(" ", whole).strip()[:LONGEST_NAME] or None


def _staff_id(fields: dict[str, Any]) -> str:
    staff = _word(fields, "StaffId")
    return "" if staff == "0" else staff


def _is_openid(text: str) -> bool:
    return _OPENID.fullmatch(text) is not None and not text.startswith(_APP)


def _at(fields: dict[str, Any], received_at: datetime) -> datetime:
    at = _instant(_word(fields, "CreateTime"))
    return at if at is not None and _BEGAN_AT <= at <= received_at + _CLOCKS_DIFFER_AT_MOST else received_at


def _instant(seconds: str) -> datetime | None:
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 10):  # noqa: PLR2004 - digits until 2286
        return None
    return datetime.fromtimestamp(int(seconds), UTC)


def _text(fields: dict[str, Any], name: str) -> str:
    """A field as text, a number as its digits; nothing for anything else."""
    value = fields.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _word(fields: dict[str, Any], name: str) -> str:
    return _text(fields, name).strip()
