import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.conversation.commands import ArmHandover
from shared.store.driver import Database, StoreUnavailable
from shared.store.erasing import Eraser
from shared.store.handovers import ANSWER_SECONDS, Armed, HandoverStore
from tests.console.relay import Relay, relay
from tests.support.facts import APP, CONVERSATION
from tests.support.waiting import eventually

PATIENT_SECONDS = 20.0
LONGEST_SECONDS = 10.0
"""Of two answers that do not come, on a busy machine; without a limit of its own the driver would take 20 for each."""


def arming(number: int, *, armed: bool = True) -> ArmHandover:
    return ArmHandover(conversation_id=CONVERSATION, app_id=APP, trace_id="t", number=number, armed=armed)


@pytest.fixture
def handovers(either_database: Database) -> HandoverStore:
    return HandoverStore(either_database, answer_seconds=PATIENT_SECONDS)


async def test_nothing_is_armed_unasked(handovers: HandoverStore) -> None:
    assert await handovers.armed(CONVERSATION) is None
    assert not await handovers.take(CONVERSATION, 1, "m1")
    assert await handovers.armed(CONVERSATION) is None, "taking makes none"


async def test_one_message_is_taken_and_its_repeats(handovers: HandoverStore) -> None:
    await handovers.arm(arming(1))
    assert await handovers.armed(CONVERSATION) == Armed(1)
    assert await handovers.take(CONVERSATION, 1, "m1")
    assert await handovers.armed(CONVERSATION) == Armed(1, "m1")
    assert await handovers.take(CONVERSATION, 1, "m1"), "a repeat of the same message"
    assert not await handovers.take(CONVERSATION, 1, "m2")


async def test_a_higher_number_is_armed_for_another_message(handovers: HandoverStore) -> None:
    await handovers.arm(arming(1))
    await handovers.take(CONVERSATION, 1, "m1")
    await handovers.arm(arming(2))
    assert await handovers.armed(CONVERSATION) == Armed(2)
    assert not await handovers.take(CONVERSATION, 1, "m1"), "the number asked about is gone"
    assert await handovers.take(CONVERSATION, 2, "m2")


@pytest.mark.parametrize("old", [arming(1), arming(2), arming(1, armed=False)])
async def test_what_is_told_late_changes_nothing(handovers: HandoverStore, old: ArmHandover) -> None:
    await handovers.arm(arming(2))
    await handovers.take(CONVERSATION, 2, "m2")
    await handovers.arm(old)
    assert await handovers.armed(CONVERSATION) == Armed(2, "m2")


@pytest.mark.parametrize("old", [1, 2])
async def test_what_was_disarmed_stays_so(handovers: HandoverStore, old: int) -> None:
    await handovers.arm(arming(2))
    await handovers.arm(arming(2, armed=False))
    assert await handovers.armed(CONVERSATION) is None
    assert not await handovers.take(CONVERSATION, 2, "m1")
    await handovers.arm(arming(old))
    assert await handovers.armed(CONVERSATION) is None
    await handovers.arm(arming(3))
    assert await handovers.armed(CONVERSATION) == Armed(3)


async def test_disarmed_before_it_was_armed_it_is_not(handovers: HandoverStore) -> None:
    await handovers.arm(arming(1, armed=False))
    await handovers.arm(arming(1))
    assert await handovers.armed(CONVERSATION) is None


async def test_an_arming_told_after_the_customer_was_deleted_is_void(
    either_database: Database, handovers: HandoverStore
) -> None:
    """By a router that was slow and is not the conversation's any more."""
    await handovers.arm(arming(1))
    await handovers.take(CONVERSATION, 1, "m1")
    await handovers.arm(arming(1, armed=False))
    await Eraser(either_database).erase(CONVERSATION)
    await handovers.arm(arming(1))
    assert await handovers.armed(CONVERSATION) is None
    left = await either_database["handovers"].find_one({"_id": CONVERSATION})
    assert left is not None
    assert left["msg_id"] is None, "what stays says nothing of the customer"


@pytest.fixture(params=["motor", "pymongo"])
async def far_away(
    mongo_url: str, mongo_db: str, database: Database, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[Relay, HandoverStore]]:
    """A store on a connection that can be cut; the indexes are there."""
    driver: Any = request.param
    async with relay(f"{mongo_url.partition('?')[0]}?directConnection=true") as way:
        opened = Database(way.url, database.name, driver)
        assert database.name == mongo_db
        await opened.ping()
        yield way, HandoverStore(opened, answer_seconds=ANSWER_SECONDS)
        way.let_go()
        await opened.close()


@pytest.mark.parametrize("how", ["silent", "away"])
async def test_an_answer_that_does_not_come_is_not_waited_for(far_away: tuple[Relay, HandoverStore], how: str) -> None:
    way, store = far_away
    await store.arm(arming(1))
    if how == "silent":
        way.hold()
    else:
        await way.cut()
    began = time.monotonic()
    for work in (store.armed(CONVERSATION), store.take(CONVERSATION, 1, "m1")):
        with pytest.raises(StoreUnavailable):
            await work
    assert time.monotonic() - began < LONGEST_SECONDS
    if how == "silent":
        way.let_go()
    else:
        await way.mend()

    async def found() -> bool:
        try:
            return await store.armed(CONVERSATION) is not None
        except StoreUnavailable:
            return False

    await eventually(found)
