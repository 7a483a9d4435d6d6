"""Adding and changing apps, with an entry in the audit for each. Whoever calls announces it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.console.administering.app_fields import changed_fields, checked, policy_document
from shared.clock import real_now
from shared.conversation.policy import Policy
from shared.store.apps import SECRET_FIELDS, App, AppStore
from shared.store.audit import AuditLog, Author, changes_between

RACES: Final = 5
"""How often a change is tried again when somebody else was faster."""

_FIELDS: Final = ("name", "enabled", "mode", "format", "gh_id", *SECRET_FIELDS)


class NoSuchApp(Exception):
    """No app has this appid."""


class ChangedMeanwhile(Exception):
    """Somebody else changed the app; `version` is what it has now."""

    def __init__(self, version: int) -> None:
        super().__init__(f"version {version}")
        self.version = version


@dataclass(frozen=True, slots=True)
class AppChanges:
    apps: AppStore
    audit: AuditLog
    by: Author

    async def add(self, app: App) -> App:
        """Raises FieldsRefused, AppExists."""
        added = checked(app)
        await self.apps.add(added)
        settings = changes_between(policy_document(Policy()), policy_document(added.policy))
        changes = {**changes_between({}, _fields(added), secrets=SECRET_FIELDS), **settings}
        await self.audit.note(self.by, "app.added", added.app_id, changes, real_now())
        return await self._existing(added.app_id)

    async def change(self, app_id: str, changes: Mapping[str, Any], *, version: int | None = None) -> App:
        """Set these fields of App, on `version` or on whatever somebody else made of it meanwhile.

        Raises NoSuchApp, FieldsRefused, ChangedMeanwhile.
        """
        app = await self._existing(app_id)
        for _ in range(RACES):
            if version not in {None, app.version}:
                break
            saved = await self.apps.save(checked(changed_fields(app, changes)))
            if saved is not None:
                await self._note(app, saved, changes)
                return saved
            app = await self._existing(app_id)
        raise ChangedMeanwhile(app.version)

    async def _existing(self, app_id: str) -> App:
        app = await self.apps.get(app_id)
        if app is None:
            raise NoSuchApp(app_id)
        return app

    async def _note(self, before: App, after: App, changes: Mapping[str, Any]) -> None:
        if changes.keys() - {"policy"}:
            changed = changes_between(_fields(before), _fields(after), secrets=SECRET_FIELDS)
            await self.audit.note(self.by, "app.changed", after.app_id, changed, real_now())
        if "policy" in changes:
            changed = changes_between(policy_document(before.policy), policy_document(after.policy))
            await self.audit.note(self.by, "app.settings_changed", after.app_id, changed, real_now())


def _fields(app: App) -> dict[str, Any]:
    return {field: getattr(app, field) for field in _FIELDS}
