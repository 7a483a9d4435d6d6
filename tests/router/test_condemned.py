"""Messages that cannot be decided, read or written are set aside; everything around them goes on."""

from typing import Any

import orjson
import pytest

from services.router.partition import Partition
from shared.bus.partition_consumer import Received, StopPartition
from shared.contracts import encode
from shared.conversation.content import Unsupported
from shared.outage import Outage
from tests.router.workshop import Workshop
from tests.support.facts import CONVERSATION, received


def delivered(body: bytes, *, count: int = 0, tag: int = 1) -> Received:
    return Received(body=body, kind="message_received", delivery_count=count, redelivered=count > 0, tag=tag)


def unknown_version(msg_id: str = "77") -> bytes:
    said: dict[str, Any] = orjson.loads(encode(received("来自未来", msg_id=msg_id)))
    return orjson.dumps({**said, "contract": 2})


def partition(shop: Workshop) -> Partition:
    return Partition("router.v1.p00", shop.batch().settle, shop.dead)


async def test_an_unreadable_push_stands_in_the_history_and_the_others_go_on(shop: Workshop) -> None:
    before, after = received("前"), received("后")
    await partition(shop).handle([delivered(encode(before)), delivered(unknown_version()), delivered(encode(after))])
    history = await shop.history(CONVERSATION)
    assert [m.content.type for m in history] == ["text", "unsupported", "text"]
    (dead,) = await shop.dead.in_state()
    assert dead.conversation_id == CONVERSATION
    content = history[1].content
    assert isinstance(content, Unsupported)
    assert content.raw["dead_id"] == dead.id


async def test_the_same_unreadable_push_again_is_still_one(shop: Workshop) -> None:
    for _ in range(2):
        await partition(shop).handle([delivered(unknown_version())])
    assert len(await shop.history(CONVERSATION)) == 1
    assert await shop.dead.count() == 1


async def test_a_body_that_says_nothing_is_kept_whole(shop: Workshop) -> None:
    await partition(shop).handle([delivered(b"\xff\x00 not json")])
    (dead,) = await shop.dead.in_state()
    assert (dead.body, dead.conversation_id) == (b"\xff\x00 not json", None)


@pytest.mark.parametrize("poison", [{"n": 2**70}, {"a": {"\x00": 1}}, {"s": "\ud83d"}])
async def test_what_mongodb_cannot_store_is_found_among_many(shop: Workshop, poison: dict[str, Any]) -> None:
    """One such document makes the driver refuse the whole write; only the culprit is set aside."""
    bad = received(content=Unsupported(name="x", raw=poison), openid="o-bad")
    good = [received(f"{n}", openid=f"o{n}") for n in range(9)]
    facts = {fact.id: (fact, delivered(b"%d" % n)) for n, fact in enumerate([*good[:4], bad, *good[4:]])}
    await partition(shop)._settle_facts(dict(facts))
    for fact in good:
        assert len(await shop.history(fact.conversation_id)) == 1
    (message,) = await shop.history(bad.conversation_id)
    assert isinstance(message.content, Unsupported)
    assert message.content.name == "unreadable"


async def test_several_facts_of_one_conversation_survive_the_one_that_cannot_be_written(shop: Workshop) -> None:
    bad = received(content=Unsupported(name="x", raw={"n": 2**70}))
    told = [received("一"), bad, received("三")]
    facts = {fact.id: (fact, delivered(b"%d" % n)) for n, fact in enumerate(told)}
    await partition(shop)._settle_facts(dict(facts))
    assert [m.content.type for m in await shop.history(CONVERSATION)] == ["text", "unsupported", "text"]


async def test_a_message_that_ended_the_process_three_times_is_condemned(shop: Workshop) -> None:
    class Dies:
        async def settle(self, facts: Any) -> None:
            if any(fact.kind == "message_received" for fact in facts):
                raise SystemExit(f"{len(facts)} facts")
            await shop.batch().settle(facts)

    one = delivered(encode(received("毒", msg_id="9")), count=6)
    for _ in range(2):
        with pytest.raises(SystemExit):
            await Partition("router.v1.p00", Dies().settle, shop.dead).handle([one])
    await Partition("router.v1.p00", Dies().settle, shop.dead).handle([one])
    (message,) = await shop.history(CONVERSATION)
    assert message.content.type == "unsupported"


async def test_a_message_that_came_back_often_but_is_well_is_simply_taken(shop: Workshop) -> None:
    for _ in range(4):
        await partition(shop).handle([delivered(encode(received("好", msg_id="5")), count=9)])
    assert await shop.dead.count() == 0
    assert len(await shop.history(CONVERSATION)) == 1


async def test_too_many_in_a_minute_stop_the_partition(shop: Workshop) -> None:
    many = [delivered(unknown_version(str(n)), tag=n) for n in range(10)]
    with pytest.raises(StopPartition):
        await partition(shop).handle(many)


async def test_an_outage_is_no_death(shop: Workshop) -> None:
    """Held and tried again and again, a healthy message is not taken for one that kills."""
    one = delivered(encode(received("好", msg_id="8")), count=9)

    async def away(_: Any) -> None:
        raise Outage("the broker refuses")

    for _ in range(5):
        with pytest.raises(Outage):
            await Partition("router.v1.p00", away, shop.dead).handle([one])
    await partition(shop).handle([one])
    assert await shop.dead.count() == 0
    assert len(await shop.history(CONVERSATION)) == 1


async def test_a_stopped_partition_moves_on_when_it_comes_back(shop: Workshop) -> None:
    """What was set aside before is no news, so the same batch does not stop it for ever."""
    many = [delivered(unknown_version(str(n)), tag=n) for n in range(10)]
    handler = partition(shop)
    with pytest.raises(StopPartition):
        await handler.handle(many)
    await partition(shop).handle(many)
    assert await shop.dead.count() == 10
    assert len(await shop.history(CONVERSATION)) == 10
