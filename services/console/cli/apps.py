"""`wxdesk apps`: the mini programs."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from pydantic import SecretStr

from services.console.administering.app_changes import AppChanges, ChangedMeanwhile, NoSuchApp
from services.console.administering.app_fields import (
    PREVIOUS,
    PREVIOUS_HOURS,
    callback_url,
    checked,
    policy_document,
)
from services.console.cli import switching
from services.console.cli.app_fields import next_steps, read_policy, summary
from services.console.cli.environment import Environment
from services.console.cli.failures import Misused, Refused
from services.console.cli.option_names import options_named
from services.console.cli.output import Column, Output, as_json, instant
from services.console.cli.purge import confirm, purge
from services.console.cli.secret_values import document_text, secret_word
from services.console.cli.servers import SealedSettings, database_of, hinted
from shared.contracts.hints import SettingsChanged
from shared.conversation.policy import Policy
from shared.store.apps import App, AppExists, AppStore
from shared.store.audit import COMMAND_LINE
from shared.store.driver import Database
from shared.store.sealing import Sealer
from shared.store.vendor_accounts import VendorAccountStore

_COLUMNS: Final = (
    Column("APPID", "app_id"),
    Column("NAME", "name", 24),
    Column("ENABLED", "enabled"),
    Column("MODE", "mode"),
    Column("FORMAT", "format"),
    Column("LAST PUSH", "verified_at"),
    Column("CALLBACK URL", "callback_url", 100),
)

LONGEST_PREVIOUS_HOURS: Final = 720
_OLD: Final = {"token": "previous_token", "AES key": "previous_aes_key"}


def add_to(nouns: Any, as_json: argparse.ArgumentParser) -> None:
    verbs = nouns.add_parser("apps", help="mini programs").add_subparsers(metavar="VERB", required=True)
    adding = verbs.add_parser("add", parents=[as_json], help="register a mini program")
    adding.add_argument("--appid", required=True, help="wx and 16 of 0-9 a-f")
    adding.add_argument("--name", required=True, help="what agents see")
    adding.add_argument("--secret", required=True, help="AppSecret")
    adding.add_argument("--token", required=True, help="Token of 消息推送配置")
    _add_options(adding, mode="secure", body_format="json")
    adding.set_defaults(run=add)
    listing = verbs.add_parser("list", parents=[as_json], help="all apps")
    listing.set_defaults(run=list_all)
    showing = verbs.add_parser("show", parents=[as_json], help="one app with its settings; secrets are never shown")
    showing.add_argument("app", metavar="A", help="its appid")
    showing.set_defaults(run=show)
    updating = verbs.add_parser("update", parents=[as_json], help="change some fields; the others stay")
    updating.add_argument("app", metavar="A", help="its appid")
    for option in ("name", "secret", "token"):
        updating.add_argument(f"--{option}")
    _add_options(updating, mode=None, body_format=None)
    updating.add_argument("--forget-previous-key", action="store_true", help="end the old token and AES key now")
    updating.add_argument(
        "--previous-hours",
        type=int,
        default=PREVIOUS_HOURS,
        metavar="N",
        help=f"with --token or --aes-key: how long the old one stays good ({PREVIOUS_HOURS})",
    )
    updating.add_argument("--enable", action="store_true", help="take pushes and send again after `remove`")
    updating.set_defaults(run=update)
    switching.add_to(verbs, as_json)
    removing = verbs.add_parser("remove", parents=[as_json], help="stop pushes and sends; the history is kept")
    removing.add_argument("app", metavar="A", help="its appid")
    removing.add_argument("--purge", action="store_true", help="delete its history and then itself, for good")
    removing.add_argument("--yes", metavar="APPID", help="with --purge: the appid again, instead of typing it")
    removing.add_argument(
        "--patience",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="with --purge: give up when nothing was erased for so long (60)",
    )
    removing.set_defaults(run=remove)


def _add_options(parser: argparse.ArgumentParser, *, mode: str | None, body_format: str | None) -> None:
    parser.add_argument("--aes-key", help="EncodingAESKey, 43 letters and digits; a new one keeps the old for a while")
    parser.add_argument("--mode", choices=("plain", "compat", "secure"), default=mode, help="明文, 兼容, 安全")
    parser.add_argument("--format", choices=("json", "xml"), default=body_format, help="数据格式")
    parser.add_argument("--gh-id", help="original id, gh_…")
    parser.add_argument("--settings", metavar="@FILE", help="welcome, keyword rules, assignment … as one JSON document")


async def add(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    with options_named():
        app = checked(App(**{"app_id": args.appid, "policy": Policy(), **_given(args)}))
    async with _app_store(environment) as stores:
        try:
            with options_named():
                stored = await _changes(stores).add(app)
        except AppExists:
            raise Refused(f"{app.app_id} exists already; change it with `wxdesk apps update {app.app_id} …`") from None
    await _announce(environment, output)
    url = _callback_url(environment, app.app_id)
    added = f"{app.app_id} ({app.name}) is registered."
    output.done("\n".join([added, "", *next_steps(app, url)]), summary(stored, url))


async def list_all(_args: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with _app_store(environment) as stores:
        everything = await stores.apps.everything()
    rows = [summary(app, _callback_url(environment, app.app_id)) for app in everything]
    output.table(rows, _COLUMNS, nothing="No apps yet. Register one with `wxdesk apps add`.")


async def show(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with _app_store(environment) as stores:
        app = await _existing(stores.apps, args.app)
    fields, settings = summary(app, _callback_url(environment, app.app_id)), policy_document(app.policy)
    if output.as_json:
        output.record({**fields, "settings": settings})
    else:
        output.record(fields, more=f"settings\n{as_json(settings)}")


async def update(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    changes = _given(args)
    if not 0 < args.previous_hours <= LONGEST_PREVIOUS_HOURS:
        raise Misused(f"--previous-hours: 1 to {LONGEST_PREVIOUS_HOURS}")
    if args.forget_previous_key:
        changes |= dict.fromkeys(PREVIOUS.values())
    if args.enable:
        changes["enabled"] = True
    if not changes:
        raise Misused("nothing to change; name at least one field, as in --name. See `wxdesk apps update --help`")
    async with _app_store(environment) as stores:
        app = await _changed(_changes(stores), args.app, changes, args.previous_hours)
    await _announce(environment, output)
    sentence = f"{app.app_id} is changed, version {app.version}.{_rotated(app) if PREVIOUS.keys() & changes else ''}"
    output.done(sentence, summary(app, _callback_url(environment, app.app_id)))


def _rotated(app: App) -> str:
    if app.previous_until is None:
        return ""
    what = " and ".join(name for name, field in _OLD.items() if getattr(app, field) is not None)
    return f" The old {what} stays good until {instant(app.previous_until)}; end it with --forget-previous-key."


async def remove(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    async with _app_store(environment) as stores:
        app = await _existing(stores.apps, args.app)
        if args.purge:
            confirm(app.app_id, args.yes)
        if app.enabled:
            app = await _changed(_changes(stores), args.app, {"enabled": False})
            await _announce(environment, output)
        if not args.purge:
            again = f"`wxdesk apps update {app.app_id} --enable` brings it back, `--purge` deletes it with its history"
            output.done(f"{app.app_id} takes no pushes and sends nothing any more. {again}.", summary(app, None))
            return
        erased = await purge(environment, stores.database, app.app_id, args.patience)
        await _changes(stores).remove(app, conversations=erased)
    await _announce(environment, output)
    output.done(
        f"{app.app_id} is deleted with its {erased} conversations.",
        {"app_id": app.app_id, "purged": True, "conversations": erased},
    )


class _Stores(NamedTuple):
    database: Database
    apps: AppStore
    vendor_accounts: VendorAccountStore


@asynccontextmanager
async def _app_store(environment: Environment) -> AsyncIterator[_Stores]:
    settings = environment.settings(SealedSettings)
    async with database_of(settings) as database:
        sealer = Sealer(settings.secret_keys)
        yield _Stores(database, AppStore(database, sealer), VendorAccountStore(database, sealer))


async def _existing(apps: AppStore, app_id: str) -> App:
    app = await apps.get(app_id)
    if app is None:
        raise _unknown(app_id)
    return app


def _unknown(app_id: str) -> Refused:
    return Refused(f"there is no app {app_id}; see `wxdesk apps list`")


def _changes(stores: _Stores) -> AppChanges:
    return AppChanges(stores.database, stores.apps, stores.vendor_accounts, COMMAND_LINE)


async def _changed(apps: AppChanges, app_id: str, changes: dict[str, Any], previous_hours: int = PREVIOUS_HOURS) -> App:
    """The app with these fields set, whatever somebody else made of it meanwhile."""
    try:
        with options_named():
            return await apps.change(app_id, changes, previous_hours=previous_hours)
    except NoSuchApp:
        raise _unknown(app_id) from None
    except ChangedMeanwhile:
        how = f"look at it with `wxdesk apps show {app_id}`"
        raise Refused(f"{app_id} keeps being changed by somebody else; {how}") from None


def _given(args: argparse.Namespace) -> dict[str, Any]:
    """The fields named on the command line. Secrets are read in the order secret, token, aes_key."""
    plain = {"name": args.name, "mode": args.mode, "format": args.format, "gh_id": args.gh_id}
    fields: dict[str, Any] = {name: value for name, value in plain.items() if value is not None}
    for name in ("secret", "token", "aes_key"):
        value = secret_word(f"--{name.replace('_', '-')}", getattr(args, name))
        if value is not None:
            fields[name] = SecretStr(value)
    if args.settings is not None:
        fields["policy"] = read_policy(document_text("--settings", args.settings))
    return fields


def _callback_url(environment: Environment, app_id: str) -> str | None:
    """By the public address; in a local run, where the sandbox pushes, by the gateway's own."""
    return callback_url(app_id, environment.variable("PUBLIC_BASE_URL") or environment.run.gateway)


async def _announce(environment: Environment, output: Output) -> None:
    if not await hinted(environment, SettingsChanged(what="apps")):
        output.remark("RabbitMQ was not told; the services find out by themselves within 10 s.")
