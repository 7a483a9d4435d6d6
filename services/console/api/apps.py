"""Mini programs: what agents see of them, and all but the secrets for those who administer them."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from aiohttp import web
from pydantic import Field, SecretStr, WithJsonSchema

from services.console.administering.app_changes import AppChanges, ChangedMeanwhile, NoSuchApp
from services.console.administering.app_fields import PREVIOUS, callback_fault, callback_url, read_policy
from services.console.api.shape import Shape
from services.console.operations import HIGHEST_WHOLE, Call, Input, Operation, answer
from services.console.problem import Refused
from shared.conversation.policy import Policy
from shared.outage import Outage
from shared.store.apps import App, AppExists

SETTINGS_BYTES: Final = 1024 * 1024
"""Two hundred rules, each with as long a reply as WeChat takes, and their words."""

Mode = Literal["plain", "compat", "secure"]
Format = Literal["json", "xml"]


class NewAppBody(Input):
    app_id: str = Field(description="wx and 16 of 0-9 a-f")
    name: str = Field(description="what agents see")
    secret: SecretStr = Field(description="AppSecret")
    token: SecretStr = Field(description="Token of 消息推送配置")
    aes_key: SecretStr | None = Field(None, description="EncodingAESKey; needed but in mode plain")
    mode: Mode = "secure"
    format: Format = "json"
    gh_id: str | None = Field(None, description="original id, gh_…")


class AppBody(Input):
    """What is left out, or null, stays; secrets are never told, so a form sends only those that are to be new."""

    version: int | None = Field(
        None, le=HIGHEST_WHOLE, description="the version this is a change of; another one by now: 409"
    )
    name: str | None = None
    secret: SecretStr | None = None
    token: SecretStr | None = None
    aes_key: SecretStr | None = Field(None, description="the old one stays good for a day, or until it is forgotten")
    forget_previous_key: bool = Field(default=False, description="end the token and AES key before now")
    mode: Mode | None = None
    format: Format | None = None
    gh_id: str | None = Field(None, description="empty: none")
    enabled: bool | None = Field(None, description="false: its pushes are refused and nothing is sent")


class SettingsBody(Input):
    version: int = Field(le=HIGHEST_WHOLE, description="the version this is a change of; another one by now: 409")
    settings: Annotated[
        dict[str, Any],
        WithJsonSchema({"type": "object", "allOf": [{"$ref": "#/components/schemas/AppSettings"}]}),
    ] = Field(description="all of them; one that is left out gets its default")


class AppSettings(Policy):
    """How sessions of one app are served."""

    version: int = Field(0, exclude=True)

    @classmethod
    def of(cls, policy: Policy) -> "AppSettings":
        return cls.model_construct(**policy.__dict__)


class AppSummary(Shape):
    id: str
    name: str
    enabled: bool
    mode: Mode
    verified_at: datetime | None = Field(description="when a genuine push last arrived")
    groups: list[str] = Field(description="of agents that serve it; empty: all agents")
    official: bool = Field(description="whether a session can be given to WeChat's own console")
    readable: bool = Field(description="false: its secrets were sealed with a lost key; an admin enters them again")

    @classmethod
    def of(cls, app: App) -> "AppSummary":
        return cls(
            id=app.app_id,
            name=app.name,
            enabled=app.enabled,
            mode=app.mode,
            verified_at=app.verified_at,
            groups=list(app.policy.assignment.groups),
            official=app.policy.may_hand_over,
            readable=app.readable,
        )


class AppSummaryList(Shape):
    items: list[AppSummary]
    next: None = None


class AppDetail(Shape):
    id: str
    name: str
    enabled: bool
    mode: Mode
    format: Format
    gh_id: str | None
    version: int = Field(description="counts changes, of the settings too")
    verified_at: datetime | None = Field(description="when a genuine push last arrived")
    callback_url: str | None = Field(description="for 消息推送配置; null: PUBLIC_BASE_URL is not set")
    callback_fault: str | None = Field(description="why WeChat would not take the callback URL")
    has_aes_key: bool
    has_previous_token: bool = Field(description="the token before the last change, which pushes are still proved by")
    has_previous_aes_key: bool
    previous_until: datetime | None = Field(description="when both end; null: when they are forgotten")
    unreadable: list[str] = Field(description="secrets sealed with a key that is lost, to be entered again")
    settings: AppSettings

    @classmethod
    def of(cls, app: App, public_base: str | None) -> "AppDetail":
        url = callback_url(app.app_id, public_base)
        return cls(
            id=app.app_id,
            name=app.name,
            enabled=app.enabled,
            mode=app.mode,
            format=app.format,
            gh_id=app.gh_id,
            version=app.version,
            verified_at=app.verified_at,
            callback_url=url,
            callback_fault=callback_fault(url) if url else None,
            has_aes_key=app.aes_key is not None,
            has_previous_token=app.previous_token is not None,
            has_previous_aes_key=app.previous_aes_key is not None,
            previous_until=app.previous_until,
            unreadable=list(app.unreadable),
            settings=AppSettings.of(app.policy),
        )


async def list_apps(call: Call) -> web.Response:
    seen = [app for app in call.parts.backbone.apps.all() if call.access.sees(app.app_id)]
    return answer(AppSummaryList(items=[AppSummary.of(app) for app in seen]))


async def read_app(call: Call) -> web.Response:
    return answer(_detail(call, await existing_app(call)))


async def add_app(call: Call) -> web.Response:
    body = await call.body(NewAppBody)
    fields = {name: getattr(body, name) for name in NewAppBody.model_fields}
    try:
        app = await app_changes(call).add(App(**{**fields, "gh_id": body.gh_id or None}))
    except AppExists:
        raise Refused("conflict", "There is an app of this appid already.") from None
    await announce_apps(call)
    return answer(_detail(call, app), status=201)


async def change_app(call: Call) -> web.Response:
    body = await call.body(AppBody)
    changes = _given(body)
    if not changes:
        return answer(_detail(call, await existing_app(call)))
    return await _changed(call, changes, body.version)


async def change_app_settings(call: Call) -> web.Response:
    """What has history deleted is for admins: it is gone for good. Keeping more, or all of it again, is not."""
    body = await call.body(SettingsBody)
    policy = read_policy(body.settings)
    app = await existing_app(call)
    if app.version != body.version:
        raise _meanwhile(app.version)
    if _keeps_less(app.policy, policy) and not call.agent.ranks("admin"):
        detail = "settings.retention_days: deletes history for good; only a login of role admin may set or shorten it."
        raise Refused("forbidden", detail)
    return await _changed(call, {"policy": policy}, body.version)


async def existing_app(call: Call) -> App:
    """The app named in the path, as it is stored; raises Refused."""
    app = await call.parts.apps.get(call.request.match_info["app_id"])
    if app is None:
        raise _unknown()
    return app


async def _changed(call: Call, changes: dict[str, Any], version: int | None) -> web.Response:
    try:
        app = await app_changes(call).change(call.request.match_info["app_id"], changes, version=version)
    except NoSuchApp:
        raise _unknown() from None
    except ChangedMeanwhile as meanwhile:
        raise _meanwhile(meanwhile.version) from None
    await announce_apps(call)
    return answer(_detail(call, app))


def _given(body: AppBody) -> dict[str, Any]:
    """By the fields of App."""
    fields = {name: getattr(body, name) for name in AppBody.model_fields.keys() - {"version", "forget_previous_key"}}
    changes = {name: value for name, value in fields.items() if value is not None}
    if body.gh_id is not None:
        changes["gh_id"] = body.gh_id or None
    if body.forget_previous_key:
        changes |= dict.fromkeys(PREVIOUS.values())
    return changes


def app_changes(call: Call) -> AppChanges:
    """In the caller's name."""
    parts = call.parts
    return AppChanges(parts.backbone.database, parts.apps, parts.vendor_accounts, call.author)


def _detail(call: Call, app: App) -> AppDetail:
    return AppDetail.of(app, call.parts.settings.public_base_url)


def _keeps_less(before: Policy, after: Policy) -> bool:
    if after.retention_days is None:
        return False
    return before.retention_days is None or after.retention_days < before.retention_days


def _meanwhile(version: int) -> Refused:
    detail = f"Somebody else changed this app meanwhile; it has version {version} now."
    return Refused("conflict", detail, version=version)


def _unknown() -> Refused:
    return Refused("not_found", "There is no such app.")


async def announce_apps(call: Call) -> None:
    """Every service reads the apps again now."""
    # Whoever changed something asks here next; everyone else hears of it.
    with suppress(Outage):
        await call.parts.backbone.apps.refresh()
    await call.announce("apps")


OPERATIONS: Final = (
    Operation("GET", "/apps", list_apps, "The apps I see", {200: AppSummaryList}),
    Operation(
        "POST",
        "/apps",
        add_app,
        "Register a mini program",
        {201: AppDetail},
        problems=("conflict",),
        body=NewAppBody,
        role="admin",
    ),
    Operation(
        "GET",
        "/apps/{app_id}",
        read_app,
        "One app with its settings; secrets are never told",
        {200: AppDetail},
        problems=("not_found",),
        role="supervisor",
    ),
    Operation(
        "PATCH",
        "/apps/{app_id}",
        change_app,
        "Change an app; takes effect within seconds",
        {200: AppDetail},
        problems=("not_found", "conflict"),
        body=AppBody,
        role="admin",
    ),
    Operation(
        "PUT",
        "/apps/{app_id}/settings",
        change_app_settings,
        "Replace an app's settings; `errors` names the place of each mistake",
        {200: AppDetail},
        problems=("not_found", "conflict"),
        body=SettingsBody,
        body_bytes=SETTINGS_BYTES,
        role="supervisor",
    ),
)
