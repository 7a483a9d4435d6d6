"""Running the consumers of a service: one for each partition, by the priority of this replica's slot."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog

from shared.bus.partition_consumer import PartitionConsumer
from shared.lifecycle import Background

log = structlog.get_logger()


@asynccontextmanager
async def consuming(background: Background, consumers: Sequence[PartitionConsumer]) -> AsyncIterator[None]:
    """Consume for as long as the block runs; on leaving, batches in hand are finished and the rest goes back."""
    for consumer in consumers:
        background.spawn(consumer.run(), f"consume {consumer.queue}")
    try:
        yield
    finally:
        for consumer in consumers:
            await consumer.drain()
