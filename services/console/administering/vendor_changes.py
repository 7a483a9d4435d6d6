"""Adding, changing and removing vendor accounts, each together with its entry in the audit. Whoever calls announces."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import SecretStr

from services.console.administering.vendor_fields import (
    changed_bridge,
    changed_secrets,
    changed_settings,
    checked,
    fields_of,
)
from shared.clock import real_now
from shared.conversation.policy import Policy
from shared.conversation.routes import Destination
from shared.store.apps import App, AppStore
from shared.store.audit import AuditLog, Author, changes_between
from shared.store.driver import Database
from shared.store.erasing import Eraser
from shared.store.vendor_accounts import VendorAccount, VendorAccountStore

PLAIN_FIELDS: Final = ("name", "enabled")


class NoSuchVendorAccount(Exception):
    """No vendor account has this id."""


class VendorAccountChanged(Exception):
    """Somebody else changed the vendor account; `version` is what it has now."""

    def __init__(self, version: int) -> None:
        super().__init__(f"version {version}")
        self.version = version


class VendorAccountNamed(Exception):
    """The settings of these apps lead to the vendor account."""

    def __init__(self, apps: Sequence[str]) -> None:
        super().__init__(", ".join(apps))
        self.apps = tuple(apps)


class VendorAccountChanges:
    def __init__(self, database: Database, accounts: VendorAccountStore, apps: AppStore, by: Author) -> None:
        self._database = database
        self._accounts = accounts
        self._apps = apps
        self._audit = AuditLog(database)
        self._by = by

    async def add(self, account: VendorAccount) -> VendorAccount:
        """Raises FieldsRefused, AccountExists."""
        wanted = checked(account)

        async def add() -> VendorAccount:
            added = await self._accounts.add(wanted)
            await self._note("vendor_account.added", None, added)
            return added

        return await self._audit.together(add)

    async def change(self, account_id: str, changes: Mapping[str, Any], *, version: int | None = None) -> VendorAccount:
        """Set these: `name`, `enabled`, and of `bridge`, `settings` and `secrets` what they name; the rest stays.

        On `version`, or on whatever somebody else made of it meanwhile. Raises NoSuchVendorAccount, FieldsRefused,
        VendorAccountChanged.
        """

        async def change() -> VendorAccount:
            account = await self.existing(account_id)
            if version not in {None, account.version}:
                raise VendorAccountChanged(account.version)
            wanted = checked(_changed(account, changes))
            saved = await self._accounts.save(wanted)
            if saved is None:
                raise VendorAccountChanged(account.version)
            await self._note("vendor_account.changed", account, saved)
            return saved

        return await self._audit.together(change)

    async def remove(self, account_id: str) -> None:
        """Its breakers and its lane, too. Raises NoSuchVendorAccount, VendorAccountNamed."""

        async def remove() -> None:
            account = await self.existing(account_id)
            if named := users_of(account_id, await self._apps.everything()):
                raise VendorAccountNamed(named)
            await self._accounts.remove(account_id)
            await Eraser(self._database).forget_vendor_account(account.vendor, account_id)
            await self._note("vendor_account.removed", account, None)

        await self._audit.together(remove)

    async def existing(self, account_id: str) -> VendorAccount:
        """Raises NoSuchVendorAccount."""
        account = await self._accounts.get(account_id)
        if account is None:
            raise NoSuchVendorAccount(account_id)
        return account

    async def _note(self, action: str, before: VendorAccount | None, after: VendorAccount | None) -> None:
        was, now = (fields_of(one) if one is not None else {} for one in (before, after))
        secrets = [name for name in {**was, **now} if name.startswith("secrets.")]
        changes = changes_between(was, {**dict.fromkeys(was), **now}, secrets=secrets)
        account = after or before
        if account is not None:
            await self._audit.note(self._by, action, account.account_id, changes, real_now())


def users_of(account_id: str, apps: Iterable[App]) -> list[str]:
    """The apps whose settings lead to the account."""
    return [app.app_id for app in apps if leads_to(app.policy, account_id)]


def leads_to(policy: Policy, account_id: str) -> bool:
    return Destination(kind="vendor", name=account_id) in policy.destinations


def _changed(account: VendorAccount, changes: Mapping[str, Any]) -> VendorAccount:
    wanted = account.but(**{name: changes[name] for name in PLAIN_FIELDS if name in changes})
    if "bridge" in changes:
        wanted = wanted.but(bridge=changed_bridge(account.bridge, changes["bridge"]))
    if "settings" in changes:
        wanted = wanted.but(settings=changed_settings(account.settings, changes["settings"]))
    if "secrets" in changes:
        secrets: Mapping[str, SecretStr | None] = changes["secrets"]
        wanted = changed_secrets(wanted, secrets)
    return wanted
