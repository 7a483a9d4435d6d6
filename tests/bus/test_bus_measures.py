"""The age of what is taken from a queue, and whether the broker is there."""

from datetime import timedelta
from pathlib import Path

from deploy.local.servers import rabbitmq
from shared.bus.connection import linked
from shared.bus.partition_consumer import Received
from shared.bus.publisher import Publisher
from shared.bus.topology import declare
from shared.clock import real_now
from tests.bus.test_partition_consumer import ONE, consumed_by
from tests.support.facts import received
from tests.support.measures import counted, measured
from tests.support.waiting import eventually


async def test_a_message_says_when_it_was_published_and_its_age_is_measured(amqp_url: str) -> None:
    seen: list[Received] = []

    async def handle(batch: list[Received]) -> None:
        seen.extend(batch)

    before = counted("wxdesk_queue_age_seconds_count", queue="router")
    began = real_now() - timedelta(milliseconds=1)
    async with linked(amqp_url, "test-publish") as link:
        await declare(link, ONE)
        await Publisher(link, ONE).publish_all([received("1"), received("2")])
        async with consumed_by(link, handle):
            await eventually(lambda: len(seen) == 2)
    assert [one.published_at is not None and began <= one.published_at <= real_now() for one in seen] == [True, True]
    assert counted("wxdesk_queue_age_seconds_count", queue="router") == before + 2


async def test_a_broker_that_goes_away_is_seen_and_counted(tmp_path: Path) -> None:
    async with rabbitmq(tmp_path) as server, linked(server.url, "test-consume") as link:
        await link.wait_connected()
        assert measured("wxdesk_rabbitmq_connected", link="consume") == 1
        before = counted("wxdesk_rabbitmq_losses_total", link="consume")
        await server.kill()
        await eventually(lambda: measured("wxdesk_rabbitmq_connected", link="consume") == 0)
        await eventually(lambda: counted("wxdesk_rabbitmq_losses_total", link="consume") > before)
