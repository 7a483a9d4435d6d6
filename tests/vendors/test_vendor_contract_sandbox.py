"""What every vendor's adapter promises, tried on the sandbox's vendors over real HTTP, both ways."""

from collections.abc import AsyncIterator

import pytest

from shared.conversation.vendor_facts import Ended, Started
from shared.failures import Misconfigured, OutcomeUnknown, Unavailable
from shared.vendors.registry import VENDORS
from tests.support.waiting import eventually
from tests.vendors.places import PLACES, Place


@pytest.fixture(params=PLACES)
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    async with PLACES[request.param]() as made:
        yield made


def test_every_vendor_is_tried() -> None:
    assert set(PLACES) == set(VENDORS)


async def test_its_people_read_what_a_customer_writes_in_order(place: Place) -> None:
    texts = ["你好", "第二句\n换行", "<b>&amp; 😀 [微笑]"]
    for number, text in enumerate(texts):
        await place.relay(text, number)
    assert await place.heard() == texts


async def test_who_takes_a_customer_and_who_lets_them_go(place: Place) -> None:
    await place.relay("你好")
    await place.take()
    started = await place.pushes.one(Started)
    assert started.stood.standing == "person"
    assert started.stood.staff
    assert started.stood.vendor_session
    await place.close()
    ended = await place.pushes.one(Ended)
    assert (ended.vendor_session, ended.why) == (started.stood.vendor_session, "closed")


async def test_what_it_tells_counts_as_taken(place: Place) -> None:
    await place.relay("你好")
    await place.take()
    await place.close()

    async def settled() -> bool:
        return await place.told() == [True, True]

    await eventually(settled)
    assert len(place.pushes.read) == 2


async def test_what_it_tells_twice_is_one_thing(place: Place) -> None:
    await place.relay("你好")
    await place.repeat_pushes()
    await place.take()
    await place.close()
    await eventually(lambda: len(place.pushes.of(Ended)) == 2)
    assert len({pushed.id for pushed in place.pushes.read if isinstance(pushed.event, Ended)}) == 1


async def test_a_lost_answer_leaves_one_message_there(place: Place) -> None:
    """Given again only where the vendor knows it again."""
    await place.fault(drop_answer=True)
    with pytest.raises((Unavailable, OutcomeUnknown)) as failed:
        await place.relay("只有一次")
    if isinstance(failed.value, Unavailable):
        await place.relay("只有一次")
    assert await place.heard() == ["只有一次"]


@pytest.mark.parametrize("status", [429, 503])
async def test_what_was_not_looked_at_is_given_again(place: Place, status: int) -> None:
    await place.fault(http=status)
    with pytest.raises(Unavailable):
        await place.relay("再来一次")
    assert await place.heard() == []
    await place.relay("再来一次")
    assert await place.heard() == ["再来一次"]


async def test_a_line_that_is_cut_is_no_fault_of_the_account(place: Place) -> None:
    await place.fault(dead=True)
    with pytest.raises((Unavailable, OutcomeUnknown)):
        await place.relay("断线")
    await place.relay("又通了", 2)
    assert await place.heard() == ["又通了"]


async def test_a_probe_is_seen_by_nobody(place: Place) -> None:
    assert await place.port.probe()
    assert await place.heard() == []
    assert await place.told() == []


async def test_secrets_that_differ_are_found_by_a_probe(place: Place) -> None:
    await place.forget_us()
    with pytest.raises(Misconfigured):
        await place.port.probe()


async def test_what_somebody_else_tells_is_not_read(place: Place) -> None:
    await place.relay("你好")
    if place.kind == "qiyu":
        await eventually(lambda: len(place.pushes.read) == 1)
        place.pushes.read.clear()
    await place.forget_us()
    await place.take()
    await place.close()
    await eventually(lambda: place.pushes.forged > 0)
    assert place.pushes.read == []
