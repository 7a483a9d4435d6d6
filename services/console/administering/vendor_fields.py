"""A vendor account's fields as an administrator gives them, checked; and what may be told of them. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from pydantic import SecretStr, ValidationError

from services.console.administering.faults import Fault, FieldsRefused, Place, faults_of, named, require
from shared.conversation.bridges import BridgeSettings
from shared.store.vendor_accounts import VendorAccount
from shared.vendors.port import Vendor, VendorSettings, parsed
from shared.vendors.registry import VENDORS

LONGEST_NAME: Final = 60
LONGEST_SECRET: Final = 2048

_ACCOUNT_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_NO_SETTING: Final = "there is no such setting"


def vendor_named(kind: str) -> Vendor:
    """Raises FieldsRefused, naming those there are."""
    vendor = VENDORS.get(kind)
    if vendor is None:
        known = ", ".join(sorted(VENDORS))
        raise FieldsRefused([Fault(("vendor",), f"there is no such vendor; there are {known}")])
    return vendor


def secret_names(settings: type[VendorSettings]) -> tuple[str, ...]:
    """Those of its fields that are sealed at rest and never told."""
    fields = settings.model_fields.items()
    return tuple(name for name, field in fields if SecretStr in (field.annotation, *get_args(field.annotation)))


def checked(account: VendorAccount) -> VendorAccount:
    """The account, its name trimmed, if its vendor could work with it; raises FieldsRefused with every mistake."""
    require(_id_fault(account.account_id), named("name", account.name, LONGEST_NAME))
    require(*account_faults(account))
    return account.but(name=account.name.strip(), settings=_as_read(account))


def account_faults(account: VendorAccount) -> list[Fault]:
    """What is wrong with its settings and secrets now; secrets that are sealed with a lost key apart."""
    vendor = vendor_named(account.vendor)
    secret = frozenset(secret_names(vendor.settings))
    faults = [*_misplaced(account, vendor, secret), *_unfit_secrets(account)]
    try:
        parsed(vendor, account)
    except ValidationError as refused:
        faults += [_placed(fault, secret) for fault in faults_of(refused, (), unknown=_NO_SETTING)]
    lost = {("secrets", name) for name in account.unreadable}
    return [fault for fault in dict.fromkeys(faults) if fault.where not in lost]


def read_bridge(document: Mapping[str, Any]) -> BridgeSettings:
    """Raises FieldsRefused with every mistake, each by its place below `bridge`."""
    try:
        return BridgeSettings.model_validate(document, extra="forbid")
    except ValidationError as refused:
        raise FieldsRefused(tuple(faults_of(refused, ("bridge",), unknown=_NO_SETTING))) from None


def changed_bridge(before: BridgeSettings, changes: Mapping[str, Any]) -> BridgeSettings:
    """What is left out stays, of `breaker` too; raises FieldsRefused."""
    document, given = before.model_dump(mode="json"), dict(changes)
    if isinstance(given.get("breaker"), Mapping):
        given["breaker"] = {**document["breaker"], **given["breaker"]}
    return read_bridge({**document, **given})


def changed_settings(before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """What is left out stays; null takes a setting back to its default."""
    return {name: value for name, value in {**before, **changes}.items() if value is not None}


def changed_secrets(account: VendorAccount, changes: Mapping[str, SecretStr | None]) -> VendorAccount:
    """With these secrets instead; null removes one. What was entered anew is readable again."""
    kept = {name: value for name, value in {**account.secrets, **changes}.items() if value is not None}
    return account.but(secrets=kept, unreadable=tuple(name for name in account.unreadable if name not in changes))


def shown_settings(account: VendorAccount) -> dict[str, Any]:
    """All that it works with, defaults too, but no secret; as stored where this version cannot read them."""
    vendor = VENDORS.get(account.vendor)
    secret = secret_names(vendor.settings) if vendor else ()
    stored = {name: value for name, value in account.settings.items() if name not in secret}
    if vendor is None:
        return stored
    fields = vendor.settings.model_json_schema().get("properties", {})
    defaults = {name: one["default"] for name, one in fields.items() if "default" in one and name not in secret}
    return {**defaults, **stored}


def serves(account: VendorAccount, app_id: str) -> bool:
    """Whether sessions of the app could go there, if it was enabled and all its secrets were readable."""
    vendor = VENDORS.get(account.vendor)
    try:
        return vendor is not None and vendor.bridge(account, app_id, down=False) is not None
    except ValidationError:
        return False


def fields_of(account: VendorAccount) -> dict[str, Any]:
    """Each by a name of its own, as the audit has them; secrets are among them, by `secrets.` and their names."""
    return {
        "vendor": account.vendor,
        "name": account.name,
        "enabled": account.enabled,
        **{f"bridge.{name}": value for name, value in account.bridge.model_dump(mode="json").items()},
        **{f"settings.{name}": value for name, value in account.settings.items()},
        **{f"secrets.{name}": value for name, value in account.secrets.items()},
    }


def _as_read(account: VendorAccount) -> dict[str, Any]:
    """The settings that were given, each as its vendor reads it: `20` for `"20"`."""
    vendor = vendor_named(account.vendor)
    try:
        read = parsed(vendor, account).model_dump(mode="json", include=set(account.settings))
    except ValidationError:
        # A secret that cannot be read is missing; all else is good.
        return dict(account.settings)
    return {name: read[name] for name in account.settings}


def _id_fault(account_id: str) -> Fault | None:
    if _ACCOUNT_ID.fullmatch(account_id) is not None:
        return None
    what = "must begin with a small letter or digit; then small letters, digits and - may follow, 40 in all"
    return Fault(("id",), what)


def _misplaced(account: VendorAccount, vendor: Vendor, secret: frozenset[str]) -> Iterator[Fault]:
    """A misspelt name would otherwise change nothing and say nothing."""
    known = vendor.settings.model_fields.keys()
    for name in account.settings:
        if name in secret:
            yield Fault(("settings", name), "is a secret; give it among the secrets, where it is sealed")
        elif name not in known:
            yield Fault(("settings", name), _NO_SETTING)
    for name in account.secrets:
        if name not in secret:
            yield Fault(("secrets", name), f"there is no such secret; there are {', '.join(sorted(secret))}")


def _unfit_secrets(account: VendorAccount) -> Iterator[Fault]:
    for name, secret in account.secrets.items():
        value = secret.get_secret_value()
        if value.strip() != value or not value or not value.isprintable():
            yield Fault(("secrets", name), "must be one line of text with no space around it; copy it again")
        elif len(value) > LONGEST_SECRET:
            yield Fault(("secrets", name), f"must have at most {LONGEST_SECRET} characters; copy it again")


def _placed(fault: Fault, secret: frozenset[str]) -> Fault:
    """Below `settings` or `secrets`, wherever its field is entered."""
    first = str(fault.where[0]) if fault.where else ""
    where: Place = ("secrets" if first in secret else "settings", *fault.where)
    return Fault(where, "is needed" if fault.what == "Field required" else fault.what)
