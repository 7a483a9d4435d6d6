"""Webhooks: which other systems are told what happens, and how telling them went."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final

from aiohttp import web
from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from services.console.api.shape import Shape
from services.console.naming import WITHOUT_CONTROLS
from services.console.operations import Call, Input, Operation, answer
from services.console.outgoing.bodies import trial_body
from services.console.outgoing.delivering import DISABLED, call_webhook, failure_of
from services.console.outgoing.posting import UrlRefused, check_url
from services.console.outgoing.signing import new_secret
from services.console.problem import Refused
from shared.clock import Milliseconds, SystemClock
from shared.store import notifiers, webhooks
from shared.store.audit import changes_between
from shared.store.webhook_deliveries import DeliveryRow, DeliveryState
from shared.store.webhooks import WebhookEvent

MOST_WEBHOOKS: Final = 50
DELIVERIES_SHOWN: Final = 100
SECRETS: Final = ("url", "secret")
UNREADABLE: Final = "\0"
TOLD: Final = frozenset({"name", "events", "app_id", "enabled", *SECRETS})
"""What of a webhook is in the audit."""

_now: Final = Milliseconds(SystemClock()).now


def sendable_url(url: str) -> str:
    try:
        check_url(url)
    except UrlRefused as refused:
        raise ValueError(str(refused)) from None
    return url


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), WITHOUT_CONTROLS]
Url = Annotated[str, AfterValidator(sendable_url)]
Events = Annotated[list[WebhookEvent], Field(min_length=1, max_length=len(webhooks.WEBHOOK_EVENTS))]


class WebhookBody(Input):
    name: Name
    url: Url = Field(description="https, or http for a private or loopback address; no login, no fragment")
    events: Events
    app_id: str | None = Field(None, description="only what happens in this app; null: in every app")
    enabled: bool = True


class WebhookChanges(Input):
    """What is left out stays."""

    name: Name | None = None
    url: Url | None = None
    events: Events | None = None
    app_id: str | None = Field(None, description="null: what happens in every app")
    enabled: bool | None = Field(None, description="false: what still waits to be told is given up")
    renew_secret: bool = Field(default=False, description="sign with a new secret, told in the answer, from now on")


class LastCall(Shape):
    at: datetime
    status: int | None = Field(description="of the answer; null: there was none")
    failure: str | None = Field(description="why the call does not count as taken; null: it does")


class Webhook(Shape):
    id: str
    name: str
    url: str = Field(description="empty where it cannot be read")
    events: list[WebhookEvent]
    app_id: str | None
    enabled: bool
    readable: bool = Field(
        description="false: its address or secret was sealed with a lost key, and nothing is sent; give a new `url` "
        "and `renew_secret`"
    )
    created_at: datetime
    last: LastCall | None = Field(description="how the last call ended")
    failing_since: datetime | None = Field(description="the first call that failed since one last succeeded")
    failing: bool = Field(description="no call has succeeded for 24 hours, though some were made")

    @classmethod
    def of(cls, webhook: webhooks.Webhook) -> "Webhook":
        return cls(
            id=webhook.id,
            name=webhook.name,
            url=webhook.url.get_secret_value(),
            events=list(webhook.events),
            app_id=webhook.app_id,
            enabled=webhook.enabled,
            readable=webhook.readable,
            created_at=webhook.created_at,
            last=last_call(webhook.last),
            failing_since=webhook.failing_since,
            failing=webhook.is_failing(_now()),
        )


class MadeWebhook(Webhook):
    secret: str = Field(description="signs every call; told only now")


class ChangedWebhook(Webhook):
    secret: str | None = Field(description="the new one, told only now; null: it stayed")


class WebhookList(Shape):
    items: list[Webhook]
    next: None = None


class Trial(Shape):
    """How one call went."""

    status: int | None
    ms: int
    failure: str | None


class WebhookDelivery(Shape):
    id: str = Field(description="as in `X-Wxdesk-Delivery`: the same on every try")
    event: WebhookEvent
    at: datetime = Field(description="when it happened")
    attempts: int
    state: DeliveryState
    status: int | None
    failure: str | None
    next_at: datetime | None

    @classmethod
    def of(cls, row: DeliveryRow) -> "WebhookDelivery":
        return cls.model_validate(row._asdict())


class WebhookDeliveryList(Shape):
    items: list[WebhookDelivery] = Field(description="the newest first, at most 100; forgotten after a week")
    next: None = None


async def list_webhooks(call: Call) -> web.Response:
    everything = await call.parts.outgoing.webhooks.everything()
    return answer(WebhookList(items=[Webhook.of(webhook) for webhook in everything]))


async def make_webhook(call: Call) -> web.Response:
    body = await call.body(WebhookBody)
    check_apps(call, [body.app_id] if body.app_id is not None else [])
    secret = new_secret()
    made = webhooks.Webhook(
        id=uuid.uuid4().hex,
        name=body.name,
        url=SecretStr(body.url),
        secret=SecretStr(secret),
        events=tuple(dict.fromkeys(body.events)),
        app_id=body.app_id,
        enabled=body.enabled,
        created_at=_now(),
    )

    async def make() -> None:
        if len(await call.parts.outgoing.webhooks.everything()) >= MOST_WEBHOOKS:
            raise Refused("conflict", f"There are {MOST_WEBHOOKS} webhooks already; remove those nobody uses.")
        await call.parts.outgoing.webhooks.add(made)
        await call.note("webhook.added", made.id, changes_between({}, _told(made, TOLD), secrets=SECRETS))

    await call.together(make)
    await call.announce("webhooks")
    return answer(MadeWebhook(**Webhook.of(made).model_dump(), secret=secret), status=201)


async def change_webhook(call: Call) -> web.Response:
    """Another address has not failed yet. What still waits for one that is disabled is given up."""
    body = await call.body(WebhookChanges)
    fields = given(body, may_be_null={"app_id"})
    check_apps(call, [body.app_id] if body.app_id is not None else [])
    secret = new_secret() if fields.pop("renew_secret", False) else None
    if secret is not None:
        fields["secret"] = secret
    if "url" in fields:
        fields |= {"failing_since": None, "last": None}

    async def change() -> webhooks.Webhook:
        before = await _webhook(call)
        changed = await call.parts.outgoing.webhooks.change(before.id, fields) if fields else before
        if changed is None:
            raise _gone()
        changes = changes_between(_told(before, fields), _told(changed, fields), secrets=SECRETS)
        if changes:
            await call.note("webhook.changed", before.id, changes)
        return changed

    changed = await call.together(change)
    if "enabled" in fields and not changed.enabled:
        await call.parts.outgoing.deliveries.give_up_all(changed.id, DISABLED, _now())
    if fields:
        await call.announce("webhooks")
    return answer(ChangedWebhook(**Webhook.of(changed).model_dump(), secret=secret))


async def remove_webhook(call: Call) -> web.Response:
    """What waits for it is dropped."""

    async def remove() -> str:
        webhook = await _webhook(call)
        await call.parts.outgoing.webhooks.remove(webhook.id)
        await call.note("webhook.removed", webhook.id, {"name": (webhook.name, None)})
        return webhook.id

    # What is left of it, should this end here, is forgotten after a week.
    await call.parts.outgoing.deliveries.remove_webhook(await call.together(remove))
    await call.announce("webhooks")
    return web.Response(status=204)


async def try_webhook(call: Call) -> web.Response:
    """One call of the event `test`, now and once, whether the webhook is enabled or not."""
    webhook = await _webhook(call)
    require_readable(webhook)
    name = uuid.uuid4().hex
    body = trial_body(name, webhook.name, _now())
    posted = await call_webhook(call.parts.outgoing.poster, webhook, "test", name, body, _now())
    failure = failure_of(posted)
    last = webhooks.LastCall(at=_now(), status=posted.status, failure=failure)
    await call.parts.outgoing.webhooks.note_call(webhook.id, last)
    return answer(Trial(status=posted.status, ms=posted.ms, failure=failure))


async def list_webhook_deliveries(call: Call) -> web.Response:
    webhook = await _webhook(call)
    rows = await call.parts.outgoing.deliveries.latest(webhook.id, DELIVERIES_SHOWN)
    return answer(WebhookDeliveryList(items=[WebhookDelivery.of(row) for row in rows]))


async def retry_webhook_delivery(call: Call) -> web.Response:
    """Now, and for another day. The receiver gets the same id and the same body."""
    webhook = await _webhook(call)
    if not webhook.enabled:
        raise Refused("conflict", "The webhook is disabled; enable it first.")
    require_readable(webhook)
    deliveries, name = call.parts.outgoing.deliveries, call.request.match_info["did"]
    again = await deliveries.again(webhook.id, name, _now())
    if again is None:
        there = await deliveries.get(webhook.id, name)
        if there is None:
            raise Refused("not_found", "There is no such delivery; they are forgotten after a week.")
        detail = "It was told already." if there.state == "done" else "It is being told at this moment."
        raise Refused("conflict", detail)
    call.parts.outgoing.deliverer.poke()
    return answer(WebhookDelivery.of(again))


def require_readable(kept: webhooks.Webhook | notifiers.Notifier) -> None:
    """Raises Refused unless its address and secret are known."""
    if not kept.readable:
        what = " and ".join(kept.unreadable)
        raise Refused("conflict", f"The {what} cannot be read: sealed with a key that is lost. Give a new one first.")


def given(body: Input, *, may_be_null: set[str]) -> dict[str, object]:
    """The members that were sent; raises Refused where one is null that cannot be."""
    fields = body.model_dump(exclude_unset=True)
    for name, value in fields.items():
        if value is None and name not in may_be_null:
            raise Refused("invalid", f"{name}: must not be null", errors=[{"where": name, "what": "must not be null"}])
    return fields


def check_apps(call: Call, apps: list[str]) -> None:
    """Raises Refused unless all of these are there."""
    unknown = sorted(set(apps) - {app.app_id for app in call.parts.backbone.apps.all()})
    if unknown:
        raise Refused("invalid", f"There is no app {unknown[0]}.")


def last_call(last: webhooks.LastCall | None) -> LastCall | None:
    return LastCall.model_validate(last.model_dump()) if last else None


async def _webhook(call: Call) -> webhooks.Webhook:
    found = await call.parts.outgoing.webhooks.get(call.request.match_info["id"])
    if found is None:
        raise _gone()
    return found


def _gone() -> Refused:
    return Refused("not_found", "There is no such webhook.")


def _told(webhook: webhooks.Webhook, fields: Iterable[str]) -> dict[str, object]:
    """What the audit tells of these; address and secret, which are or hold a key, are masked there."""
    told = webhook.model_dump(include=set(TOLD & set(fields)), mode="json")
    return {name: plain(webhook, name) if name in SECRETS else value for name, value in told.items()}


def plain(kept: webhooks.Webhook | notifiers.Notifier, name: str) -> str | None:
    """A secret to be compared, never to be told. One that cannot be read is another than any that can."""
    if name in kept.unreadable:
        return UNREADABLE
    value: SecretStr | None = getattr(kept, name)
    return value.get_secret_value() if value is not None else None


OPERATIONS: Final = (
    Operation("GET", "/webhooks", list_webhooks, "The webhooks of other systems", {200: WebhookList}, role="admin"),
    Operation(
        "POST",
        "/webhooks",
        make_webhook,
        "Make a webhook; the secret that signs its calls is told only now",
        {201: MadeWebhook},
        problems=("conflict",),
        body=WebhookBody,
        role="admin",
    ),
    Operation(
        "PATCH",
        "/webhooks/{id}",
        change_webhook,
        "Change a webhook",
        {200: ChangedWebhook},
        problems=("not_found",),
        body=WebhookChanges,
        role="admin",
    ),
    Operation(
        "DELETE",
        "/webhooks/{id}",
        remove_webhook,
        "Remove a webhook",
        {204: None},
        problems=("not_found",),
        role="admin",
    ),
    Operation(
        "POST",
        "/webhooks/{id}/test",
        try_webhook,
        "Call a webhook now, with an event about nobody",
        {200: Trial},
        problems=("not_found", "conflict"),
        role="admin",
    ),
    Operation(
        "GET",
        "/webhooks/{id}/deliveries",
        list_webhook_deliveries,
        "What a webhook was told, and is to be told",
        {200: WebhookDeliveryList},
        problems=("not_found",),
        role="admin",
    ),
    Operation(
        "POST",
        "/webhooks/{id}/deliveries/{did}/retry",
        retry_webhook_delivery,
        "Tell a webhook once more",
        {200: WebhookDelivery},
        problems=("not_found", "conflict"),
        role="admin",
    ),
)
