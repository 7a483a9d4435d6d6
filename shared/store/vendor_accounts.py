"""Our contracts with vendors: one record each, which one or more apps use; and the state of their breakers."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

import structlog
from pydantic import Field, SecretStr

from shared.conversation.bridges import BridgeSettings
from shared.conversation.content import Frozen
from shared.store.driver import Collection, Database, Doc
from shared.store.sealing import Sealer

log = structlog.get_logger()


class VendorAccount(Frozen):
    """`settings` and `secrets` are the vendor's own, by the names of its settings model; `bridge` all vendors have.

    `unreadable` names secrets that were sealed with a key which is not here: nothing can be proved or signed.
    """

    account_id: str
    vendor: str
    name: str
    enabled: bool = True
    version: int = 0
    bridge: BridgeSettings = BridgeSettings()
    settings: dict[str, Any] = Field(default_factory=dict)
    secrets: dict[str, SecretStr] = Field(default_factory=dict)
    unreadable: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        return self.enabled and not self.unreadable


class AccountExists(Exception):
    """A vendor account of this id is there already."""


class VendorAccountStore:
    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._accounts: Collection = database["vendor_accounts"]
        self._sealer = sealer

    async def add(self, account: VendorAccount) -> VendorAccount:
        """Raises AccountExists."""
        added = account.but(version=1)
        if await self._accounts.insert_many([self._sealed(added)]):
            raise AccountExists(account.account_id)
        return added

    async def get(self, account_id: str) -> VendorAccount | None:
        doc = await self._accounts.find_one({"_id": account_id})
        return self._opened(doc) if doc else None

    async def everything(self) -> list[VendorAccount]:
        return [self._opened(doc) for doc in await self._accounts.find({}, sort=[("_id", 1)])]

    async def save(self, account: VendorAccount) -> VendorAccount | None:
        """Write over the version it was read at; None where someone else changed it meanwhile.

        A secret that could not be read, and was not entered anew, stays as it is stored; while there is one, no other
        can be taken away.
        """
        changed = account.but(version=account.version + 1)
        doc = self._sealed(changed)
        secrets = doc.pop("secrets")
        each = {f"secrets.{name}": sealed for name, sealed in secrets.items()}
        fields = {**doc, **(each if account.unreadable else {"secrets": secrets})}
        where = {"_id": account.account_id, "version": account.version}
        return changed if await self._accounts.update_one(where, {"$set": fields}) else None

    async def remove(self, account_id: str) -> bool:
        return await self._accounts.delete_one({"_id": account_id}) == 1

    def _sealed(self, account: VendorAccount) -> Doc:
        doc = account.model_dump(exclude={"secrets", "unreadable", "account_id"})
        owner = _owner(account.account_id)
        doc["secrets"] = {
            name: self._sealer.seal(secret.get_secret_value(), owner, name) for name, secret in account.secrets.items()
        }
        return {"_id": account.account_id, **doc}

    def _opened(self, doc: Doc) -> VendorAccount:
        account_id, stored = str(doc["_id"]), doc.get("secrets") or {}
        secrets, unreadable = self._sealer.open_each(stored, _owner(account_id), stored)
        return VendorAccount.model_validate(
            {**doc, "account_id": account_id, "secrets": secrets, "unreadable": unreadable}
        )


BreakerState = Literal["closed", "open", "half_open"]


class Breaker(Frozen):
    """Whether an app's messages may go to a vendor account. `drill`: it was opened on purpose, to see what happens.

    `failures` counts those in a row, the first of them at `failing_since`; `probe_at` is when an open one is tried.
    """

    app_id: str
    account: str
    state: BreakerState = "closed"
    since: datetime
    failures: int = 0
    failing_since: datetime | None = None
    probe_at: datetime | None = None
    code: str | None = None
    reason: str | None = None
    drill: bool = False
    version: int = 0

    @property
    def down(self) -> bool:
        return self.state != "closed"


class BreakerStore:
    """One document for each app and account, shared by all replicas."""

    def __init__(self, database: Database) -> None:
        self._breakers: Collection = database["breakers"]

    async def everything(self) -> list[Breaker]:
        return [Breaker.model_validate(doc) for doc in await self._breakers.find({}, sort=[("_id", 1)])]

    async def get(self, app_id: str, account: str) -> Breaker | None:
        doc = await self._breakers.find_one({"_id": _breaker_id(app_id, account)})
        return Breaker.model_validate(doc) if doc else None

    async def save(self, breaker: Breaker) -> Breaker | None:
        """Write over the version it was read at (0: there was none); None where someone else was quicker."""
        changed = breaker.but(version=breaker.version + 1)
        doc = changed.model_dump()
        name = _breaker_id(breaker.app_id, breaker.account)
        if breaker.version == 0:
            return None if await self._breakers.insert_many([{"_id": name, **doc}]) else changed
        where = {"_id": name, "version": breaker.version}
        return changed if await self._breakers.update_one(where, {"$set": doc}) else None


class VendorCache:
    """All accounts and breakers, read whole; stale while MongoDB is away."""

    def __init__(self, accounts: VendorAccountStore, breakers: BreakerStore) -> None:
        self._accounts_store = accounts
        self._breakers_store = breakers
        self._accounts: dict[str, VendorAccount] = {}
        self._breakers: dict[tuple[str, str], Breaker] = {}

    def get(self, account_id: str) -> VendorAccount | None:
        return self._accounts.get(account_id)

    def all(self) -> list[VendorAccount]:
        return list(self._accounts.values())

    def breaker(self, app_id: str, account: str) -> Breaker | None:
        return self._breakers.get((app_id, account))

    def breakers(self) -> Iterable[Breaker]:
        return self._breakers.values()

    async def refresh(self) -> None:
        """Raises StoreUnavailable."""
        stores = (self._accounts_store.everything(), self._breakers_store.everything())
        accounts, breakers = await asyncio.gather(*stores)
        self._accounts = {account.account_id: account for account in accounts}
        self._breakers = {(one.app_id, one.account): one for one in breakers}


def _owner(account_id: str) -> str:
    return f"vendor:{account_id}"


def _breaker_id(app_id: str, account: str) -> str:
    return f"{app_id}|{account}"
