"""From one generation of partition queues to the next, at the broker. Nobody may consume or publish meanwhile."""

from contextlib import suppress

from aio_pika.exceptions import ChannelNotFoundEntity

from shared.bus.connection import Link
from shared.bus.inspection import Inspection, QueueSeen
from shared.bus.topology import CONVERSATION, OUTBOUND, Topology


def partition_queues(topology: Topology) -> dict[str, str]:
    """The queues whose names change with the generation, each with the exchange that feeds it."""
    return {name: exchange for name, (exchange, _) in topology.queues().items() if exchange in {CONVERSATION, OUTBOUND}}


async def seen_queues(inspection: Inspection, topology: Topology) -> dict[str, QueueSeen]:
    """Those of the partition queues that are there."""
    arguments = topology.queues()
    seen = {name: await inspection.queue(name, arguments[name][1]) for name in partition_queues(topology)}
    return {name: queue for name, queue in seen.items() if queue is not None}


async def cut_off(link: Link, topology: Topology) -> None:
    """From now on nothing comes into the partition queues, whoever publishes: it has no route."""
    channel = await link.channel()
    try:
        for name, exchange in partition_queues(topology).items():
            queue = await channel.get_queue(name, ensure=False)
            await queue.unbind(exchange, routing_key=name)
    finally:
        await channel.close()


async def delete_partitions(link: Link, topology: Topology) -> None:
    """For queues that are cut off and empty; those that are gone are no error."""
    for name in partition_queues(topology):
        channel = await link.channel()
        with suppress(ChannelNotFoundEntity):
            await channel.queue_delete(name)
        if not channel.is_closed:
            await channel.close()
