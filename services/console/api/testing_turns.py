"""Tests that call others: one at a time of each thing, and not too often, on all replicas together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from services.console.operations import Call
from services.console.problem import Refused
from shared.store.leases import Leases
from shared.store.logins import Limit, LoginAttempts

LONGEST_SECONDS: Final = 15.0
GRACE_SECONDS: Final = 5.0
A_MINUTE: Final = 6
"""Tests of one thing."""


@asynccontextmanager
async def testing_turn(call: Call, name: str, what: str) -> AsyncIterator[None]:
    """`what` is tested within; raises Refused."""
    database = call.parts.backbone.database
    lease = Leases(database)
    if not await lease.take(name, LONGEST_SECONDS + GRACE_SECONDS):
        raise Refused.after("rate_limited", f"This {what} is being tested at this moment.", GRACE_SECONDS)
    try:
        if wait := await LoginAttempts(database, span_seconds=60).retry_seconds([Limit(name, A_MINUTE)]):
            raise Refused.after("rate_limited", f"One {what} is tested at most {A_MINUTE} times a minute.", wait)
        yield
    finally:
        await lease.give_up(name)
