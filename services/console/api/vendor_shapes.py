"""Vendor accounts as the calls tell them: everything but their secrets, and how their breakers stand."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import Field

from services.console.administering.faults import Fault, FieldsRefused
from services.console.administering.vendor_addresses import proxy_url, push_url, token_url
from services.console.administering.vendor_changes import users_of
from services.console.administering.vendor_fields import account_faults, secret_names, shown_settings
from services.console.api.shape import Shape
from shared.conversation.bridges import Bridge, BridgeSettings
from shared.store import vendor_accounts
from shared.store.apps import App
from shared.store.vendor_accounts import Breaker, BreakerState
from shared.vendors.port import Vendor
from shared.vendors.registry import VENDORS


class VendorKind(Shape):
    """A vendor that wxdesk can speak to."""

    kind: str
    settings: dict[str, Any] = Field(description="JSON schema of an account's `settings`")
    secrets: dict[str, Any] = Field(description="JSON schema of an account's `secrets`")
    bridge: dict[str, Any] = Field(description="JSON schema of an account's `bridge`, the same for every vendor")

    @classmethod
    def of(cls, vendor: Vendor) -> "VendorKind":
        secret = frozenset(secret_names(vendor.settings))
        whole = vendor.settings.model_json_schema()
        return cls(
            kind=vendor.kind,
            settings=_part(whole, whole["properties"].keys() - secret),
            secrets=_part(whole, secret),
            bridge=BridgeSettings.model_json_schema(),
        )


class VendorKindList(Shape):
    items: list[VendorKind]
    next: None = None


class VendorSecret(Shape):
    """What may be told of a secret."""

    set: bool


class VendorFault(Shape):
    where: str
    what: str


class VendorBreaker(Shape):
    """Whether an app's messages may go to the account; where an app has none, they may."""

    app_id: str
    state: BreakerState
    since: datetime
    failures: int = Field(description="calls that failed, one after another")
    code: str | None = Field(description="of the last one")
    reason: str | None
    probe_at: datetime | None = Field(description="when an open one is tried")
    drill: bool = Field(description="opened on purpose")

    @classmethod
    def of(cls, breaker: Breaker) -> "VendorBreaker":
        return cls(
            app_id=breaker.app_id,
            state=breaker.state,
            since=breaker.since,
            failures=breaker.failures,
            code=breaker.code,
            reason=breaker.reason,
            probe_at=breaker.probe_at,
            drill=breaker.drill,
        )


class VendorAccount(Shape):
    id: str
    vendor: str
    name: str
    enabled: bool
    version: int = Field(description="counts changes")
    bridge: BridgeSettings
    settings: dict[str, Any] = Field(description="the vendor's own, defaults too; `GET /vendors` has their schema")
    secrets: dict[str, VendorSecret] = Field(description="by the names of the vendor's schema; never what they are")
    unreadable: list[str] = Field(description="secrets sealed with a key that is lost, to be entered again")
    used_by: list[str] = Field(description="apps whose settings lead to it")
    push_url: str | None = Field(description="to be entered at the vendor; null: PUBLIC_BASE_URL is not set")
    token_url: str | None = Field(
        description="where the vendor fetches access tokens; null: it does not. In an address a secret's name in "
        "braces stands where the secret belongs"
    )
    proxy_url: str | None = Field(description="what stands for WeChat's API to the vendor; null: nothing does")
    breakers: list[VendorBreaker]
    faults: list[VendorFault] = Field(description="what is wrong with its settings by now: it is not used meanwhile")

    @classmethod
    def of(
        cls, account: vendor_accounts.VendorAccount, apps: Iterable[App], breakers: Iterable[Breaker], base: str | None
    ) -> "VendorAccount":
        vendor = VENDORS.get(account.vendor)
        return cls(
            id=account.account_id,
            vendor=account.vendor,
            name=account.name,
            enabled=account.enabled,
            version=account.version,
            bridge=account.bridge,
            settings=shown_settings(account),
            secrets=_secrets(account, vendor),
            unreadable=list(account.unreadable),
            used_by=users_of(account.account_id, apps),
            push_url=push_url(account, base),
            token_url=token_url(account, base),
            proxy_url=proxy_url(account, base),
            breakers=[VendorBreaker.of(one) for one in breakers if one.account == account.account_id],
            faults=[VendorFault(where=fault.dotted, what=fault.what) for fault in _faults(account)],
        )


class VendorAccountList(Shape):
    items: list[VendorAccount]
    next: None = None


class VendorTest(Shape):
    """What came of trying an account out."""

    ok: bool
    said: str | None = Field(description="what the vendor said, for an administrator")
    what: str = Field(description="what that means, and what to do about it")
    code: str | None = Field(description="the vendor's, or a word for what has none; null where it works")


class BridgeSummary(Shape):
    """A vendor account that sessions of an app can be given to."""

    account: str
    vendor: str
    name: str
    down: bool = Field(description="its breaker is open: nothing is given to it now")
    shows_replies: bool = Field(description="false: what its people say goes past us, and is not in the history")

    @classmethod
    def of(cls, bridge: Bridge) -> "BridgeSummary":
        return cls(
            account=bridge.account,
            vendor=bridge.vendor,
            name=bridge.name,
            down=bridge.down,
            shows_replies=bridge.shows_replies,
        )


class BridgeList(Shape):
    items: list[BridgeSummary]
    next: None = None


def _part(schema: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The schema of these properties alone."""
    kept = frozenset(names)
    return {
        **schema,
        "properties": {name: one for name, one in schema["properties"].items() if name in kept},
        "required": [name for name in schema.get("required", ()) if name in kept],
    }


def _secrets(account: vendor_accounts.VendorAccount, vendor: Vendor | None) -> dict[str, VendorSecret]:
    known = secret_names(vendor.settings) if vendor else ()
    there = {*account.secrets, *account.unreadable}
    return {name: VendorSecret(set=name in there) for name in dict.fromkeys([*known, *sorted(there)])}


def _faults(account: vendor_accounts.VendorAccount) -> list[Fault]:
    """Stored when more was allowed than is now, or by a version that knew other vendors."""
    try:
        return account_faults(account)
    except FieldsRefused as refused:
        return list(refused.faults)
