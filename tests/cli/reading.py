"""What was published to a queue, read as a service would."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from shared.bus.connection import Link
from shared.bus.partition_consumer import PartitionConsumer, Received


@asynccontextmanager
async def read(link: Link, queue: str) -> AsyncIterator[list[bytes]]:
    """The bodies that have arrived so far, in order."""
    bodies: list[bytes] = []

    async def keep(received: list[Received]) -> None:
        bodies.extend(one.body for one in received)

    async def healthy() -> bool:
        return True

    running = asyncio.create_task(PartitionConsumer(link, queue, keep, healthy).run())
    try:
        yield bodies
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
