"""What the gateway is told about handovers is carried out like everything else: in order, and twice without harm."""

import pytest

from shared.conversation.facts import AnyFact, BlockCustomer
from shared.conversation.policy import Policy
from shared.store.handovers import Armed, HandoverStore
from tests.router.workshop import StopAt, Stopped, Workshop
from tests.support.facts import CONVERSATION, asked, deleted, received

STEPS = ["decided", "committed", "inserted", "changed", "published"]


async def standing(shop: Workshop) -> Armed | None:
    return await HandoverStore(shop.database, answer_seconds=20).armed(CONVERSATION)


def block() -> BlockCustomer:
    return BlockCustomer(**asked("zhou", seconds=5), blocked=True, supervises=True)


@pytest.mark.parametrize("step", STEPS)
async def test_stopped_anywhere_the_next_router_arms(shop: Workshop, step: str) -> None:
    shop.policy = Policy(entry="official")
    first = received()
    with pytest.raises(Stopped):
        await shop.batch(StopAt(step)).settle([first])
    await shop.batch().settle([first])
    assert await standing(shop) == Armed(1)


@pytest.mark.parametrize("ending", [block(), deleted(seconds=5)], ids=["blocked", "deleted"])
@pytest.mark.parametrize("step", STEPS)
async def test_what_was_disarmed_stays_so_however_often_the_arming_is_told(
    shop: Workshop, step: str, ending: AnyFact
) -> None:
    """The first batch ends before its acknowledgement, so the second has both; a third has them yet again."""
    shop.policy = Policy(entry="official")
    first = received()
    with pytest.raises(Stopped):
        await shop.batch(StopAt(step)).settle([first])
    await shop.batch().settle([first, ending])
    assert await standing(shop) is None
    await shop.batch().settle([first, ending])
    assert await standing(shop) is None


async def test_a_router_that_comes_too_late_arms_nothing_for_a_deleted_customer(shop: Workshop) -> None:
    """It stops for a while between its commit and carrying that out; meanwhile another one has taken over."""
    shop.policy = Policy(entry="official")
    first, gone = received(), deleted(seconds=5)

    async def another_takes_over(name: str) -> None:
        if name == "changed":
            await shop.batch().settle([first, gone])
            assert await standing(shop) is None

    await shop.batch(another_takes_over).settle([first])
    assert await standing(shop) is None
