"""Adding, changing and removing apps, each together with its entry in the audit. Whoever calls announces it."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from services.console.administering.app_fields import PREVIOUS_HOURS, changed_fields, checked, policy_document
from services.console.administering.faults import Fault, require
from services.console.administering.members import bridgeable, members
from services.console.administering.switching import Moved, switched
from shared.clock import real_now
from shared.conversation.mistakes import Mistake
from shared.conversation.policy import Policy
from shared.conversation.policy_check import mistakes
from shared.conversation.routes import Destination
from shared.store.agents import AgentStore
from shared.store.apps import SECRET_FIELDS, App, AppStore
from shared.store.audit import AuditLog, Author, changes_between
from shared.store.driver import Database
from shared.store.erasing import Eraser
from shared.store.vendor_accounts import VendorAccountStore

_FIELDS: Final = ("name", "enabled", "mode", "format", "gh_id", *SECRET_FIELDS)


class NoSuchApp(Exception):
    """No app has this appid."""


class ChangedMeanwhile(Exception):
    """Somebody else changed the app; `version` is what it has now."""

    def __init__(self, version: int) -> None:
        super().__init__(f"version {version}")
        self.version = version


class AppChanges:
    def __init__(self, database: Database, apps: AppStore, vendor_accounts: VendorAccountStore, by: Author) -> None:
        self._database = database
        self._apps = apps
        self._vendor_accounts = vendor_accounts
        self._audit = AuditLog(database)
        self._by = by

    async def add(self, app: App) -> App:
        """Raises FieldsRefused, AppExists."""
        added = checked(app)
        await self._check(added.app_id, added.policy)
        settings = changes_between(policy_document(Policy()), policy_document(added.policy))
        changes = {**changes_between({}, _fields(added), secrets=SECRET_FIELDS), **settings}

        async def add() -> App:
            await self._apps.add(added)
            await self._note("app.added", added.app_id, changes)
            return await self._existing(added.app_id)

        return await self._audit.together(add)

    async def change(
        self,
        app_id: str,
        changes: Mapping[str, Any],
        *,
        version: int | None = None,
        previous_hours: int = PREVIOUS_HOURS,
    ) -> App:
        """Set these fields of App, on `version` or on whatever somebody else made of it meanwhile.

        A token or AES key that is replaced stays good for `previous_hours`.
        Raises NoSuchApp, FieldsRefused, ChangedMeanwhile.
        """
        if "policy" in changes:
            await self._check(app_id, changes["policy"])

        async def change() -> App:
            app = await self._existing(app_id)
            saved = None
            if version in {None, app.version}:
                until = real_now() + timedelta(hours=previous_hours)
                saved = await self._apps.save(checked(changed_fields(app, changes, previous_until=until)))
            if saved is None:
                raise ChangedMeanwhile(app.version)
            await self._note_changes(app, saved, changes)
            return saved

        return await self._audit.together(change)

    async def switch(self, app_id: str, to: Destination) -> App:
        """Change the app's entry and nothing else, if it is not so already.

        Only what the switch makes wrong is refused: an operator in need does not mend all settings first.
        Raises NoSuchApp, FieldsRefused, ChangedMeanwhile.
        """
        app = await self._existing(app_id)
        wanted = switched(app.policy, to)
        if wanted == app.policy:
            return app
        before = await self._mistakes(app_id, app.policy)
        found = await self._mistakes(app_id, wanted)
        require(*(_fault(mistake) for mistake in found if mistake not in before))

        async def switch() -> App:
            saved = await self._apps.save(app.but(policy=wanted))
            if saved is None:
                raise ChangedMeanwhile((await self._existing(app_id)).version)
            await self._note_changes(app, saved, {"policy": wanted})
            return saved

        return await self._audit.together(switch)

    async def note_moved(self, app_id: str, to: Destination, moved: Moved) -> None:
        """Open sessions were told to move there; inside `together`."""
        await self._note("app.sessions_moved", app_id, {"to": (None, str(to)), "moved": (None, moved._asdict())})

    async def remove(self, app: App, *, conversations: int) -> None:
        """The app itself, and what is kept of it beside its conversations, of which there were so many."""

        async def remove() -> None:
            await self._apps.remove(app.app_id)
            await Eraser(self._database).forget_app(app.app_id)
            told = {"name": (app.name, None), "conversations": (conversations, 0)}
            await self._note("app.removed", app.app_id, told)

        await self._audit.together(remove)

    async def _check(self, app_id: str, policy: Policy) -> None:
        """Raise FieldsRefused for what is wrong with new settings as a whole; those that are stored are let be."""
        require(*(_fault(mistake) for mistake in await self._mistakes(app_id, policy)))

    async def _mistakes(self, app_id: str, policy: Policy) -> tuple[Mistake, ...]:
        staff = await members(AgentStore(self._database))
        accounts = await bridgeable(self._vendor_accounts, app_id)
        # Comparing a hundred long rules with each other takes a while, in which others should be served.
        return await asyncio.to_thread(mistakes, policy, staff, accounts)

    async def _existing(self, app_id: str) -> App:
        app = await self._apps.get(app_id)
        if app is None:
            raise NoSuchApp(app_id)
        return app

    async def _note_changes(self, before: App, after: App, changes: Mapping[str, Any]) -> None:
        if changes.keys() - {"policy"}:
            changed = changes_between(_fields(before), _fields(after), secrets=SECRET_FIELDS)
            await self._note("app.changed", after.app_id, changed)
        if "policy" in changes:
            changed = changes_between(policy_document(before.policy), policy_document(after.policy))
            await self._note("app.settings_changed", after.app_id, changed)

    async def _note(self, action: str, app_id: str, changes: Mapping[str, tuple[Any, Any]]) -> None:
        await self._audit.note(self._by, action, app_id, changes, real_now())


def _fault(mistake: Mistake) -> Fault:
    return Fault(("settings", *mistake.where), mistake.what)


def _fields(app: App) -> dict[str, Any]:
    return {field: getattr(app, field) for field in _FIELDS}
