"""Mini programs: how to speak to WeChat for each, and how its sessions are served."""

import asyncio
import secrets
from datetime import datetime
from typing import Literal, Protocol

import structlog
from pydantic import SecretStr

from shared.conversation.bridges import Bridge
from shared.conversation.content import Frozen
from shared.conversation.hours import DEFAULT_TIME_ZONE
from shared.conversation.policy import Policy, with_bridges
from shared.conversation.stored_policy import read_stored
from shared.lately import COMPLAIN_SECONDS, Lately
from shared.store.driver import Collection, Database, Doc, StoreUnavailable
from shared.store.sealing import Sealer

log = structlog.get_logger()

SECRET_FIELDS = ("secret", "token", "previous_token", "aes_key", "previous_aes_key")
_WHAT_TO_DO = "sealed with a key that is not in WXDESK_SECRET_KEYS; add the key, or enter the app's secrets again"
_NEEDED = frozenset(SECRET_FIELDS) - {"previous_token", "previous_aes_key"}


class App(Frozen):
    """One mini program. `version` counts changes; secrets are sealed in the database and masked when printed."""

    app_id: str
    name: str
    secret: SecretStr
    token: SecretStr
    previous_token: SecretStr | None = None
    aes_key: SecretStr | None = None
    previous_aes_key: SecretStr | None = None
    previous_until: datetime | None = None
    """When the previous token and AES key stop being good; None: not before somebody says so."""
    mode: Literal["plain", "compat", "secure"] = "secure"
    format: Literal["json", "xml"] = "json"
    gh_id: str | None = None
    enabled: bool = True
    version: int = 0
    policy: Policy = Policy()
    policy_faults: tuple[str, ...] = ()
    """What of the stored policy is not good any more, as `place: why`; `policy` is what is served. Never stored."""
    verified_at: datetime | None = None
    """When a genuine push last arrived."""
    unreadable: tuple[str, ...] = ()
    """Secrets sealed with a key that is not here. They hold chance in place of what they were, so that nothing can be
    proved or signed by them; saving the app leaves what is stored of them."""

    @property
    def readable(self) -> bool:
        """Whether pushes can be opened and messages sent."""
        return _NEEDED.isdisjoint(self.unreadable)

    def previous_stands(self, now: datetime) -> bool:
        """Whether pushes proved by the previous token or AES key are genuine."""
        return self.previous_until is None or now < self.previous_until


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
        changed = app.but(version=app.version + 1, policy=_versioned(app.policy, app.version + 1), policy_faults=())
        doc = self._sealed(changed)
        doc.pop("verified_at")
        matched = await self._apps.update_one({"_id": app.app_id, "version": app.version}, {"$set": doc})
        return changed if matched else None

    async def note_verified(self, app_id: str, at: datetime) -> None:
        await self._apps.update_one({"_id": app_id}, {"$max": {"verified_at": at}})

    async def remove(self, app_id: str) -> bool:
        return await self._apps.delete_one({"_id": app_id}) == 1

    def _sealed(self, app: App) -> Doc:
        doc = app.model_dump(exclude={"policy_faults", "unreadable", *app.unreadable})
        for field in set(SECRET_FIELDS) - set(app.unreadable):
            value = getattr(app, field)
            doc[field] = None if value is None else self._sealer.seal(value.get_secret_value(), app.app_id, field)
        doc["_id"] = doc.pop("app_id")
        return doc

    def _opened(self, doc: Doc) -> App:
        app_id = str(doc["_id"])
        opened, unreadable = self._sealer.open_each(doc, app_id, SECRET_FIELDS)
        secret_fields = {**opened, **{field: _chance() for field in unreadable}, "unreadable": unreadable}
        policy, faults = read_stored(doc.get("policy") or {})
        return App.model_validate({**doc, **secret_fields, "app_id": app_id, "policy": policy, "policy_faults": faults})


class BridgeSource(Protocol):
    """The vendor accounts that sessions can go to, which are read together with the apps."""

    async def refresh(self) -> None: ...

    def of(self, app_id: str) -> tuple[Bridge, ...]: ...


class AppCache:
    """All apps, read whole and again every few seconds; served stale while MongoDB is away."""

    def __init__(
        self,
        store: AppStore,
        bridges: "BridgeSource | None" = None,
        *,
        every_seconds: float = 10.0,
        time_zone: str = DEFAULT_TIME_ZONE,
    ) -> None:
        """`time_zone` is that of apps which name none for their hours."""
        self._bridges = bridges
        self._store = store
        self._every_seconds = every_seconds
        self._time_zone = time_zone
        self._apps: dict[str, App] = {}
        self._policies: dict[str, Policy] = {}
        self._changed = asyncio.Event()
        self._complaints = Lately(COMPLAIN_SECONDS)
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
        # At the same time: what was changed a moment ago is wanted soon.
        apps, _ = await asyncio.gather(self._store.everything(), self._refresh_bridges())
        self._apps = {app.app_id: app for app in apps}
        self._policies = {name: self._served(app) for name, app in self._apps.items()}
        self.loaded = True
        self._complain()

    async def _refresh_bridges(self) -> None:
        if self._bridges is not None:
            await self._bridges.refresh()

    def _served(self, app: App) -> Policy:
        policy = app.policy.in_time_zone(self._time_zone)
        return with_bridges(policy, self._bridges.of(app.app_id)) if self._bridges else policy

    def _complain(self) -> None:
        """Loudly, but not with every reading: the others go on, these do not until somebody does something."""
        for app in self._apps.values():
            if app.unreadable and self._complaints.due(app.app_id):
                reason = f"{', '.join(app.unreadable)}: {_WHAT_TO_DO}"
                log.error("app_unreadable", app_id=app.app_id, reason=reason)
            if app.policy_faults and self._complaints.due(f"{app.app_id} settings"):
                log.error("app_settings_mended", app_id=app.app_id, reason="; ".join(app.policy_faults))

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


def _chance() -> str:
    """Nobody's secret, in the form of an EncodingAESKey, which every secret may have."""
    return secrets.token_hex(21) + "0"
