"""What a push means, typed. Kinds this desk does not know are kept whole and never refused.

Source: WeChat's mini program guide, page 接收消息和事件 (receiving messages and events).
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal, assert_never

import orjson
from pydantic import BaseModel, ConfigDict, Field

from shared.refusals import Unreadable

_WECHAT_BEGAN_AT: Final = datetime(2011, 1, 21, tzinfo=UTC)
_CLOCKS_DIFFER_AT_MOST: Final = timedelta(days=1)
_LONGEST_ID: Final = 128
ACCOUNT_CANCELLED: Final = "user_authorization_cancellation"
"""The customer gave up their WeChat account: what we have of them must go."""
_ABOUT_A_CUSTOMER: Final = frozenset({"user_info_modified", "user_authorization_revoke", ACCOUNT_CANCELLED})
"""Sent by a service of WeChat's own: FromUserName is that service, and OpenID the customer it is about.

Source: WeChat's page 用户信息安全 (授权用户信息变更). Its JSON sample has a space before some names.
"""


class AnyPush(BaseModel):
    """What every push has."""

    model_config = ConfigDict(frozen=True)

    to_user: str
    openid: str
    created_at: datetime
    """By WeChat's CreateTime (whole seconds), else when the push arrived."""
    create_time: str
    """CreateTime as WeChat wrote it, alike in every delivery; empty if absent."""
    msg_id: str | None
    """WeChat's id of a message; events have none."""
    business_id: str | None
    """The sub-merchant the customer wrote to; answers must name it."""
    body_hash: str
    """A short hash of all fields, alike in every delivery."""


class TextPush(AnyPush):
    kind: Literal["text"] = "text"
    content: str = Field(repr=False)


class ImagePush(AnyPush):
    """Both sources are temporary: the media id lasts three days, the address nobody knows how long."""

    kind: Literal["image"] = "image"
    pic_url: str
    media_id: str


class CardPush(AnyPush):
    """A mini program card (miniprogrampage); WeChat's own sample leaves both thumbnails empty."""

    kind: Literal["card"] = "card"
    title: str = Field(repr=False)
    path: str
    card_app_id: str
    thumb_url: str
    thumb_media_id: str


class EnteredPush(AnyPush):
    """The customer opened the chat by its button; `session_from` is the mini program's word, not to be trusted."""

    kind: Literal["entered"] = "entered"
    session_from: str = Field(repr=False)


class OtherEventPush(AnyPush):
    """A platform event of another kind, its name in lower case."""

    kind: Literal["other_event"] = "other_event"
    event: str
    raw: dict[str, Any] = Field(repr=False)


class UnsupportedPush(AnyPush):
    """A message of a kind not documented for mini programs, `msg_type` in lower case."""

    kind: Literal["unsupported"] = "unsupported"
    msg_type: str
    raw: dict[str, Any] = Field(repr=False)


Push = Annotated[
    TextPush | ImagePush | CardPush | EnteredPush | OtherEventPush | UnsupportedPush, Field(discriminator="kind")
]


def parse_push(fields: dict[str, Any], *, received_at: datetime) -> Push:
    """The push that plain fields describe; raises Unreadable without MsgType or FromUserName.

    A CreateTime that is missing, no number, before WeChat existed or more than a day ahead of `received_at`
    is replaced by `received_at`.
    """
    kind = _word(fields, "MsgType").lower()
    if not kind:
        raise Unreadable(
            "no MsgType; is the app set to another mode at WeChat?" if "Encrypt" in fields else "no MsgType"
        )
    shared = _shared(fields, received_at)
    match kind:
        case "text":
            return TextPush(**shared, content=_text(fields, "Content"))
        case "image":
            return ImagePush(**shared, pic_url=_word(fields, "PicUrl"), media_id=_word(fields, "MediaId"))
        case "miniprogrampage":
            return _card(fields, shared)
        case "event":
            return _event(fields, shared)
        case _:
            return UnsupportedPush(**shared, msg_type=kind, raw=fields)


def push_cause(push: Push) -> str:
    """What makes a push the same push again, within one app and customer.

    MsgId alone for a message; for the rest its time, kind and content, because an event has no id and two of
    them may fall into one second. A content check (wxa_media_check) has its own trace id.
    """
    match push:
        case OtherEventPush(event="wxa_media_check", raw={"trace_id": str(trace)}) if _is_id(trace):
            return f"t:{trace}"
        case EnteredPush():
            return _cause_by_content(push, "user_enter_tempsession")
        case OtherEventPush(event=event):
            return _cause_by_content(push, event)
        case TextPush() | ImagePush() | CardPush() | UnsupportedPush():
            return f"m:{push.msg_id}" if push.msg_id else _cause_by_content(push, push.kind)
        case _:
            assert_never(push)


def _cause_by_content(push: AnyPush, kind: str) -> str:
    return f"e:{push.create_time[:20]}:{kind[:64]}:{push.body_hash}"


def _shared(fields: dict[str, Any], received_at: datetime) -> dict[str, Any]:
    openid = _word(fields, "FromUserName")
    if not openid:
        raise Unreadable("no FromUserName")
    msg_id = _word(fields, "MsgId")
    create_time = _word(fields, "CreateTime")
    return {
        "to_user": _word(fields, "ToUserName"),
        "openid": openid,
        "created_at": _created_at(create_time, received_at),
        "create_time": create_time,
        "msg_id": msg_id if _is_id(msg_id) else None,
        "business_id": _word(fields, "BusinessId") or None,
        "body_hash": hashlib.blake2b(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest(),
    }


def _card(fields: dict[str, Any], shared: dict[str, Any]) -> CardPush:
    return CardPush(
        **shared,
        title=_text(fields, "Title"),
        path=_word(fields, "PagePath"),
        card_app_id=_word(fields, "AppId"),
        thumb_url=_word(fields, "ThumbUrl"),
        thumb_media_id=_word(fields, "ThumbMediaId"),
    )


def _event(fields: dict[str, Any], shared: dict[str, Any]) -> EnteredPush | OtherEventPush:
    event = _word(fields, "Event").lower()
    if event == "user_enter_tempsession":
        return EnteredPush(**shared, session_from=_text(fields, "SessionFrom"))
    if event in _ABOUT_A_CUSTOMER:
        trimmed = {name.strip(): value for name, value in fields.items()}
        shared["openid"] = _word(trimmed, "OpenID") or shared["openid"]
        return OtherEventPush(**shared, event=event, raw=trimmed)
    return OtherEventPush(**shared, event=event, raw=fields)


def _created_at(create_time: str, received_at: datetime) -> datetime:
    if not (create_time.isascii() and create_time.isdigit() and len(create_time) <= 10):  # noqa: PLR2004 - until 2286
        return received_at
    at = datetime.fromtimestamp(int(create_time), UTC)
    return at if _WECHAT_BEGAN_AT <= at <= received_at + _CLOCKS_DIFFER_AT_MOST else received_at


def _text(fields: dict[str, Any], name: str) -> str:
    """A field as WeChat wrote it; numbers as text, the first of a repeated element, empty for anything else."""
    value = fields.get(name)
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _word(fields: dict[str, Any], name: str) -> str:
    """A field whose surrounding space means nothing (XML may be indented)."""
    return _text(fields, name).strip()


def _is_id(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_ID
