"""What a customer-service message shows, or why WeChat does not take it.

Source: WeChat's page 发送客服消息 (customerServiceMessage.send) and its error table. That a text may have 2048 bytes is
what developers found.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from services.sandbox.wechat.errcodes import Refused
from services.sandbox.wechat.phone import Card, Content, Link
from services.sandbox.wechat.state import App

MAX_TEXT_BYTES: Final = 2048
_FOREIGN_TYPES: Final = frozenset({"voice", "video", "music", "news", "mpnews", "mpnewsarticle", "msgmenu", "wxcard"})
"""Message types of official accounts, which a mini program may not send."""

_LINKED_APPID: Final = re.compile(r"""data-miniprogram-appid\s*=\s*["']?([^"'\s>]*)""")


def composed(app: App, fields: dict[str, Any], now: datetime) -> Content:
    """The message's content; raises Refused, in WeChat's order."""
    kind = str(fields.get("msgtype"))
    if kind == "transfer_customer_service":
        raise Refused(45162)
    if kind in _FOREIGN_TYPES:
        raise Refused(app.config.knobs.foreign_type_errcode)
    compose = _COMPOSERS.get(kind)
    if compose is None:
        raise Refused(40008)
    return compose(app, fields, now)


def is_labelled_ai(fields: dict[str, Any]) -> bool:
    """Whether the grey note about AI is asked for; raises Refused (40097) for anything but 0 and 1."""
    context = fields.get("aimsgcontext")
    if context is None:
        return False
    flag = context.get("is_ai_msg", 0) if isinstance(context, dict) else None
    if flag not in (0, 1):
        raise Refused(40097)
    return bool(flag)


def _text(app: App, fields: dict[str, Any], _: datetime) -> Content:
    content = _part(fields, "text").get("content", "")
    if not isinstance(content, str):
        raise Refused(47001)
    if not content:
        raise Refused(44004)
    if len(content.encode()) > MAX_TEXT_BYTES:
        raise Refused(45002)
    if any(appid != app.appid for appid in _LINKED_APPID.findall(content)):
        raise Refused(45086)
    return Content("text", text=content, ai_label=is_labelled_ai(fields))


def _image(app: App, fields: dict[str, Any], now: datetime) -> Content:
    media_id = _media_id(app, _part(fields, "image").get("media_id"), now)
    return Content("image", media_id=media_id, ai_label=is_labelled_ai(fields))


def _card(app: App, fields: dict[str, Any], now: datetime) -> Content:
    part = _part(fields, "miniprogrampage")
    title, path = _words(part, "title"), _words(part, "pagepath")
    cover = _media_id(app, part.get("thumb_media_id"), now)
    return Content("miniprogrampage", card=Card(title, path, app.appid, cover), ai_label=is_labelled_ai(fields))


def _link(_: App, fields: dict[str, Any], __: datetime) -> Content:
    part = _part(fields, "link")
    title, url = _words(part, "title"), _words(part, "url")
    description, thumb = str(part.get("description", "")), str(part.get("thumb_url", ""))
    return Content("link", link=Link(title, description, url, thumb), ai_label=is_labelled_ai(fields))


_COMPOSERS: Final[dict[str, Callable[[App, dict[str, Any], datetime], Content]]] = {
    "text": _text,
    "image": _image,
    "miniprogrampage": _card,
    "link": _link,
}


def _part(fields: dict[str, Any], name: str) -> dict[str, Any]:
    part = fields.get(name, {})
    if not isinstance(part, dict):
        raise Refused(47001)
    return part


def _words(part: dict[str, Any], name: str) -> str:
    value = part.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(40097)
    return value


def _media_id(app: App, media_id: Any, now: datetime) -> str:
    if not isinstance(media_id, str) or app.media.find(media_id, now) is None:
        raise Refused(40007)
    return media_id
