"""Whether everything sealed opens, and which keys are of no use any more."""

from collections.abc import Iterator

from services.console.administering.checks.check import Check, fail, ok, warn
from shared.store.driver import Database
from shared.store.resealing import Resealing, Status
from shared.store.sealing import Keyring


async def key_checks(database: Database, keys: Keyring) -> list[Check]:
    return list(keys_judged(await Resealing(database, keys).status(), keys))


def keys_judged(found: Status, keys: Keyring) -> Iterator[Check]:
    first, *others = keys.fingerprints
    if found.unreadable:
        where = sorted({f"{one.collection} {one.owner}" for one in found.unreadable})
        yield fail(
            f"{len(found.unreadable)} sealed values open with no key here: {', '.join(where[:3])}",
            "put the key that sealed them into WXDESK_SECRET_KEYS after the first; see `wxdesk secrets status`",
        )
    for key in others:
        if count := found.sealed_by[key]:
            yield warn(
                f"{count} values are sealed with the old key {key}", "`wxdesk secrets reseal`, then drop the key"
            )
        else:
            yield warn(f"the old key {key} has sealed nothing", "drop it from WXDESK_SECRET_KEYS")
    if not others and not found.unreadable:
        yield ok(f"one key, {first}, has sealed all {found.sealed_by[first]} values")
