"""An app's fields as an administrator gives them, checked; and what may be told of them. Pure."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError

from services.console.administering.faults import Fault, FieldsRefused, Place, faults_of, named, require
from services.console.naming import CONTROL, has_controls
from shared.conversation.policy import Policy
from shared.store.apps import App
from shared.wechat.crypto import check_aes_key

PREVIOUS: Final = {"token": "previous_token", "aes_key": "previous_aes_key"}
"""Where what was good before a change is kept."""
PREVIOUS_HOURS: Final = 24
"""So long it is good still, unless somebody says otherwise."""

LONGEST_NAME: Final = 60
LONGEST_SECRET: Final = 256

_APP_ID: Final = re.compile(r"wx[0-9a-f]{16}")
_GH_ID: Final = re.compile(r"gh_[A-Za-z0-9_]{1,61}")
_CALLBACK_PORTS: Final = {"http": 80, "https": 443}
_UNKNOWN_SETTING: Final = "there is no such setting"


def checked(app: App) -> App:
    """The app, its name trimmed, if WeChat could work with it; raises FieldsRefused."""
    require(
        _app_id_fault(app.app_id),
        named("name", app.name, LONGEST_NAME),
        _word_fault("secret", app.secret),
        _word_fault("token", app.token),
        _key_fault(app),
        _gh_id_fault(app.gh_id),
    )
    return app.but(name=app.name.strip())


def changed_fields(app: App, changes: Mapping[str, Any], *, previous_until: datetime) -> App:
    """The app with `changes`; a new token or AES key keeps the old one until then, so that pushes under way still open.

    WeChat goes on with what it had for a while after a change (消息推送).
    """
    update = dict(changes)
    for field, before in PREVIOUS.items():
        old, new = getattr(app, field), update.get(field)
        if new is not None and old is not None and new != old and field not in app.unreadable:
            update.setdefault(before, old)
            update.setdefault("previous_until", previous_until)
    update = update | ({"previous_until": None} if _forgets_all(app, update) else {})
    return app.but(**update, unreadable=tuple(field for field in app.unreadable if field not in update))


def _forgets_all(app: App, update: Mapping[str, Any]) -> bool:
    return all(update.get(before, getattr(app, before)) is None for before in PREVIOUS.values())


def read_policy(document: Mapping[str, Any]) -> Policy:
    """Settings as a document; raises FieldsRefused with every mistake, each by its place below `settings`.

    A `version` in it, as an exported document might have, is not the writer's to say and is left out.
    """
    given = {name: value for name, value in document.items() if name != "version"}
    try:
        # A misspelt name would otherwise change nothing and say nothing.
        policy = Policy.model_validate(given, extra="forbid")
    except ValidationError as refused:
        raise FieldsRefused(tuple(faults_of(refused, ("settings",), unknown=_UNKNOWN_SETTING))) from None
    require(*(Fault(where, CONTROL) for where, name in _names_in(policy) if has_controls(name)))
    return policy


def _names_in(policy: Policy) -> Iterator[tuple[Place, str]]:
    """Names that people make up, each with its place."""
    for place, group in enumerate(policy.assignment.groups):
        yield ("settings", "assignment", "groups", place), group
    for place, rule in enumerate(policy.rules):
        yield ("settings", "rules", place, "name"), rule.name


def policy_document(policy: Policy) -> dict[str, Any]:
    return policy.model_dump(mode="json", exclude={"version"})


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


def _app_id_fault(app_id: str) -> Fault | None:
    if _APP_ID.fullmatch(app_id) is not None:
        return None
    what = "must be wx and 16 of 0-9 a-f, as in wx0123456789abcdef; copy it from mp.weixin.qq.com, 开发管理 → 开发设置"
    return Fault(("app_id",), what)


def _word_fault(field: str, secret: SecretStr) -> Fault | None:
    """WeChat's secrets are single words."""
    value = secret.get_secret_value()
    if value.split() != [value] or not value.isprintable():
        return Fault((field,), "must be one word without white space or control characters; copy it again")
    if len(value) > LONGEST_SECRET:
        return Fault((field,), f"must have at most {LONGEST_SECRET} characters; copy it again")
    return None


def _key_fault(app: App) -> Fault | None:
    if app.aes_key is None:
        needed = f"mode {app.mode} needs the EncodingAESKey, 43 letters and digits"
        return None if app.mode == "plain" else Fault(("aes_key",), needed)
    try:
        check_aes_key(app.aes_key.get_secret_value())
    except ValueError as refused:
        return Fault(("aes_key",), str(refused))
    return None


def _gh_id_fault(gh_id: str | None) -> Fault | None:
    if gh_id is None or _GH_ID.fullmatch(gh_id) is not None:
        return None
    return Fault(("gh_id",), "must be the original id, gh_ and letters or digits, as in gh_0123456789ab")
