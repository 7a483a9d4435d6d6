"""`wxdesk vendors`: our contracts with the service systems that may have an app's sessions."""

import argparse
from typing import Any, Final

from services.console.administering.checks.vendor_account import tried
from services.console.administering.vendor_changes import (
    NoSuchVendorAccount,
    VendorAccountChanged,
    VendorAccountNamed,
)
from services.console.administering.vendor_fields import changed_settings, read_bridge, vendor_named
from services.console.api.vendor_shapes import VendorAccount as Shown
from services.console.cli import drilling
from services.console.cli.calls import http_session
from services.console.cli.environment import Environment
from services.console.cli.failures import Misused, Refused
from services.console.cli.option_names import vendor_options_named
from services.console.cli.output import Column, Output, as_json
from services.console.cli.pairs import secrets_of, settings_of
from services.console.cli.vendor_stores import Kept, announce, existing, stores, unknown
from shared.settings import VendorAddressSettings
from shared.store.vendor_accounts import AccountExists, BreakerStore, VendorAccount
from shared.vendors.registry import VENDORS

_COLUMNS: Final = (
    Column("ID", "id"),
    Column("VENDOR", "vendor"),
    Column("NAME", "name", 24),
    Column("ENABLED", "enabled"),
    Column("USED BY", "used_by", 40),
    Column("BREAKERS", "down", 40),
    Column("FAULTS", "faults", 60),
)
_BREAKER_COLUMNS: Final = (
    Column("ACCOUNT", "account"),
    Column("APP", "app_id"),
    Column("STATE", "state"),
    Column("SINCE", "since"),
    Column("FAILURES", "failures"),
    Column("PROBE AT", "probe_at"),
    Column("DRILL", "drill"),
    Column("CODE", "code"),
    Column("REASON", "reason", 80),
)


def add_to(nouns: Any, as_json: argparse.ArgumentParser) -> None:
    about = "service systems that may have an app's sessions, as 网易七鱼 or 芝麻小客服"
    verbs = nouns.add_parser("vendors", help=about, description=about).add_subparsers(metavar="VERB", required=True)
    adding = verbs.add_parser("add", parents=[as_json], help="add a vendor account")
    adding.add_argument("id", metavar="ID", help="small letters, digits and -; it is in addresses and never changes")
    adding.add_argument("--vendor", required=True, help=" or ".join(sorted(VENDORS)))
    adding.add_argument("--name", required=True, help="what agents see")
    _add_fields(adding)
    adding.set_defaults(run=add)
    listing = verbs.add_parser("list", parents=[as_json], help="all vendor accounts")
    listing.set_defaults(run=list_all)
    for verb, run, what in (
        ("show", show, "one with its settings and addresses; secrets are never shown"),
        ("remove", remove, "remove one that no app's settings lead to"),
        ("test", test, "ask the vendor whether it works; no customer notices"),
    ):
        one = verbs.add_parser(verb, parents=[as_json], help=what)
        one.add_argument("id", metavar="ID")
        one.set_defaults(run=run)
    updating = verbs.add_parser("update", parents=[as_json], help="change what is named, leave the rest")
    updating.add_argument("id", metavar="ID")
    updating.add_argument("--name")
    _add_fields(updating)
    updating.add_argument("--forget-secret", action="append", default=[], metavar="NAME", help="take one away")
    for name, enabled, what in (
        ("--enable", True, "let sessions go there again"),
        ("--disable", False, "no session goes there, and its pushes are refused"),
    ):
        updating.add_argument(name, dest="enabled", action="store_const", const=enabled, default=None, help=what)
    updating.set_defaults(run=update)
    drilling.add_to(verbs, as_json)
    breaking = verbs.add_parser("breakers", parents=[as_json], help="which vendors are left alone for which apps, why")
    breaking.set_defaults(run=breakers)


def _add_fields(parser: argparse.ArgumentParser) -> None:
    pair = "may be given several times; NAME=null: its default"
    parser.add_argument(
        "--setting", action="append", default=[], metavar="NAME=VALUE", help=f"the vendor's own; {pair}"
    )
    parser.add_argument(
        "--bridge", action="append", default=[], metavar="NAME=VALUE", help="how sessions go on: patience_seconds …"
    )
    parser.add_argument(
        "--secret", action="append", default=[], metavar="NAME=VALUE", help="VALUE may be - or @file; never shown again"
    )


async def add(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    with vendor_options_named():
        vendor_named(args.vendor)
        account = VendorAccount(
            account_id=args.id,
            vendor=args.vendor,
            name=args.name,
            bridge=read_bridge(settings_of("--bridge", args.bridge)),
            settings=changed_settings({}, settings_of("--setting", args.setting)),
            secrets=secrets_of(args.secret),
        )
    async with stores(environment) as kept:
        try:
            with vendor_options_named():
                added = await kept.changes.add(account)
        except AccountExists:
            how = f"change it with `wxdesk vendors update {args.id} …`"
            raise Refused(f"{args.id} exists already; {how}") from None
        shown = await _shown(kept, environment, added)
    await announce(environment, output)
    output.done("\n".join([f"{added.account_id} ({added.name}) is added.", "", *next_steps(shown)]), _plain(shown))


async def list_all(_: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with stores(environment) as kept:
        everything = await kept.accounts.everything()
        shown = [await _shown(kept, environment, account) for account in everything]
    rows = [_plain(one) for one in shown]
    if not output.as_json:
        rows = [{**row, **_told(one)} for row, one in zip(rows, shown, strict=True)]
    output.table(rows, _COLUMNS, nothing="No vendor accounts yet. Add one with `wxdesk vendors add ID --vendor …`.")


async def show(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with stores(environment) as kept:
        shown = await _shown(kept, environment, await existing(kept, args.id))
    fields = _plain(shown)
    if output.as_json:
        output.record(fields)
        return
    documents = {name: fields.pop(name) for name in ("settings", "bridge")}
    secrets = {name: "set" if one.set else None for name, one in shown.secrets.items()}
    output.record({**fields, **_told(shown), "secrets": None, **secrets}, more=as_json(documents))


async def update(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    changes: dict[str, Any] = {
        "name": args.name,
        "enabled": args.enabled,
        "bridge": settings_of("--bridge", args.bridge) or None,
        "settings": settings_of("--setting", args.setting) or None,
        "secrets": {**dict.fromkeys(args.forget_secret), **secrets_of(args.secret)} or None,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    if not given:
        raise Misused("nothing to change; name at least one field, as in --name. See `wxdesk vendors update --help`")
    async with stores(environment) as kept:
        try:
            with vendor_options_named():
                changed = await kept.changes.change(args.id, given)
        except NoSuchVendorAccount:
            raise unknown(args.id) from None
        except VendorAccountChanged:
            how = f"look at it with `wxdesk vendors show {args.id}`"
            raise Refused(f"{args.id} keeps being changed by somebody else; {how}") from None
        shown = await _shown(kept, environment, changed)
    await announce(environment, output)
    output.done(f"{changed.account_id} is changed, version {changed.version}.", _plain(shown))


async def remove(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with stores(environment) as kept:
        try:
            await kept.changes.remove(args.id)
        except NoSuchVendorAccount:
            raise unknown(args.id) from None
        except VendorAccountNamed as named:
            how = "change them first, as with `wxdesk apps switch APPID --to agents`"
            raise Refused(f"the settings of {', '.join(named.apps)} lead to {args.id}; {how}") from None
    await announce(environment, output)
    output.done(f"{args.id} is removed. Sessions it still had fall back.", {"id": args.id, "removed": True})


async def test(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with stores(environment) as kept:
        account = await existing(kept, args.id)
    async with http_session() as http:
        bases = environment.settings(VendorAddressSettings).vendor_api_bases
        found = await tried(http, account, bases.get(account.vendor))
    if not found.ok and not output.as_json:
        code = f" ({found.code})" if found.code else ""
        raise Refused(f"{account.vendor}: {found.said or 'not asked'}{code}; {found.what}")
    output.done(f"{args.id} works: {found.said or found.what}", found._asdict())
    if not found.ok:
        raise Refused(f"{args.id} does not work; {found.what}")


async def breakers(_: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with stores(environment) as kept:
        found = await BreakerStore(kept.database).everything()
    rows = [breaker.model_dump(exclude={"version", "failing_since"}) for breaker in found]
    output.table(rows, _BREAKER_COLUMNS, nothing="No vendor was called yet: every breaker is closed.")


def next_steps(shown: Shown) -> list[str]:
    """What to do at the vendor once the account is here."""
    where = shown.push_url or f"PUBLIC_BASE_URL/vendors/{shown.vendor}/{shown.id}  (set PUBLIC_BASE_URL)"
    addresses = [
        f"  {what}  {url}"
        for what, url in (("its pushes", where), ("tokens", shown.token_url), ("WeChat's API", shown.proxy_url))
        if url
    ]
    return [
        "Now enter at the vendor, where it asks for our addresses:",
        *addresses,
        f"Then: wxdesk vendors test {shown.id}",
    ]


async def _shown(kept: Kept, environment: Environment, account: VendorAccount) -> Shown:
    apps, breakers = await kept.apps.everything(), await BreakerStore(kept.database).everything()
    # In a local run, where the sandbox pushes, the gateway's own address.
    base = environment.variable("PUBLIC_BASE_URL") or environment.run.gateway
    return Shown.of(account, apps, breakers, base)


def _plain(shown: Shown) -> dict[str, Any]:
    return shown.model_dump(mode="json")


def _told(shown: Shown) -> dict[str, Any]:
    """What is nested, in words."""
    down = [one for one in shown.breakers if one.state != "closed"]
    return {
        "breakers": [f"{one.app_id} {one.state}" for one in shown.breakers],
        "down": [f"{one.app_id} {one.state}{' (drill)' if one.drill else ''}" for one in down],
        "faults": [f"{one.where}: {one.what}" for one in shown.faults],
    }
