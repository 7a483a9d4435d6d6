"""A server goes away between two durable steps and comes back: what is known is kept, and nothing is sent twice."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from deploy.local.servers import mongod, rabbitmq
from services.sender.telling import publish
from shared.bus.connection import linked
from shared.bus.publisher import Publisher
from shared.bus.topology import Topology
from shared.outage import Outage
from shared.store.driver import Database, StoreUnavailable
from shared.store.indexes import ensure_indexes
from shared.store.sends import Begin, SendStore, Write
from tests.sender.office import Office, office
from tests.support.waiting import eventually


class At:
    """Holds the first to come to a step until the test lets it go on."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._arrived = asyncio.Event()
        self._going = asyncio.Event()

    async def __call__(self, name: str) -> None:
        if name == self._name and not self._arrived.is_set():
            self._arrived.set()
            await self._going.wait()

    async def arrived(self) -> None:
        async with asyncio.timeout(60):
            await self._arrived.wait()

    def go_on(self) -> None:
        self._going.set()


async def test_an_outcome_is_kept_while_mongodb_is_away(environment: dict[str, str], tmp_path: Path) -> None:
    async with mongod(tmp_path / "mongod") as server:
        database = Database(server.url, "wxdesk")
        await ensure_indexes(database)
        async with office({**environment, "MONGO_URL": server.url, "MONGO_DB": "wxdesk"}, database) as desk:
            await sent_through(desk, server.kill, server.start, "answered")
        await database.close()


async def test_an_outcome_is_told_after_the_broker_was_away(
    environment: dict[str, str], database: Database, tmp_path: Path
) -> None:
    async with (
        rabbitmq(tmp_path / "rabbitmq") as server,
        office({**environment, "AMQP_URL": server.url}, database) as desk,
    ):
        await sent_through(desk, server.kill, server.start, "settled")


async def sent_through(
    desk: Office, kill: Callable[[], Awaitable[None]], start: Callable[[], Awaitable[None]], step: str
) -> None:
    """A send whose server goes away at one step and comes back, and another one after that."""
    at = At(step)
    async with desk.sender(at):
        send = await desk.send("一")
        await at.arrived()
        await kill()
        at.go_on()
        await start()
        assert (await desk.settled(send, within_seconds=60)).outcome == "sent"
        await eventually(lambda: desk.publisher.connected, 60)
        assert (await desk.settled(await desk.send("二"), within_seconds=60)).outcome == "sent"
        await desk.nothing_left()
    assert await desk.phone() == ["一", "二"]
    assert {fact.outcome for fact in desk.told(send)} == {"sent"}


async def test_an_attempt_that_was_written_though_nobody_heard_so_is_still_made_once(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = SendStore.write
    unheard: list[Sequence[Write]] = []

    async def unheard_once(store: SendStore, writes: Sequence[Write]) -> list[bool]:
        done = await write(store, writes)
        if not unheard and any(isinstance(one, Begin) for one in writes):
            unheard.append(writes)
            raise StoreUnavailable("the answer was lost")
        return done

    monkeypatch.setattr(SendStore, "write", unheard_once)
    async with desk.sender():
        assert (await desk.settled(await desk.send())).outcome == "sent"
    assert unheard
    assert len(await desk.calls()) == 1


async def test_a_missing_queue_is_an_outage_and_no_fault_of_the_message(desk: Office) -> None:
    async with linked(desk.environment["AMQP_URL"], "test") as link:
        await link.wait_connected()
        elsewhere = Publisher(link, Topology(router_partitions=2, sender_partitions=256))
        sends = [desk.command(app_id=f"wx{number}") for number in range(20)]
        with pytest.raises(Outage):
            await publish(elsewhere, *sends)
