"""The metrics of RabbitMQ's own that dashboards and alerts use, asked of a real one."""

import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.ports import free_port
from deploy.local.servers import rabbitmq
from deploy.monitoring.foreign import FOREIGN
from shared.bus.connection import linked
from shared.bus.publisher import Publisher
from shared.bus.topology import Topology, declare
from tests.support.facts import received
from tests.support.waiting import eventually

ONE = Topology(router_partitions=1, sender_partitions=1)


@pytest.fixture(scope="module")
async def metrics_url() -> AsyncIterator[str]:
    """A broker with our queues and a message, and where it tells of them."""
    port = free_port()
    listening = {"prometheus.tcp.ip": "127.0.0.1", "prometheus.tcp.port": str(port)}
    with tempfile.TemporaryDirectory(prefix="wxdesk-rabbitmq-", ignore_cleanup_errors=True) as directory:
        async with rabbitmq(Path(directory), plugins=["rabbitmq_prometheus"], configuration=listening) as server:
            async with linked(server.url, "test") as link:
                await declare(link, ONE)
                await Publisher(link, ONE).publish(received("你好"))
                yield f"http://127.0.0.1:{port}/metrics"
            await server.kill()


async def told(url: str) -> dict[str, set[str]]:
    """Each series' name with all the labels it has somewhere."""
    async with aiohttp.ClientSession() as http, http.get(url) as response:
        response.raise_for_status()
        text = await response.text()
    found: defaultdict[str, set[str]] = defaultdict(set)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name] |= set(sample.labels)
    return found


def wanted() -> dict[str, frozenset[str]]:
    return {name: labels for name, labels in FOREIGN.items() if name.startswith("rabbitmq_")}


async def test_rabbitmq_has_what_is_asked_of_it(metrics_url: str) -> None:
    found = await eventually(lambda: told(metrics_url))
    assert set(wanted()) <= set(found)


async def test_a_line_for_each_queue_is_to_be_had(metrics_url: str) -> None:
    async def every_label_is_there() -> bool:
        found = await told(f"{metrics_url}/per-object")
        by_queue = {name: labels for name, labels in wanted().items() if "queue" in labels}
        return len(by_queue) == 3 and all(labels <= found[name] for name, labels in by_queue.items())

    assert await eventually(every_label_is_there, within_seconds=60)
