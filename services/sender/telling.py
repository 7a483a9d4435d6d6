"""Publishing, where nothing that can go wrong is ever the message's fault."""

from shared.bus.publisher import Publisher, Unroutable
from shared.contracts import BusMessage
from shared.outage import Outage


async def publish(publisher: Publisher, *messages: BusMessage) -> None:
    """Publish in order; raises Outage, also where a queue is missing: an operator may yet make it."""
    try:
        if len(messages) == 1:
            await publisher.publish(messages[0])
        else:
            await publisher.publish_all(messages)
    except Unroutable as missing:
        raise Outage(str(missing)) from missing
