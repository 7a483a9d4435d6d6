"""Publishing, where nothing that can go wrong is ever the message's fault."""

from collections.abc import Iterable

from shared.bus.publisher import Publisher, Unroutable
from shared.contracts import BusMessage
from shared.outage import Outage


async def publish(publisher: Publisher, messages: Iterable[BusMessage]) -> None:
    """Publish in order; raises Outage, also where a queue is missing: an operator may yet make it."""
    try:
        await publisher.publish_all(messages)
    except Unroutable as missing:
        raise Outage(str(missing)) from missing
