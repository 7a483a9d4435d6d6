"""`wxdesk secrets`: which key sealed what is stored, and sealing it all with the first."""

import argparse
from typing import Any, Final

from services.console.cli.environment import Environment
from services.console.cli.failures import Refused
from services.console.cli.output import Column, Output
from services.console.cli.servers import SealedSettings, database_of
from shared.store.resealing import Resealing, Status
from shared.store.sealing import Keyring

_COLUMNS: Final = (Column("KEY", "key"), Column("PLACE", "place"), Column("SEALED", "sealed"), Column("DO", "do", 80))
_SHOWN: Final = 5


def add_to(nouns: Any, as_json: argparse.ArgumentParser) -> None:
    about = "what is sealed at rest: app secrets, vendors' secrets, webhooks, second factors"
    verbs = nouns.add_parser("secrets", help=about, description=about).add_subparsers(metavar="VERB", required=True)
    about = "how many values each key of WXDESK_SECRET_KEYS has sealed; keys by their fingerprints"
    telling = verbs.add_parser("status", parents=[as_json], help=about, description=about)
    telling.set_defaults(run=status)
    about = "seal with the first key what another has sealed; services may go on, and it may be stopped and repeated"
    sealing = verbs.add_parser("reseal", parents=[as_json], help=about, description=about)
    sealing.set_defaults(run=reseal)


async def status(_args: argparse.Namespace, environment: Environment, output: Output) -> None:
    settings = environment.settings(SealedSettings)
    keys = Keyring(settings.secret_keys)
    async with database_of(settings) as database:
        found = await Resealing(database, keys).status()
    output.table(_rows(keys, found), _COLUMNS, nothing="")
    if found.unreadable:
        raise Refused(_unreadable(found))


async def reseal(_args: argparse.Namespace, environment: Environment, output: Output) -> None:
    settings = environment.settings(SealedSettings)
    keys = Keyring(settings.secret_keys)
    async with database_of(settings) as database:
        resealing = Resealing(database, keys)
        done = await resealing.reseal()
        found = await resealing.status()
    left = {key: count for key, count in found.sealed_by.items() if key != keys.fingerprints[0]}
    again = f" {sum(left.values())} were sealed with an old key meanwhile; repeat this." if left else ""
    sentence = f"{done} values are sealed anew with key {keys.fingerprints[0]}.{again}"
    output.done(sentence, {"resealed": done, "left": left, "unreadable": len(found.unreadable)})
    if found.unreadable:
        raise Refused(_unreadable(found))


def _rows(keys: Keyring, found: Status) -> list[dict[str, Any]]:
    rows = []
    for place, key in enumerate(keys.fingerprints):
        count = found.sealed_by[key]
        words = "`wxdesk secrets reseal`, then drop it" if count else "drop it: it has sealed nothing"
        do = "seals what is new" if place == 0 else words
        rows.append({"key": key, "place": place + 1, "sealed": count, "do": do})
    return rows


def _unreadable(found: Status) -> str:
    places = [f"{one.collection} {one.owner} {one.path}" for one in found.unreadable]
    more = " …" if len(places) > _SHOWN else ""
    return (
        f"no key here opens {len(places)} values ({'; '.join(places[:_SHOWN])}{more}); put the key that sealed them "
        "into WXDESK_SECRET_KEYS after the first, or enter them again"
    )
