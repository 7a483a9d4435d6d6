"""Partitions that settle together: one's failure is its own, and nobody waits for ever."""

import asyncio
from collections.abc import Sequence

from services.router.batch import Undecidable
from services.router.together import Together
from shared.conversation.facts import AnyFact
from shared.outage import Outage
from tests.support.facts import received


class Settling:
    """Settles everything but what it is told to fail with; rounds wait until they are let go."""

    def __init__(self, failures: dict[str, Exception]) -> None:
        self.failures = failures
        self.settled: list[str] = []
        self.go_on = asyncio.Event()

    async def __call__(self, facts: Sequence[AnyFact]) -> None:
        await self.go_on.wait()
        for fact in facts:
            if failure := self.failures.get(fact.id):
                raise failure
        self.settled.extend(fact.id for fact in facts)


async def outcomes(settling: Settling, facts: list[AnyFact]) -> list[object]:
    together = Together(settling)
    tasks = [asyncio.create_task(together.settle([fact])) for fact in facts]
    settling.go_on.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    await together.settle([received("later")])
    return list(told)


async def test_only_the_culprits_partition_hears_of_it() -> None:
    good, bad, worse = received("good"), received("bad"), received("worse")
    settling = Settling({bad.id: Undecidable(bad, "bad"), worse.id: ZeroDivisionError("worse")})
    told = await outcomes(settling, [good, bad, worse])
    assert told[0] is None
    assert isinstance(told[1], Undecidable)
    assert isinstance(told[2], ZeroDivisionError)
    assert good.id in settling.settled


async def test_an_outage_is_everybodys() -> None:
    one, two = received("one"), received("two")
    told = await outcomes(Settling({one.id: Outage("away")}), [one, two])
    assert [type(outcome) for outcome in told] == [Outage, Outage]


async def test_nothing_to_settle_is_settled() -> None:
    settling = Settling({})
    await Together(settling).settle([])
    assert settling.settled == []
