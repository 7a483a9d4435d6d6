"""An app's fields on a command line: by the names of their options, and what is told of them."""

import json
from typing import Any, Final

from services.console.administering.app_fields import callback_fault
from services.console.administering.app_fields import read_policy as read_document
from services.console.cli.failures import Misused
from services.console.cli.option_names import options_named
from shared.conversation.policy import Policy
from shared.store.apps import SECRET_FIELDS, App

_MODE_WORDS: Final = {"plain": "明文模式", "compat": "兼容模式", "secure": "安全模式（推荐）"}


def read_policy(text: str) -> Policy:
    """The JSON document of `--settings`; raises Misused with one line for each mistake, naming its place."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as broken:
        raise Misused(f"--settings is not JSON: line {broken.lineno}, column {broken.colno}: {broken.msg}") from None
    if not isinstance(document, dict):
        raise Misused('--settings must be one JSON object, as in {"welcome": "您好！"}')
    with options_named():
        return read_document(document)


def summary(app: App, callback_url: str | None) -> dict[str, Any]:
    """What may be shown of an app. Of a secret only whether it is set."""
    return {
        "app_id": app.app_id,
        "name": app.name,
        "enabled": app.enabled,
        "mode": app.mode,
        "format": app.format,
        "gh_id": app.gh_id,
        **{field: _told(app, field) for field in SECRET_FIELDS},
        "previous_until": app.previous_until,
        "callback_url": callback_url,
        "version": app.version,
        "verified_at": app.verified_at,
    }


def _told(app: App, field: str) -> str | None:
    """`unreadable`: sealed with a key that is not in WXDESK_SECRET_KEYS."""
    if field in app.unreadable:
        return "unreadable"
    return "set" if getattr(app, field) else None


def next_steps(app: App, url: str | None) -> list[str]:
    """What to do at WeChat once the app is here."""
    where = url or f"PUBLIC_BASE_URL/wechat/{app.app_id}  (set PUBLIC_BASE_URL to have it printed in full)"
    lines = [
        "Now at mp.weixin.qq.com, 开发 → 开发管理:",
        f"  1. 消息推送配置: URL  {where}",
        "     Token and EncodingAESKey as given here,",
        f"     消息加密方式 {_MODE_WORDS[app.mode]}, 数据格式 {app.format.upper()}",
        "  2. 开发设置 → IP白名单: the addresses that the sender goes out by",
        f"Then: wxdesk doctor --app {app.app_id}",
    ]
    fault = callback_fault(url) if url else None
    return [*lines, f"WeChat will not take this URL: {fault}."] if fault else lines
