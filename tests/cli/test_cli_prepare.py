"""`wxdesk prepare`, and services that wait for it."""

import asyncio

import pytest
from structlog.testing import capture_logs

from services.router.app import router
from services.router.settings import RouterSettings
from shared.bus.inspection import inspected
from shared.bus.topology import Topology
from shared.clock import real_now
from shared.store.driver import Database
from shared.store.migrations import CHANGES
from shared.store.schema import Made, SchemaStore, SchemaTooNew
from tests.cli.cli import Cli
from tests.cli.running import settings
from tests.support.waiting import eventually

TWO = Topology(router_partitions=2, sender_partitions=2)


async def queues(amqp_url: str) -> list[str]:
    async with inspected(amqp_url) as inspection:
        return [name for name, (_, how) in TWO.queues().items() if await inspection.queue(name, how) is not None]


async def test_it_prepares_both_servers_and_again_does_nothing(cli: Cli, amqp_url: str) -> None:
    settings(RouterSettings, cli)
    first = (await cli.ok("prepare", "--json")).json
    assert first["made"] == [change.name for change in CHANGES]
    assert (first["version"], first["queues"], first["topology"]["router_partitions"]) == (len(CHANGES), "declared", 2)
    assert await queues(amqp_url) == list(TWO.queues())
    again = await cli.ok("prepare")
    assert "Changes made now: none." in again.out


async def test_queues_of_an_operator_are_left_to_it(cli: Cli, amqp_url: str) -> None:
    cli.variables["TOPOLOGY"] = "expect"
    settings(RouterSettings, cli)
    assert (await cli.ok("prepare", "--json")).json["queues"] == "left to the operator"
    assert await queues(amqp_url) == []


async def test_others_are_waited_for_and_other_numbers_are_refused(cli: Cli, database: Database) -> None:
    fence = await SchemaStore(database).take("somebody", real_now())
    assert fence is not None
    late = await cli("prepare", "--wait", "0.7")
    assert (late.code, "another process prepares" in late.err) == (1, True)
    await SchemaStore(database).let_go(fence)
    await cli.ok("prepare")
    cli.variables["ROUTER_PARTITIONS"] = "3"
    other = await cli("prepare")
    assert (other.code, "router_partitions: stored 16, this process was told 3" in other.err) == (1, True)


async def test_servers_out_of_reach_are_3(cut_off_cli: Cli, cli: Cli) -> None:
    cli.variables["AMQP_URL"] = "amqp://127.0.0.1:1/"
    assert (await cli("prepare")).code == 3
    cli.variables["MONGO_URL"] = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200"
    assert (await cli("prepare")).code == 3


async def test_a_service_told_to_expect_waits_for_it(cli: Cli, database: Database) -> None:
    told = settings(RouterSettings, cli, schema="expect")
    serving = asyncio.Event()

    async def serve() -> None:
        async with router(told):
            serving.set()

    with capture_logs() as logs:
        running = asyncio.create_task(serve())
        await eventually(lambda: [line for line in logs if line["event"] == "start_awaits"])
        assert not serving.is_set()
        assert "run `wxdesk prepare`" in next(line["reason"] for line in logs if line["event"] == "start_awaits")
        await cli.ok("prepare")
        async with asyncio.timeout(30):
            await running
    assert serving.is_set()


@pytest.mark.parametrize("mode", ["prepare", "expect"])
async def test_a_service_refuses_what_a_newer_release_contracted(cli: Cli, database: Database, mode: str) -> None:
    told = settings(RouterSettings, cli, schema=mode)
    await cli.ok("prepare")
    store = SchemaStore(database)
    fence = await store.take("newer", real_now())
    assert fence is not None
    newer = Made(number=len(CHANGES) + 1, kind="contract", name="old_gone", at=real_now(), release="9.0.0")
    await store.note_made(fence, newer)
    await store.finish(fence, "9.0.0")
    with pytest.raises(SchemaTooNew, match=r"start 9\.0\.0 or a later one"):
        async with router(told):
            pass
    refused = await cli("prepare")
    assert (refused.code, "release 9.0.0" in refused.err) == (1, True)
