import json

import aio_pika
import pytest
from typing_extensions import override

from services.sender.condemned import Condemner
from services.sender.contents import Contents
from services.sender.copies import Copies
from services.sender.partition import Hands, Partition
from services.sender.sending import InHand, Sending
from services.sender.tokens import Tokens
from services.sender.typing_signals import TypingSignals
from shared.bus.partition_consumer import Received, StopPartition
from shared.clock import SystemClock
from shared.condemning import CONDEMNED_PER_MINUTE, SUSPICIOUS_DELIVERIES
from shared.contracts import encode, route
from shared.conversation.commands import SendMessage
from shared.conversation.content import Sendable, Text
from shared.store.dead import DeadStore
from shared.store.sends import Outgoing, id_of
from shared.wechat.outbound import Outbound
from tests.sandbox.box import SEND
from tests.sender.office import SMALL, Office
from tests.support.waiting import eventually


async def put(desk: Office, body: bytes, like: SendMessage) -> None:
    """Put a body of any kind where this send would go."""
    connection = await aio_pika.connect(desk.environment["AMQP_URL"])
    async with connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange("wx.outbound", ensure=False)
        await exchange.publish(aio_pika.Message(body), SMALL.route(*route(like)))


def spoilt(send: SendMessage, **fields: object) -> bytes:
    return json.dumps({**json.loads(encode(send)), **fields}).encode()


async def dead(desk: Office) -> int:
    return await DeadStore(desk.database).count()


async def test_what_cannot_be_read_is_set_aside_and_the_others_go_on(desk: Office) -> None:
    async with desk.sender():
        send = desk.command()
        await put(desk, b"no json", send)
        await put(desk, spoilt(send, kind="send_postcard"), send)
        await desk.publish(send)
        assert (await desk.settled(send)).outcome == "sent"
    assert await dead(desk) == 2


async def test_the_conversation_hears_of_a_send_that_was_set_aside(desk: Office) -> None:
    async with desk.sender():
        send = desk.command()
        await put(desk, spoilt(send, content={"type": "hologram"}), send)
        [fact] = await eventually(desk.condemned)
        assert (fact.conversation_id, fact.send_id) == (send.conversation_id, send.send_id)
        [condemned] = await DeadStore(desk.database).in_state()
    assert (condemned.id, condemned.fact_id) == (fact.dead_id, fact.id)
    assert await desk.calls() == []


async def test_a_send_that_cannot_be_written_is_set_aside_alone(desk: Office) -> None:
    await desk.open_window("o-2")
    async with desk.sender():
        good, bad = desk.command(openid="o-2"), desk.command()
        await put(desk, spoilt(bad, place=[2**70, 0]), bad)
        await desk.publish(good)
        assert (await desk.settled(good)).outcome == "sent"
        [fact] = await eventually(desk.condemned)
        assert fact.send_id == bad.send_id
        next_one = await desk.send()
        assert (await desk.settled(next_one)).outcome == "sent"


async def test_a_fault_of_ours_costs_one_message_and_says_so(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    message = Contents.message

    async def faulty(contents: Contents, app_id: str, content: Sendable, by: float) -> Outbound:
        if content == Text(text="坏"):
            raise KeyError("坏")
        return await message(contents, app_id, content, by)

    monkeypatch.setattr(Contents, "message", faulty)
    await desk.faults({"path": SEND, "errcode": -1, "times": 1})
    async with desk.sender():
        busy, behind, after = desk.command("一"), desk.command("坏"), desk.command("二")
        await desk.publish(busy, behind, after)
        assert (await desk.settled(after)).outcome == "sent"
        assert (await desk.settled(behind)).code == "fault"
        fresh = await desk.send("坏")
        [fact] = await eventually(desk.condemned)
        assert fact.send_id == fresh.send_id
    assert await desk.phone() == ["一", "二"]


def partition(desk: Office, sending: Sending) -> Partition:
    """A partition's handler with no more around it than a test of its judgement needs."""
    dead = DeadStore(desk.database)
    hands = Hands(
        sending=sending,
        copies=Copies.__new__(Copies),
        typing=TypingSignals.__new__(TypingSignals),
        tokens=Tokens.__new__(Tokens),
        condemner=Condemner(dead, desk.publisher, SystemClock()),
        dead=dead,
    )
    return Partition("sender.v1.p00", hands)


def received(body: bytes, deliveries: int = 0) -> Received:
    return Received(body, "", deliveries, redelivered=deliveries > 0, tag=1)


class Deadly(BaseException):
    """The process ends here."""


class Dying(Sending):
    """Taking a send ends the process."""

    def __init__(self) -> None:
        self.taken = 0

    @override
    def take(self, command: Outgoing) -> InHand:
        self.taken += 1
        raise Deadly(id_of(command))


async def test_too_many_condemned_in_a_minute_stop_the_partition(desk: Office) -> None:
    handler = partition(desk, Dying())
    await handler.handle([received(f"garbage {number}".encode()) for number in range(CONDEMNED_PER_MINUTE)])
    with pytest.raises(StopPartition):
        await handler.handle([received(b"one more")])


async def test_what_ends_the_process_again_and_again_is_set_aside(desk: Office) -> None:
    dying, send = Dying(), desk.command()
    handler = partition(desk, dying)
    for _ in range(2):
        with pytest.raises(Deadly):
            await handler.handle([received(encode(send), SUSPICIOUS_DELIVERIES + 1)])
    await handler.handle([received(encode(send), SUSPICIOUS_DELIVERIES + 1)])
    assert dying.taken == 2
    [fact] = await eventually(desk.condemned)
    assert fact.send_id == send.send_id
