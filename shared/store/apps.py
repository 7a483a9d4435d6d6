"""Mini programs: how to speak to WeChat for each, and how its sessions are served."""

import asyncio
from datetime import datetime
from typing import Any, Literal

import structlog
from pydantic import SecretStr

from shared.conversation.content import Frozen
from shared.conversation.hours import DEFAULT_TIME_ZONE
from shared.conversation.policy import Policy
from shared.store.driver import Collection, Database, Doc, StoreUnavailable
from shared.store.sealing import Sealer

log = structlog.get_logger()

SECRET_FIELDS = ("secret", "token", "aes_key", "previous_aes_key")


class App(Frozen):
    """One mini program. `version` counts changes; secrets are sealed in the database and masked when printed."""

    app_id: str
    name: str
    secret: SecretStr
    token: SecretStr
    aes_key: SecretStr | None = None
    previous_aes_key: SecretStr | None = None
    mode: Literal["plain", "compat", "secure"] = "secure"
    format: Literal["json", "xml"] = "json"
    gh_id: str | None = None
    enabled: bool = True
    version: int = 0
    policy: Policy = Policy()
    verified_at: datetime | None = None
    """When a genuine push last arrived."""


class AppExists(Exception):
    """An app with this appid is registered already."""


class AppStore:
    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._apps: Collection = database["apps"]
        self._sealer = sealer

    async def add(self, app: App) -> None:
        """Raises AppExists."""
        doc = self._sealed(app.but(version=1, policy=_versioned(app.policy, 1)))
        if await self._apps.insert_many([doc]):
            raise AppExists(app.app_id)

    async def get(self, app_id: str) -> App | None:
        doc = await self._apps.find_one({"_id": app_id})
        return self._opened(doc) if doc else None

    async def everything(self) -> list[App]:
        return [self._opened(doc) for doc in await self._apps.find({}, sort=[("_id", 1)])]

    async def save(self, app: App) -> App | None:
        """Write `app` over the version it was read at; None where someone else changed it meanwhile."""
        changed = app.but(version=app.version + 1, policy=_versioned(app.policy, app.version + 1))
        doc = self._sealed(changed)
        doc.pop("verified_at")
        matched = await self._apps.update_one({"_id": app.app_id, "version": app.version}, {"$set": doc})
        return changed if matched else None

    async def note_verified(self, app_id: str, at: datetime) -> None:
        await self._apps.update_one({"_id": app_id}, {"$max": {"verified_at": at}})

    async def remove(self, app_id: str) -> bool:
        return await self._apps.delete_one({"_id": app_id}) == 1

    def _sealed(self, app: App) -> Doc:
        doc = app.model_dump()
        for field in SECRET_FIELDS:
            value = getattr(app, field)
            doc[field] = None if value is None else self._sealer.seal(value.get_secret_value(), app.app_id, field)
        doc["_id"] = doc.pop("app_id")
        return doc

    def _opened(self, doc: Doc) -> App:
        app_id = str(doc["_id"])
        opened: dict[str, Any] = {
            field: self._sealer.open(doc[field], app_id, field) for field in SECRET_FIELDS if doc.get(field)
        }
        return App.model_validate({**doc, **opened, "app_id": app_id})


class AppCache:
    """All apps, read whole and again every few seconds; served stale while MongoDB is away."""

    def __init__(self, store: AppStore, *, every_seconds: float = 10.0, time_zone: str = DEFAULT_TIME_ZONE) -> None:
        """`time_zone` is that of apps which name none for their hours."""
        self._store = store
        self._every_seconds = every_seconds
        self._time_zone = time_zone
        self._apps: dict[str, App] = {}
        self._policies: dict[str, Policy] = {}
        self._changed = asyncio.Event()
        self.loaded = False

    def get(self, app_id: str) -> App | None:
        return self._apps.get(app_id)

    def policy(self, app_id: str) -> Policy:
        """The app's policy as it is served; the default one for an app that was removed, whose conversations still end.

        Unlike the stored one it names the time zone of its hours.
        """
        return self._policies.get(app_id) or Policy()

    def time_zone(self, app_id: str) -> str:
        """The one of the app's hours; that of the installation where it names none, or is gone."""
        app = self._apps.get(app_id)
        hours = app.policy.hours if app else None
        return (hours.time_zone if hours else None) or self._time_zone

    def all(self) -> list[App]:
        return list(self._apps.values())

    async def refresh(self) -> None:
        self._apps = {app.app_id: app for app in await self._store.everything()}
        self._policies = {name: app.policy.in_time_zone(self._time_zone) for name, app in self._apps.items()}
        self.loaded = True

    def note_change(self) -> None:
        """Somebody announced a change: read again now rather than in a while."""
        self._changed.set()

    async def keep_fresh(self) -> None:
        while True:
            # Before reading: what changes while it is read is announced for the reading after.
            self._changed.clear()
            try:
                await self.refresh()
            except StoreUnavailable as outage:
                log.warning("apps_stale", reason=str(outage), retry_seconds=self._every_seconds)
            try:
                async with asyncio.timeout(self._every_seconds if self.loaded else 1.0):
                    await self._changed.wait()
            except TimeoutError:
                continue


def _versioned(policy: Policy, version: int) -> Policy:
    return policy.but(version=version)
