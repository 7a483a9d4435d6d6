"""What the customer sees of an agent who types."""

from collections.abc import AsyncIterator

import pytest

from shared.bus.connection import linked
from shared.bus.partition_consumer import PartitionConsumer, Received
from shared.bus.partitions import partition_name
from shared.bus.topology import Topology
from shared.clock import real_now
from shared.contracts import ShowTyping, conversation_lane, decode_outbound
from shared.lifecycle import Background
from tests.console.house import APP, Caller, House
from tests.console.screen import Screen
from tests.support.waiting import eventually


@pytest.fixture
async def shown(desk: House) -> AsyncIterator[list[ShowTyping]]:
    """Every typing that is to be shown from now on, as the sender gets it."""
    told: list[ShowTyping] = []

    async def take(received: list[Received]) -> None:
        outbound = [decode_outbound(one.body) for one in received]
        told.extend(one for one in outbound if isinstance(one, ShowTyping))

    queue = Topology(router_partitions=2, sender_partitions=2).route("wx.outbound", conversation_lane(APP))
    assert queue in {partition_name("sender", number) for number in range(2)}
    url = desk.common["amqp_url"].get_secret_value()
    async with linked(url, "sender") as link, Background() as background:
        consumer = PartitionConsumer(link, queue, take, desk.database.alive)
        background.spawn(consumer.run(), "consume")
        yield told
        await consumer.drain()


async def test_only_the_responders_typing_is_shown(desk: House, lina: Caller, shown: list[ShowTyping]) -> None:
    omar = await desk.agent()
    mine, his = await desk.held_by(lina), await desk.held_by(omar)
    screen, other = Screen(lina), Screen(omar)
    async with screen.ready() as socket, other.ready():
        for customer in (his, mine, mine, mine):
            await socket.send_json({"type": "typing", "conversation_id": customer.id})
        await socket.send_json({"type": "viewing", "conversation_id": mine.id})
        await eventually(lambda: other.said("viewing"))
        await eventually(lambda: shown)
        last = await desk.held_by(lina)
        await socket.send_json({"type": "typing", "conversation_id": last.id})
        await eventually(lambda: shown[-1].conversation_id == last.id)
    assert [(one.conversation_id, one.openid, one.typing) for one in shown] == [
        (mine.id, mine.openid, True),
        (last.id, last.openid, True),
    ]
    assert all((one.expires_at - real_now()).total_seconds() <= 5 for one in shown)
