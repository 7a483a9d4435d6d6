"""Vendor accounts: our contracts with vendors, as administrators keep them. Secrets are set, and never told."""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field, SecretStr, WithJsonSchema

from services.console.administering.vendor_changes import (
    NoSuchVendorAccount,
    VendorAccountChanged,
    VendorAccountChanges,
    VendorAccountNamed,
)
from services.console.administering.vendor_fields import changed_settings, read_bridge, vendor_named
from services.console.api import vendor_shapes
from services.console.api.vendor_shapes import (
    BridgeList,
    BridgeSummary,
    VendorAccountList,
    VendorKind,
    VendorKindList,
)
from services.console.operations import HIGHEST_WHOLE, Call, Input, Operation, answer
from services.console.problem import Refused
from shared.conversation.policy import ServedPolicy
from shared.outage import Outage
from shared.store.vendor_accounts import AccountExists, VendorAccount
from shared.vendors.registry import VENDORS

BridgeDocument = Annotated[
    dict[str, Any],
    WithJsonSchema({"type": "object", "allOf": [{"$ref": "#/components/schemas/BridgeSettings"}]}),
]


class NewVendorAccountBody(Input):
    id: str = Field(description="small letters, digits and -, 40 at most; it is in addresses and never changes")
    vendor: str = Field(description="a kind of `GET /vendors`")
    name: str = Field(description="what agents see")
    enabled: bool = True
    bridge: BridgeDocument = Field(default_factory=dict, description="how sessions go on with it")
    settings: dict[str, Any] = Field(default_factory=dict, description="the vendor's own, but for the secrets")
    secrets: dict[str, SecretStr | None] = Field(default_factory=dict, description="sealed, and never told again")


class VendorAccountBody(Input):
    """What is left out stays, within `bridge`, `settings` and `secrets` too. A setting that is null has its default."""

    version: int | None = Field(
        None, le=HIGHEST_WHOLE, description="the version this is a change of; another one by now: 409"
    )
    name: str | None = None
    enabled: bool | None = Field(None, description="false: no session goes there, and its pushes are refused")
    bridge: BridgeDocument | None = None
    settings: dict[str, Any] | None = None
    secrets: dict[str, SecretStr | None] | None = Field(None, description="null takes one away")


class BridgesQuery(Input):
    app: str = Field(description="the app whose sessions are to go there")


async def list_vendors(_: Call) -> web.Response:
    return answer(VendorKindList(items=[VendorKind.of(VENDORS[kind]) for kind in sorted(VENDORS)]))


async def list_bridges(call: Call) -> web.Response:
    """Those that are enabled, have good settings and serve the app, whether or not they work at this moment."""
    app_id = call.query(BridgesQuery).app
    if not call.access.sees(app_id) or call.parts.backbone.apps.get(app_id) is None:
        raise Refused("not_found", "There is no such app.")
    policy = call.parts.backbone.apps.policy(app_id)
    bridges = policy.bridges if isinstance(policy, ServedPolicy) else ()
    return answer(BridgeList(items=[BridgeSummary.of(bridge) for bridge in bridges]))


async def list_vendor_accounts(call: Call) -> web.Response:
    accounts = await call.parts.vendor_accounts.everything()
    return answer(VendorAccountList(items=await _shown(call, *accounts)))


async def read_vendor_account(call: Call) -> web.Response:
    return await shown_account(call, await existing_account(call))


async def add_vendor_account(call: Call) -> web.Response:
    body = await call.body(NewVendorAccountBody)
    vendor_named(body.vendor)
    account = VendorAccount(
        account_id=body.id,
        vendor=body.vendor,
        name=body.name,
        enabled=body.enabled,
        bridge=read_bridge(body.bridge),
        settings=changed_settings({}, body.settings),
        secrets={name: value for name, value in body.secrets.items() if value is not None},
    )
    try:
        added = await _changes(call).add(account)
    except AccountExists:
        raise Refused("conflict", "There is a vendor account of this id already.") from None
    await announce_vendors(call)
    return await shown_account(call, added, status=201)


async def change_vendor_account(call: Call) -> web.Response:
    body = await call.body(VendorAccountBody)
    names = VendorAccountBody.model_fields.keys() - {"version"}
    changes = {name: value for name in names if (value := getattr(body, name)) is not None}
    if not changes:
        return await read_vendor_account(call)
    changed = await _refusing(lambda: _changes(call).change(_named(call), changes, version=body.version))
    await announce_vendors(call)
    return await shown_account(call, changed)


async def remove_vendor_account(call: Call) -> web.Response:
    """Sessions it still has fall back. Settings of apps that lead to it are changed first."""
    await _refusing(lambda: _changes(call).remove(_named(call)))
    await announce_vendors(call)
    return web.Response(status=204)


async def existing_account(call: Call) -> VendorAccount:
    """The vendor account named in the path, as it is stored; raises Refused."""
    account = await call.parts.vendor_accounts.get(_named(call))
    if account is None:
        raise _unknown()
    return account


async def shown_account(call: Call, account: VendorAccount, *, status: int = 200) -> web.Response:
    return answer((await _shown(call, account))[0], status=status)


async def announce_vendors(call: Call) -> None:
    """Every service reads accounts and breakers again now."""
    # Whoever changed something asks here next; everyone else hears of it.
    with suppress(Outage):
        await call.parts.backbone.apps.refresh()
    await call.announce("vendors")


async def _shown(call: Call, *accounts: VendorAccount) -> list[vendor_shapes.VendorAccount]:
    apps, breakers = call.parts.backbone.apps.all(), await call.parts.breakers.everything()
    base = call.parts.settings.public_base_url
    return [vendor_shapes.VendorAccount.of(account, apps, breakers, base) for account in accounts]


async def _refusing(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Whatever keeps a change from being made, as a problem."""
    try:
        return await work()
    except NoSuchVendorAccount:
        raise _unknown() from None
    except VendorAccountChanged as meanwhile:
        detail = f"Somebody else changed this vendor account meanwhile; it has version {meanwhile.version} now."
        raise Refused("conflict", detail, version=meanwhile.version) from None
    except VendorAccountNamed as named:
        detail = f"The settings of {', '.join(named.apps)} lead to this vendor account; change them first."
        raise Refused("conflict", detail, apps=list(named.apps)) from None


def _named(call: Call) -> str:
    return call.request.match_info["account_id"]


def _unknown() -> Refused:
    return Refused("not_found", "There is no such vendor account.")


def _changes(call: Call) -> VendorAccountChanges:
    parts = call.parts
    return VendorAccountChanges(parts.backbone.database, parts.vendor_accounts, parts.apps, call.author)


OPERATIONS: Final = (
    Operation(
        "GET",
        "/vendors",
        list_vendors,
        "The vendors there are, with what their accounts need",
        {200: VendorKindList},
        role="supervisor",
    ),
    Operation(
        "GET",
        "/bridges",
        list_bridges,
        "The vendor accounts that sessions of an app can be given to",
        {200: BridgeList},
        problems=("not_found",),
        query=BridgesQuery,
    ),
    Operation(
        "GET",
        "/vendor-accounts",
        list_vendor_accounts,
        "Our contracts with vendors; secrets are never told",
        {200: VendorAccountList},
        role="supervisor",
    ),
    Operation(
        "POST",
        "/vendor-accounts",
        add_vendor_account,
        "Add a vendor account; `errors` names the place of each mistake",
        {201: vendor_shapes.VendorAccount},
        problems=("conflict",),
        body=NewVendorAccountBody,
        role="admin",
    ),
    Operation(
        "GET",
        "/vendor-accounts/{account_id}",
        read_vendor_account,
        "One vendor account, and how its breakers stand",
        {200: vendor_shapes.VendorAccount},
        problems=("not_found",),
        role="supervisor",
    ),
    Operation(
        "PATCH",
        "/vendor-accounts/{account_id}",
        change_vendor_account,
        "Change a vendor account; takes effect within seconds",
        {200: vendor_shapes.VendorAccount},
        problems=("not_found", "conflict"),
        body=VendorAccountBody,
        role="admin",
    ),
    Operation(
        "DELETE",
        "/vendor-accounts/{account_id}",
        remove_vendor_account,
        "Remove a vendor account that no app's settings lead to",
        {204: None},
        problems=("not_found", "conflict"),
        role="admin",
    ),
)
