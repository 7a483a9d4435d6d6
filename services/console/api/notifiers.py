"""Notifiers: which groups' chat robots are told of customers who wait while nobody has the desk open."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import Field, SecretStr, StringConstraints

from services.console.api.shape import Shape
from services.console.api.webhooks import (
    SECRETS,
    LastCall,
    Name,
    Trial,
    Url,
    check_apps,
    given,
    last_call,
    plain,
    require_readable,
)
from services.console.operations import Call, Input, Operation, answer
from services.console.outgoing.notifying import say
from services.console.outgoing.posting import MASK
from services.console.outgoing.robots import SIGNING
from services.console.outgoing.wording import TEST
from services.console.problem import Refused
from shared.clock import Milliseconds, SystemClock
from shared.store import notifiers, webhooks
from shared.store.audit import changes_between
from shared.store.notifiers import NotifierKind

MOST_NOTIFIERS: Final = 50
TOLD: Final = frozenset({"name", "kind", "app_ids", "after_seconds", "enabled", *SECRETS})
"""What of a notifier is in the audit."""

_now: Final = Milliseconds(SystemClock()).now

Secret = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Apps = Annotated[list[str], Field(max_length=200, description="customers of these apps; none: of every app")]
Seconds = Annotated[int, Field(ge=10, le=86_400, description="how long somebody must have waited")]


class NotifierBody(Input):
    name: Name
    kind: NotifierKind = Field(description="企业微信, 飞书 or 钉钉")
    url: Url = Field(description="as the group's settings show it, key and all")
    secret: Secret | None = Field(None, description="of 飞书 (签名校验) or 钉钉 (加签), where the robot asks for it")
    app_ids: Apps = Field(default_factory=list)
    after_seconds: Seconds = 120
    enabled: bool = True


class NotifierChanges(Input):
    """What is left out stays."""

    name: Name | None = None
    kind: NotifierKind | None = None
    url: Url | None = None
    secret: Secret | None = Field(None, description="null: the robot asks for none any more")
    app_ids: Apps | None = None
    after_seconds: Seconds | None = None
    enabled: bool | None = None


class Notifier(Shape):
    id: str
    name: str
    kind: NotifierKind
    url: str = Field(description="masked: its host, and the last four characters; empty where it cannot be read")
    has_secret: bool
    app_ids: list[str]
    after_seconds: int
    enabled: bool
    readable: bool = Field(
        description="false: its address or secret was sealed with a lost key, and nothing is said; give them again"
    )
    created_at: datetime
    last: LastCall | None = Field(description="how the last call ended")

    @classmethod
    def of(cls, notifier: notifiers.Notifier) -> "Notifier":
        return cls(
            id=notifier.id,
            name=notifier.name,
            kind=notifier.kind,
            url=masked(url) if (url := notifier.url.get_secret_value()) else "",
            has_secret=notifier.secret is not None,
            app_ids=list(notifier.app_ids),
            after_seconds=notifier.after_seconds,
            enabled=notifier.enabled,
            readable=notifier.readable,
            created_at=notifier.created_at,
            last=last_call(notifier.last),
        )


class NotifierList(Shape):
    items: list[Notifier]
    next: None = None


def masked(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/{MASK}{url[-4:]}"


async def list_notifiers(call: Call) -> web.Response:
    everything = await call.parts.outgoing.notifiers.everything()
    return answer(NotifierList(items=[Notifier.of(notifier) for notifier in everything]))


async def make_notifier(call: Call) -> web.Response:
    body = await call.body(NotifierBody)
    check_apps(call, body.app_ids)
    _check_secret(body.kind, has_secret=body.secret is not None)
    made = notifiers.Notifier(
        id=uuid.uuid4().hex,
        name=body.name,
        kind=body.kind,
        url=SecretStr(body.url),
        secret=SecretStr(body.secret) if body.secret is not None else None,
        app_ids=tuple(dict.fromkeys(body.app_ids)),
        after_seconds=body.after_seconds,
        enabled=body.enabled,
        created_at=_now(),
    )

    async def make() -> None:
        if len(await call.parts.outgoing.notifiers.everything()) >= MOST_NOTIFIERS:
            raise Refused("conflict", f"There are {MOST_NOTIFIERS} notifiers already; remove those nobody uses.")
        await call.parts.outgoing.notifiers.add(made)
        await call.note("notifier.added", made.id, changes_between({}, _told(made, TOLD), secrets=SECRETS))

    await call.together(make)
    await call.announce("notifiers")
    return answer(Notifier.of(made), status=201)


async def change_notifier(call: Call) -> web.Response:
    """What was wrong before may be right now: it may speak again at once."""
    body = await call.body(NotifierChanges)
    fields = given(body, may_be_null={"secret"})
    check_apps(call, body.app_ids or [])
    if fields.keys() & {"url", "secret", "kind"}:
        fields |= {"failures": 0, "quiet_until": None, "last": None, "failing_since": None}

    async def change() -> notifiers.Notifier:
        before = await _notifier(call)
        has_secret = fields["secret"] is not None if "secret" in fields else before.secret is not None
        _check_secret(body.kind or before.kind, has_secret=has_secret)
        changed = await call.parts.outgoing.notifiers.change(before.id, fields) if fields else before
        if changed is None:
            raise _gone()
        changes = changes_between(_told(before, fields), _told(changed, fields), secrets=SECRETS)
        if changes:
            await call.note("notifier.changed", before.id, changes)
        return changed

    changed = await call.together(change)
    if fields:
        await call.announce("notifiers")
    return answer(Notifier.of(changed))


async def remove_notifier(call: Call) -> web.Response:
    async def remove() -> None:
        notifier = await _notifier(call)
        await call.parts.outgoing.notifiers.remove(notifier.id)
        await call.note("notifier.removed", notifier.id, {"name": (notifier.name, None)})

    await call.together(remove)
    await call.announce("notifiers")
    return web.Response(status=204)


async def try_notifier(call: Call) -> web.Response:
    """Say something in the group, now and once, whether the notifier is enabled or not."""
    notifier = await _notifier(call)
    require_readable(notifier)
    posted, refusal = await say(call.parts.outgoing.poster, notifier, TEST)
    failure = refusal.told if refusal else None
    last = webhooks.LastCall(at=_now(), status=posted.status, failure=failure)
    await call.parts.outgoing.notifiers.note_call(notifier.id, last)
    return answer(Trial(status=posted.status, ms=posted.ms, failure=failure))


def _check_secret(kind: NotifierKind, *, has_secret: bool) -> None:
    if has_secret and kind not in SIGNING:
        what = "a robot of 企业微信 has none; leave it out"
        raise Refused("invalid", f"secret: {what}", errors=[{"where": "secret", "what": what}])


async def _notifier(call: Call) -> notifiers.Notifier:
    found = await call.parts.outgoing.notifiers.get(call.request.match_info["id"])
    if found is None:
        raise _gone()
    return found


def _gone() -> Refused:
    return Refused("not_found", "There is no such notifier.")


def _told(notifier: notifiers.Notifier, fields: Iterable[str]) -> dict[str, object]:
    """What the audit tells of these; it masks both secrets."""
    told = notifier.model_dump(include=set(TOLD & set(fields)), mode="json")
    return {name: plain(notifier, name) if name in SECRETS else value for name, value in told.items()}


OPERATIONS: Final = (
    Operation(
        "GET", "/notifiers", list_notifiers, "The chat robots told of who waits", {200: NotifierList}, role="admin"
    ),
    Operation(
        "POST",
        "/notifiers",
        make_notifier,
        "Have a group's chat robot told of who waits",
        {201: Notifier},
        problems=("conflict",),
        body=NotifierBody,
        role="admin",
    ),
    Operation(
        "PATCH",
        "/notifiers/{id}",
        change_notifier,
        "Change a notifier",
        {200: Notifier},
        problems=("not_found",),
        body=NotifierChanges,
        role="admin",
    ),
    Operation(
        "DELETE",
        "/notifiers/{id}",
        remove_notifier,
        "Remove a notifier",
        {204: None},
        problems=("not_found",),
        role="admin",
    ),
    Operation(
        "POST",
        "/notifiers/{id}/test",
        try_notifier,
        "Say something in the group now",
        {200: Trial},
        problems=("not_found", "conflict"),
        role="admin",
    ),
)
