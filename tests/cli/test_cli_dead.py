"""`wxdesk dead` with a real router: what was set aside, and what comes of its second chance."""

import json
from typing import Any

from aio_pika import Message as Packet

from services.router.facts import condemn
from shared.bus.connection import linked
from shared.bus.partition_consumer import Received
from shared.bus.topology import CONVERSATION as EXCHANGE
from shared.bus.topology import Topology
from shared.contracts import encode
from shared.conversation.content import Text, Unsupported
from shared.conversation.facts import AnyFact
from shared.store.dead import DeadStore
from shared.store.driver import Database
from shared.store.messages import MessageStore
from tests.cli.cli import Cli
from tests.cli.running import routing
from tests.support.facts import CONVERSATION, received, reply
from tests.support.waiting import eventually

TWO = Topology(router_partitions=2, sender_partitions=2)
BROKEN_TEXT = "坏\\ud83d的\\u001b[31m"


def broken(msg_id: str = "77") -> bytes:
    """A push whose text holds half a character, as no JSON reader takes it."""
    return encode(received("TEXT", msg_id=msg_id)).replace(b"TEXT", BROKEN_TEXT.encode())


def unstorable(msg_id: str = "88") -> bytes:
    """A push that says where it belongs, and holds a number MongoDB cannot keep."""
    return encode(received(msg_id=msg_id, content=Unsupported(name="video", raw={"n": 2**70})))


async def push(amqp_url: str, *bodies: bytes) -> None:
    """Into the queue as they are, past everything that would not write them."""
    async with linked(amqp_url, "test") as link:
        await link.wait_connected()
        channel = await link.channel(confirms=True)
        exchange = await channel.get_exchange(EXCHANGE, ensure=False)
        for body in bodies:
            await exchange.publish(Packet(body), TWO.route(EXCHANGE, CONVERSATION))


async def set_aside(database: Database, body: bytes, fact: AnyFact | None = None) -> str:
    """As a router would have, but with no router about."""
    message = Received(body=body, kind="x", delivery_count=0, redelivered=False, tag=1)
    dead = condemn("router.v1.p00", message, "it was broken", fact).dead
    await DeadStore(database).condemn(dead)
    return dead.id


async def texts(database: Database) -> list[Any]:
    history = await MessageStore(database).page(CONVERSATION, after_seq=0)
    return [getattr(message.content, "text", message.content.type) for message in history]


async def test_a_mended_push_is_readable_in_its_own_place(cli: Cli, database: Database, amqp_url: str) -> None:
    async with routing(cli):
        await push(amqp_url, encode(received("前")), unstorable(), encode(received("后")))
        await eventually(lambda: DeadStore(database).count())
        await eventually(_has(database, ["前", "unsupported", "后"]))
        (dead,) = (await cli.ok("dead", "list", "--json")).json
        assert (dead["conversation_id"], dead["kind"]) == (CONVERSATION, "message_received")
        assert (await cli.ok("dead", "replay", dead["id"], "--json")).json == {"replayed": [dead["id"]], "refused": []}
        message = await eventually(lambda: _mended(database))
    assert message == {"n": str(2**70)}
    assert await texts(database) == ["前", "unsupported", "后"]
    assert (await cli.ok("dead", "list", "--json")).json == []
    (replayed,) = (await cli.ok("dead", "list", "--state", "replayed", "--json")).json
    assert replayed["id"] == dead["id"]


async def test_a_push_nobody_could_place_goes_to_the_end(cli: Cli, database: Database, amqp_url: str) -> None:
    async with routing(cli):
        await push(amqp_url, broken(), encode(received("后")))
        await eventually(lambda: DeadStore(database).count())
        await eventually(_has(database, ["后"]))
        await cli.ok("dead", "replay", "--all")
        await eventually(_has(database, ["后", "坏\ufffd的\x1b[31m"]))


async def test_replaying_all_goes_on_past_what_cannot_be(cli: Cli, database: Database) -> None:
    async with routing(cli):
        hopeless = await set_aside(database, b"not json")
        told = reply("hi")
        command = await set_aside(database, encode(told), told)
        mendable = await set_aside(database, broken())
        ran = await cli("dead", "replay", "--all", "--json")
        assert ran.code == 1
        assert ran.json["replayed"] == [mendable]
        assert {one["id"] for one in ran.json["refused"]} == {hopeless, command}
        assert "2 of 3 could not be replayed" in json.loads(ran.err)["error"]
        await eventually(_has(database, ["坏\ufffd的\x1b[31m"]))


async def test_a_place_that_is_not_there_yet_is_waited_for_by_hand(cli: Cli, database: Database) -> None:
    """Its router has noted it, but has not come to write the unreadable message."""
    async with routing(cli):
        dead = await set_aside(database, unstorable())
        ran = await cli("dead", "replay", dead)
    assert ran.code == 1
    assert "has no place in its conversation's history yet" in ran.err
    assert await DeadStore(database).count() == 1


async def test_dropping_is_once_and_final(cli: Cli, database: Database) -> None:
    dead = await set_aside(database, b"not json")
    assert (await cli.ok("dead", "drop", dead, "--json")).json == {"id": dead, "state": "dropped"}
    for verb in ("drop", "replay"):
        ran = await cli("dead", verb, dead)
        assert ran.code == 1
        assert "is dropped already" in ran.err
    assert "Nothing is set aside" in (await cli.ok("dead", "list")).out


async def test_what_is_shown_is_whole_and_steers_nothing(cli: Cli, database: Database) -> None:
    body = b'{"text": "\x1b[2J' + "你好".encode() + b'\xff"}'
    dead = await set_aside(database, body)
    assert (await cli.ok("dead", "show", dead, "--json")).json["body"] == body.decode("utf-8", "replace")
    out = (await cli.ok("dead", "show", dead)).out
    assert "你好" in out
    assert "\x1b" not in out


async def test_what_is_not_there_is_1(cli: Cli) -> None:
    for verb in ("show", "replay", "drop"):
        ran = await cli("dead", verb, "nothing")
        assert ran.code == 1
        assert "nothing is set aside under nothing" in ran.err


async def test_without_a_broker_nothing_is_marked(cli: Cli, database: Database, amqp_url: str) -> None:
    async with routing(cli):
        await push(amqp_url, unstorable())
        await eventually(lambda: DeadStore(database).count())
        dead = (await DeadStore(database).in_state())[0].id
    cli.variables["AMQP_URL"] = "amqp://x:s3cret@127.0.0.1:1/"
    ran = await cli("dead", "replay", dead)
    assert ran.code == 3
    assert "RabbitMQ at 127.0.0.1:1 does not answer" in ran.err
    assert "s3cret" not in ran.err
    assert await DeadStore(database).count() == 1


async def test_a_deleted_customer_is_not_brought_back(cli: Cli, database: Database, amqp_url: str) -> None:
    async with routing(cli):
        await push(amqp_url, unstorable())
        await eventually(lambda: DeadStore(database).count())
        dead = (await DeadStore(database).in_state())[0]
        await eventually(_has(database, ["unsupported"]))
        await database["conversations"].update_one({"_id": CONVERSATION}, {"$currentDate": {"deleted_at": True}})
        ran = await cli("dead", "replay", dead.id)
    assert ran.code == 1
    assert "customer who was deleted" in ran.err


def _has(database: Database, wanted: list[str]) -> Any:
    async def has() -> bool:
        assert await texts(database) == wanted
        return True

    return has


async def _mended(database: Database) -> dict[str, Any] | None:
    message = await MessageStore(database).get(CONVERSATION, 2)
    assert message is not None
    assert not isinstance(message.content, Text)
    assert isinstance(message.content, Unsupported)
    return message.content.raw if message.content.name == "video" else None
