"""`wxdesk backup` and `wxdesk restore`: the database as files, and back."""

import argparse
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from services.console.cli.environment import Environment
from services.console.cli.failures import Misused, OutOfReach, Refused
from services.console.cli.output import Output
from services.console.cli.servers import database_of, place
from shared.bus.connection import BrokerUnavailable
from shared.bus.inspection import BrokerRefused, inspected
from shared.bus.topology import Topology
from shared.clock import real_now
from shared.settings import MongoSettings, RabbitSettings
from shared.store.backup.manifest import MEDIA, BackupBroken, Manifest, read_manifest
from shared.store.backup.restoring import NotEmpty, Restored, ServicesRun, restore, verified
from shared.store.backup.saving import UNFINISHED, save
from shared.store.backup.whole import DocumentsRefused, SnapshotGone
from shared.store.restored import HalfRestored
from shared.store.schema import SchemaTooNew

PREFIX: Final = "wxdesk-"
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_ABANDONED_AFTER: Final = timedelta(days=1)
"""An unfinished backup of before is of a run that was killed: none takes so long."""


def add_to(nouns: Any, as_json: argparse.ArgumentParser) -> None:
    about = "write the whole database into DIR, or `verify` what DIR holds; services may go on meanwhile"
    saving = nouns.add_parser("backup", parents=[as_json], help=about, description=about)
    saving.add_argument("verb", nargs="?", choices=("verify",), help="read a backup and compare it with its checksums")
    saving.add_argument("dir", metavar="DIR", type=Path, help="a new folder; its files are readable for you alone")
    saving.add_argument(
        "--exclude-media", action="store_true", help="leave out pictures; messages show them as missing"
    )
    saving.add_argument(
        "--dated", action="store_true", help=f"make the new folder inside DIR, called {PREFIX}… by its time"
    )
    saving.add_argument(
        "--keep",
        type=int,
        metavar="N",
        help="with --dated: delete all but the last N backups in DIR, and what killed runs left",
    )
    saving.set_defaults(run=backup)
    about = "put a backup into an empty database, with all services stopped"
    restoring = nouns.add_parser("restore", parents=[as_json], help=about, description=about)
    restoring.add_argument("dir", metavar="DIR", type=Path, help="what `wxdesk backup` wrote")
    restoring.add_argument("--replace", metavar="DATABASE", help="delete what the database holds; its name, to be sure")
    restoring.add_argument("--without-rabbitmq", action="store_true", help="do not look whether the queues are empty")
    restoring.set_defaults(run=put_back)


async def backup(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    if args.verb == "verify":
        verify(args.dir, output)
        return
    if args.keep is not None and (args.keep < 1 or not args.dated):
        raise Misused("--keep needs --dated, and a number from 1. See `wxdesk backup --help`")
    folder: Path = args.dir / f"{PREFIX}{real_now():{_STAMP}}" if args.dated else args.dir
    async with database_of(environment.settings(MongoSettings)) as database:
        try:
            manifest = await save(database, folder, media=not args.exclude_media)
        except FileExistsError:
            raise Refused(f"{folder} is there already; name a new folder, or use --dated") from None
        except OSError as failure:
            raise Refused(f"cannot write {folder}: {failure.strerror}") from None
        except SnapshotGone:
            raise Refused(_TOO_LONG) from None
        except HalfRestored as half:
            raise Refused(str(half)) from None
    deleted = _delete_old(args.dir, args.keep, real_now()) if args.keep else []
    output.done(f"{_told(manifest)} in {folder}.", {**_facts(manifest, folder), "deleted": deleted})


def verify(folder: Path, output: Output) -> None:
    try:
        manifest = verified(folder, lambda _: None)
    except BackupBroken as broken:
        raise Refused(str(broken)) from None
    output.done(
        f"{folder} is whole: {_told(manifest)}, made {manifest.made_at:%Y-%m-%d %H:%M:%SZ}.", _facts(manifest, folder)
    )


async def put_back(args: argparse.Namespace, environment: Environment, output: Output) -> None:
    settings = environment.settings(MongoSettings)
    if args.replace is not None and args.replace != settings.mongo_db:
        raise Refused(f"the database is {settings.mongo_db}, not {args.replace}, so nothing was changed")
    try:
        if not args.without_rabbitmq:
            await _refuse_full_queues(environment, read_manifest(args.dir).topology or Topology())
        async with database_of(settings) as database:
            found = await restore(
                database, args.dir, replace=args.replace is not None, now=real_now(), told=_progress(output)
            )
    except (BackupBroken, SchemaTooNew) as refused:
        raise Refused(f"{refused}; nothing was changed") from None
    except NotEmpty as full:
        name = settings.mongo_db
        raise Refused(f"the database {name} is not empty ({full}); name another, or --replace {name}") from None
    except ServicesRun as run:
        raise Refused(
            f"services work on this database ({run}); stop them all, wait half a minute, and try again"
        ) from None
    except DocumentsRefused as refused:
        raise Refused(f"{refused}; the database is half restored, and no service will serve from it") from None
    output.done(_restored(found), {**_facts(found.manifest, args.dir), **found.under_way._asdict()})


def _progress(output: Output) -> Any:
    return (lambda _: None) if output.as_json else output.remark


async def _refuse_full_queues(environment: Environment, topology: Topology) -> None:
    """What is still in the queues belongs to a later state: sent from there, customers would get it twice."""
    settings = environment.settings(RabbitSettings)
    try:
        async with inspected(settings.amqp_url.get_secret_value()) as inspection:
            seen = {name: await inspection.queue(name, how) for name, (_, how) in topology.queues().items()}
    except BrokerUnavailable as outage:
        where = place(settings.amqp_url)
        raise OutOfReach(
            f"RabbitMQ at {where} does not answer ({outage}); start it, or say --without-rabbitmq"
        ) from None
    except BrokerRefused as refused:
        raise Misused(f"{refused}; correct AMQP_URL") from None
    if served := [name for name, queue in seen.items() if queue is not None and queue.consumers]:
        raise Refused(f"services run (somebody listens on {served[0]}); stop them all first")
    if full := [name for name, queue in seen.items() if queue is not None and queue.messages]:
        raise Refused(
            f"{len(full)} queues hold later messages ({', '.join(full[:3])}): what they command would be sent "
            "to customers again; purge them, or use an empty virtual host"
        )


def _delete_old(folder: Path, keep: int, now: datetime) -> list[str]:
    """All backups but the newest, and what killed runs have left."""
    dated = {one: at for one in sorted(folder.glob(f"{PREFIX}*")) if (at := _dated(one.name)) is not None}
    whole = [one for one in dated if not one.name.endswith(UNFINISHED)]
    left = [one for one, at in dated.items() if one.name.endswith(UNFINISHED) and now - at > _ABANDONED_AFTER]
    old = sorted([*whole[:-keep], *left])
    for one in old:
        shutil.rmtree(one)
    return [one.name for one in old]


def _dated(name: str) -> datetime | None:
    """When it was begun; None for what `--dated` did not name."""
    try:
        return datetime.strptime(name.removeprefix(PREFIX).removesuffix(UNFINISHED), _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


_TOO_LONG: Final = (
    "the backup took longer than MongoDB keeps an instant, so it would not have been of one; "
    "raise minSnapshotHistoryWindowInSeconds (300) on every mongod, and try again"
)


def _told(manifest: Manifest) -> str:
    without = "" if MEDIA not in manifest.left_out else ", without pictures"
    return f"{manifest.documents} documents of {len(manifest.collections)} collections{without}"


def _restored(found: Restored) -> str:
    unknown = found.under_way.unknown
    return (
        f"{_told(found.manifest)} are restored, as of {found.manifest.made_at:%Y-%m-%d %H:%M:%SZ}. "
        f"{unknown} messages were on their way and are unknown now. Start the services; everybody logs in again."
    )


def _facts(manifest: Manifest, folder: Path) -> dict[str, Any]:
    collections = {name: kept.documents for name, kept in sorted(manifest.collections.items())}
    return {
        "dir": str(folder),
        "made_at": manifest.made_at,
        "wxdesk": manifest.wxdesk,
        "documents": manifest.documents,
        "collections": collections,
        "left_out": list(manifest.left_out),
    }
