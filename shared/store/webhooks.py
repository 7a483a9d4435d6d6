"""Webhooks: whom else to tell what happens. Addresses and secrets are sealed at rest."""

from datetime import datetime, timedelta
from typing import Any, Final, Literal, get_args

import structlog
from pydantic import SecretStr

from shared.conversation.content import Frozen
from shared.lately import COMPLAIN_SECONDS, Lately
from shared.store.driver import Collection, Database, Doc
from shared.store.sealing import Sealer

log = structlog.get_logger()

WebhookEvent = Literal[
    "session_opened",
    "session_waiting",
    "session_offered",
    "session_assigned",
    "session_bridged",
    "session_closed",
    "session_rated",
    "attention",
    "message",
]
WEBHOOK_EVENTS: Final[tuple[WebhookEvent, ...]] = get_args(WebhookEvent)

FAILING_AFTER: Final = timedelta(hours=24)
"""With no call that succeeded for so long, a webhook is shown as failing."""

SEALED: Final = ("url", "secret")
UNREADABLE: Final = "sealed with a key that is not in WXDESK_SECRET_KEYS"


class LastCall(Frozen):
    """How the last call ended; `failure` None: well."""

    at: datetime
    status: int | None = None
    failure: str | None = None


class Webhook(Frozen):
    id: str
    name: str
    url: SecretStr
    secret: SecretStr
    events: tuple[WebhookEvent, ...]
    app_id: str | None = None
    """None: what happens in every app."""
    enabled: bool = True
    created_at: datetime
    last: LastCall | None = None
    failing_since: datetime | None = None
    """When the first call failed since one last succeeded."""
    unreadable: tuple[str, ...] = ()
    """Of `url` and `secret` what was sealed with a key that is not here; empty instead, and nothing is sent."""

    @property
    def readable(self) -> bool:
        return not self.unreadable

    def wants(self, event: str, app_id: str) -> bool:
        return event in self.events and self.app_id in {None, app_id}

    def is_failing(self, now: datetime) -> bool:
        return self.failing_since is not None and now - self.failing_since >= FAILING_AFTER


class WebhookStore:
    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._webhooks: Collection = database["webhooks"]
        self._sealer = sealer
        self._complaints = Lately(COMPLAIN_SECONDS)

    async def everything(self) -> list[Webhook]:
        return [self._opened(doc) for doc in await self._webhooks.find({}, sort=[("created_at", 1), ("_id", 1)])]

    async def enabled(self) -> list[Webhook]:
        """Those that can be told something: one that cannot be read is left out, and said to be now and then."""
        found = [self._opened(doc) for doc in await self._webhooks.find({"enabled": True}, sort=[("_id", 1)])]
        for webhook in found:
            if not webhook.readable and self._complaints.due(webhook.id):
                log.error("webhook_unreadable", webhook_id=webhook.id, reason=UNREADABLE)
        return [webhook for webhook in found if webhook.readable]

    async def get(self, webhook: str) -> Webhook | None:
        doc = await self._webhooks.find_one({"_id": webhook})
        return self._opened(doc) if doc else None

    async def add(self, webhook: Webhook) -> None:
        doc = webhook.model_dump(exclude={"id", "unreadable", *SEALED})
        await self._webhooks.insert_one({"_id": webhook.id, **doc, **self._sealed(webhook.id, _secrets(webhook))})

    async def change(self, webhook: str, fields: dict[str, Any]) -> Webhook | None:
        """Set named fields, `url` and `secret` as text; the webhook as it is then, None where there is none."""
        told = {**fields, **self._sealed(webhook, {name: fields[name] for name in SEALED if name in fields})}
        doc = await self._webhooks.find_one_and_update({"_id": webhook}, {"$set": told})
        return self._opened(doc) if doc else None

    async def disable(self, webhook: str) -> bool:
        """False where it was disabled already, or is gone."""
        return await self._webhooks.update_one({"_id": webhook, "enabled": True}, {"$set": {"enabled": False}}) == 1

    async def remove(self, webhook: str) -> bool:
        return await self._webhooks.delete_one({"_id": webhook}) == 1

    async def note_call(self, webhook: str, call: LastCall) -> None:
        """Keep how the last call ended, and since when none has succeeded."""
        await self._webhooks.update_one({"_id": webhook}, noted(call))

    def _sealed(self, webhook: str, values: dict[str, str]) -> dict[str, str]:
        return {field: self._sealer.seal(value, webhook, field) for field, value in values.items()}

    def _opened(self, doc: Doc) -> Webhook:
        opened, unreadable = self._sealer.open_each(doc, doc["_id"], SEALED)
        lost = dict.fromkeys(unreadable, "")
        return Webhook.model_validate({**doc, **opened, **lost, "id": doc["_id"], "unreadable": unreadable})


def noted(call: LastCall) -> list[Doc]:
    """The update that keeps a call as the last one. A failure leaves the instant of the first one standing."""
    since = {"$ifNull": ["$failing_since", call.at]} if call.failure is not None else None
    return [{"$set": {"last": {"$literal": call.model_dump()}, "failing_since": since}}]


def _secrets(webhook: Webhook) -> dict[str, str]:
    return {"url": webhook.url.get_secret_value(), "secret": webhook.secret.get_secret_value()}
