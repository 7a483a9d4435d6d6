"""Who serves: which replicas of which release say that they are there, and is the database ready for it?"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from services.console.administering.checks.check import Check, fail, ok, warn
from shared.preparing import Unprepared, is_prepared
from shared.store.driver import Database
from shared.store.replicas import Replica, Replicas
from shared.store.restored import HalfRestored
from shared.store.schema import SchemaStore, SchemaTooNew
from shared.version import version

SERVICES: Final = ("gateway", "router", "sender", "bot", "console")


async def schema_check(database: Database) -> Check:
    """What `wxdesk prepare` leaves behind, or a service that does the same at its start."""
    try:
        schema = await is_prepared(database)
    except Unprepared as unprepared:
        if (await SchemaStore(database).read()).prepared_by is None:
            return warn("nothing has prepared the database yet", "run `wxdesk prepare`, or start a service")
        return fail(str(unprepared), "run it; until then services with SCHEMA=expect wait")
    except SchemaTooNew as newer:
        return fail(str(newer), "start a newer release")
    except HalfRestored as half:
        return fail(str(half), "services wait until it is whole")
    by = f", by {schema.prepared_by}" if schema.prepared_by else ""
    return ok(f"the database is prepared: change {schema.version}{by}")


async def replica_checks(database: Database) -> list[Check]:
    return list(replicas_judged(await Replicas(database).live(), version()))


def replicas_judged(live: Sequence[Replica], here: str) -> Iterator[Check]:
    """`here` is the release of this command."""
    if not live:
        yield warn("no service says that it is there", "start them; each says so every 10 s")
        return
    counts = Counter(replica.service for replica in live)
    there = ", ".join(f"{counts[name]} {name}" for name in SERVICES if counts[name])
    missing = [name for name in SERVICES if not counts[name]]
    if missing:
        yield warn(f"serving: {there}; no {', no '.join(missing)}", f"start the {' and the '.join(missing)}")
    else:
        yield ok(f"serving: {there}")
    others = sorted({replica.release for replica in live} - {here})
    if others:
        yield warn(f"replicas of another release serve: {', '.join(others)}; this is {here}", "finish the upgrade")
