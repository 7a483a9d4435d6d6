"""What MongoDB must be able to do beside answering: transactions, a log that reaches back, members that stand in."""

import uuid
from typing import Final

from services.console.administering.checks.check import Check, fail, ok, warn
from shared.store.driver import Database, Doc

LEAST_MAJOR: Final = 6
WANTED_MAJOR: Final = 8
OPLOG_WARN_SECONDS: Final = 3600
MEMBERS_THAT_STAND_IN: Final = 3


async def replica_set_checks(database: Database) -> list[Check]:
    """For a MongoDB that is a replica set with a majority."""
    checks = [mongodb_version_check(await database.version()), members_check(await database.hello())]
    seconds = await database.oplog_seconds()
    if seconds is not None:
        checks.append(oplog_check(seconds))
    return [*checks, await _transaction_check(database)]


def mongodb_version_check(version: str) -> Check:
    major = int(version.partition(".")[0])
    if major < LEAST_MAJOR:
        return fail(f"MongoDB is {version}", f"wxdesk needs {LEAST_MAJOR}, and is meant for {WANTED_MAJOR}")
    if major < WANTED_MAJOR:
        return warn(f"MongoDB is {version}", f"production asks for {WANTED_MAJOR}: older ones get no more repairs")
    return ok(f"MongoDB is {version}")


def members_check(hello: Doc) -> Check:
    count = len(hello.get("hosts", [])) + len(hello.get("passives", []))
    if count < MEMBERS_THAT_STAND_IN:
        what = "1 member" if count == 1 else f"{count} members"
        return warn(f"the replica set has {what}: while one is away nothing is written", "production asks for three")
    return ok(f"the replica set has {count} members")


def oplog_check(seconds: int) -> Check:
    """A new installation's log reaches back to its start, however much room there is."""
    what = f"MongoDB's log of writes reaches back {seconds / 3600:.1f} h"
    if seconds < OPLOG_WARN_SECONDS:
        do = "unless the server is new: give it more room, or a member that is away for so long must copy all"
        return warn(what, do)
    return ok(what)


async def _transaction_check(database: Database) -> Check:
    """A document is made and deleted in one transaction, so that nobody ever sees it."""
    name = f"doctor:{uuid.uuid4().hex}"

    async def made_and_deleted() -> int:
        await database["doctor"].insert_one({"_id": name})
        return await database["doctor"].delete_one({"_id": name})

    done = await database.together(made_and_deleted)
    return ok("MongoDB has transactions") if done == 1 else fail("a transaction lost a write", "look at mongod's log")
