"""The register of who serves: announced, renewed, withdrawn; lost a while after a process is killed."""

from datetime import datetime, timedelta

from shared.store.driver import Database
from shared.store.replicas import Replicas, announced

NOON = datetime.fromisoformat("2096-03-01T12:00:00+00:00")


def at(database: Database, seconds: float = 0) -> Replicas:
    return Replicas(database, lambda: NOON + timedelta(seconds=seconds))


async def test_whoever_says_nothing_for_half_a_minute_is_not_there(database: Database) -> None:
    await at(database).announce("router", "a", "1.0", frozenset({"x@1"}))
    await at(database, 20).announce("router", "b", "1.1", frozenset({"x@1", "y@1"}))
    assert [one.holder for one in await at(database, 29).live()] == ["a", "b"]
    assert [one.release for one in await at(database, 31).live()] == ["1.1"]
    assert await at(database, 31).understood_by_another("router", "a", "y@1")
    assert not await at(database, 31).understood_by_another("router", "b", "x@1")
    assert not await at(database, 51).understood_by_another("router", "a", "y@1")
    assert not await at(database, 31).understood_by_another("bot", "a", "y@1")


async def test_holding_is_kept_through_a_renewal(database: Database) -> None:
    register = at(database)
    await register.announce("gateway", "a", "1.0", frozenset())
    await register.tell_holding("gateway", "a", holds=True)
    await register.announce("gateway", "a", "1.0", frozenset())
    assert [one.holds for one in await register.live()] == [True]


async def test_one_that_ends_goes_and_one_that_was_killed_is_forgotten_after_a_day(database: Database) -> None:
    await at(database, -86_500).announce("sender", "killed", "1.0", frozenset())
    async with announced(at(database), "sender", "ends", "1.0", frozenset()):
        assert [one.holder for one in await at(database).live()] == ["ends"]
        assert await database["leases"].count({}) == 1
    assert await database["leases"].count({}) == 0
