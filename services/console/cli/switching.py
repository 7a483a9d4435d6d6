"""`wxdesk apps switch`: a whole app to a vendor, its agents, the bot or WeChat's console."""

import argparse
from typing import Any, Final

from pydantic import ValidationError

from services.console.administering.app_changes import AppChanges, ChangedMeanwhile, NoSuchApp
from services.console.administering.switching import ENTRIES, Moved, Mover
from services.console.cli.environment import Environment
from services.console.cli.failures import Misused, Refused
from services.console.cli.option_names import options_named
from services.console.cli.output import Output
from services.console.cli.servers import hinted, publisher_of
from services.console.cli.vendor_stores import Kept, service_now, stores
from shared.bus.commands import Verdicts
from shared.clock import real_now
from shared.contracts.hints import SettingsChanged
from shared.conversation.routes import Destination
from shared.store.apps import App
from shared.store.audit import COMMAND_LINE

MOVING_SECONDS: Final = 600.0
EACH_SECONDS: Final = 10.0


def add_to(verbs: Any, as_json: argparse.ArgumentParser) -> None:
    about = "change who gets what comes from now on; with --sessions all, those that are open move there, too"
    switching = verbs.add_parser("switch", parents=[as_json], help="to a vendor, agents, the bot …", description=about)
    switching.add_argument("app", metavar="A", help="its appid")
    switching.add_argument("--to", required=True, metavar="vendor:ID|agents|bot|official")
    switching.add_argument("--sessions", choices=("new", "all"), default="new", help="only new ones (new), or all")
    switching.set_defaults(run=switch)


async def switch(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    to = destination(args.to)
    async with stores(environment) as kept:
        changes = AppChanges(kept.database, kept.apps, kept.accounts, COMMAND_LINE)
        app = await _switched(changes, args.app, to)
        if not await hinted(environment, SettingsChanged(what="apps")):
            output.remark("RabbitMQ was not told; the services find out by themselves within 10 s.")
        moved = Moved()
        if args.sessions == "all":
            moved = await _move(environment, kept, app.app_id, to)
            await kept.database.together(lambda: changes.note_moved(app.app_id, to, moved))
    told = {"app_id": app.app_id, "entry": app.policy.entry, "version": app.version, **moved._asdict()}
    output.done(_sentence(app, args.sessions, moved), told)
    if moved.failed or moved.unsettled or moved.left:
        raise Refused("not every session was moved; run it again, and look at them with `wxdesk desk list`")


def destination(text: str) -> Destination:
    """`vendor:ID` and the like; raises Misused."""
    kind, _, name = text.partition(":")
    try:
        if kind in ENTRIES:
            return Destination.model_validate({"kind": kind, "name": name or None})
    except ValidationError:
        pass
    raise Misused(f"--to {text}: write vendor:ID, agents, bot or official")


async def _switched(changes: AppChanges, app_id: str, to: Destination) -> App:
    try:
        with options_named():
            return await changes.switch(app_id, to)
    except NoSuchApp:
        raise Refused(f"there is no app {app_id}; see `wxdesk apps list`") from None
    except ChangedMeanwhile:
        raise Refused(f"{app_id} keeps being changed by somebody else; try again") from None


async def _move(environment: Environment, kept: Kept, app_id: str, to: Destination) -> Moved:
    ahead = await service_now(environment, kept.database) - real_now()
    async with publisher_of(environment, kept.database) as publisher:
        mover = Mover(kept.database, Verdicts(publisher), COMMAND_LINE, lambda: real_now() + ahead)
        return await mover.move(app_id, to, within_seconds=MOVING_SECONDS, each_seconds=EACH_SECONDS)


def _sentence(app: App, sessions: str, moved: Moved) -> str:
    said = f"{app.app_id} goes to {app.policy.entry} from now on, version {app.version}."
    if sessions == "new":
        return f"{said} Open sessions stay where they are; --sessions all moves them."
    others = {"could not be": moved.failed, "have not said yet": moved.unsettled, "were not reached": moved.left}
    more = "".join(f", {count} {what}" for what, count in others.items() if count)
    return f"{said} {moved.moved} open sessions moved{more}."
