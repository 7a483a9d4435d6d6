"""An app's fields as an administrator gives them: checked, each error naming its place. Pure."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from services.console.cli.failures import Misused
from shared.conversation.policy import Policy
from shared.store.apps import App
from shared.wechat.push import CallbackSettings

_APP_ID: Final = re.compile(r"wx[0-9a-f]{16}")
_GH_ID: Final = re.compile(r"gh_[A-Za-z0-9_]{1,61}")
_MODE_WORDS: Final = {"plain": "明文模式", "compat": "兼容模式", "secure": "安全模式（推荐）"}
_CALLBACK_PORTS: Final = {"http": 80, "https": 443}


def check_app_id(app_id: str) -> str:
    if _APP_ID.fullmatch(app_id) is None:
        raise Misused(
            "--appid must be wx and 16 of 0-9 a-f, as in wx0123456789abcdef; "
            "copy it from mp.weixin.qq.com, 开发管理 → 开发设置"
        )
    return app_id


def checked(app: App) -> App:
    """The app if WeChat could work with it; raises Misused, saying which option to change."""
    if app.gh_id is not None and _GH_ID.fullmatch(app.gh_id) is None:
        raise Misused("--gh-id must be the original id, gh_ and letters or digits, as in gh_0123456789ab")
    if not app.name.strip():
        raise Misused("--name must not be blank")
    if app.mode != "plain" and app.aes_key is None:
        raise Misused(f"mode {app.mode} needs --aes-key, the EncodingAESKey of 43 letters and digits")
    try:
        callback_settings(app)
    except ValidationError as refused:
        raise Misused(f"--{_place(refused.errors()[0]['loc'])}: {_reason(refused.errors()[0])}") from None
    return app


def callback_settings(app: App) -> CallbackSettings:
    """What WeChat's pushes are opened with; raises ValidationError."""
    return CallbackSettings(
        app_id=app.app_id,
        token=app.token.get_secret_value(),
        aes_key=app.aes_key.get_secret_value() if app.aes_key else None,
        previous_aes_key=app.previous_aes_key.get_secret_value() if app.previous_aes_key else None,
        mode=app.mode,
        format=app.format,
    )


def read_policy(text: str) -> Policy:
    """The JSON document of `--settings`; raises Misused with one line for each mistake, naming its place.

    A `version` in it, as an exported document might have, is not the writer's to say and is left out.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as broken:
        raise Misused(f"--settings is not JSON: line {broken.lineno}, column {broken.colno}: {broken.msg}") from None
    if not isinstance(document, dict):
        raise Misused('--settings must be one JSON object, as in {"welcome": "您好！"}')
    document.pop("version", None)
    try:
        # A misspelt name would otherwise change nothing and say nothing.
        return Policy.model_validate(document, extra="forbid")
    except ValidationError as refused:
        errors = refused.errors(include_url=False, include_context=False, include_input=False)
        raise Misused("\n".join(f"--settings {_place(error['loc'])}: {_reason(error)}" for error in errors)) from None


def policy_document(policy: Policy) -> dict[str, Any]:
    return policy.model_dump(mode="json", exclude={"version"})


def summary(app: App, callback_url: str | None) -> dict[str, Any]:
    """What may be shown of an app. Of a secret only whether it is set."""
    return {
        "app_id": app.app_id,
        "name": app.name,
        "enabled": app.enabled,
        "mode": app.mode,
        "format": app.format,
        "gh_id": app.gh_id,
        "secret": "set",
        "token": "set",
        "aes_key": "set" if app.aes_key else None,
        "previous_aes_key": "set" if app.previous_aes_key else None,
        "callback_url": callback_url,
        "version": app.version,
        "verified_at": app.verified_at,
    }


def callback_url(app_id: str, base: str | None) -> str | None:
    return f"{base.rstrip('/')}/wechat/{app_id}" if base else None


def callback_fault(url: str) -> str | None:
    """What is wrong with a callback URL for WeChat, which takes http on port 80 and https on port 443 only."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "it is no URL"
    if parts.scheme not in _CALLBACK_PORTS or not parts.hostname:
        return "it must begin with http:// or https:// and name a host"
    if port is not None and port != _CALLBACK_PORTS[parts.scheme]:
        return f"WeChat takes {parts.scheme} on port {_CALLBACK_PORTS[parts.scheme]} only"
    return None


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


def changed_fields(app: App, changes: Mapping[str, Any]) -> App:
    """The app with `changes`; a new AES key keeps the old one, so that pushes under way still open."""
    update = dict(changes)
    new_key = update.get("aes_key")
    if new_key is not None and app.aes_key is not None and new_key != app.aes_key:
        update.setdefault("previous_aes_key", app.aes_key)
    return app.model_copy(update=update)


def _place(where: Iterable[int | str]) -> str:
    """`keyword_rules[0].words` for the location of a pydantic error."""
    place = ""
    for part in where:
        place += f"[{part}]" if isinstance(part, int) else f".{part}"
    return place.lstrip(".").replace("aes_key", "aes-key") or "document"


def _reason(error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        return "there is no such setting; see `wxdesk apps show APPID --json` for their names"
    return error["msg"].removeprefix("Value error, ")
