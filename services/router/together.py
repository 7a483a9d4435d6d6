"""Partitions of one process settle together: what they have in hand shares its queries and writes.

Conversations of different partitions are never the same, so the batches cannot get in each other's way; a round
trip to MongoDB costs the same for one fact as for a hundred.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from services.router.batch import Undecidable
from shared.conversation.facts import AnyFact
from shared.outage import Outage

MOST_FACTS: Final = 400

Settle = Callable[[Sequence[AnyFact]], Awaitable[None]]
Share = tuple[Sequence[AnyFact], asyncio.Future[None]]
"""What one partition has in hand, and where it hears how that went."""


class Together:
    """Collects what arrives while one round is under way into the next round."""

    def __init__(self, settle: Settle) -> None:
        self._settle = settle
        self._waiting: list[Share] = []
        self._round: asyncio.Task[None] | None = None

    async def settle(self, facts: Sequence[AnyFact]) -> None:
        """As `Batch.settle`, for these facts: raises Outage or Undecidable as if they had been alone."""
        if not facts:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((facts, done))
        if self._round is None:
            self._round = asyncio.create_task(self._rounds(), name="settle together")
        await done

    async def _rounds(self) -> None:
        try:
            while self._waiting:
                taken, count = [], 0
                while self._waiting and count < MOST_FACTS:
                    taken.append(self._waiting.pop(0))
                    count += len(taken[-1][0])
                await self._settle_round(taken)
        finally:
            self._round = None

    async def _settle_round(self, taken: list[Share]) -> None:
        try:
            await self._settle([fact for facts, _ in taken for fact in facts])
        except Outage as outage:
            _tell(taken, outage)
        except Exception as failure:  # noqa: BLE001 - whoever it belongs to is told, and raises it
            await self._settle_apart(taken, failure)
        else:
            _tell(taken, None)

    async def _settle_apart(self, taken: list[Share], failure: Exception) -> None:
        """One partition's facts are at fault: that partition hears of it, the others settle by themselves."""
        for facts, done in taken:
            if len(taken) == 1 or (isinstance(failure, Undecidable) and failure.fact in facts):
                _tell([(facts, done)], failure)
                continue
            try:
                await self._settle(facts)
            except Exception as own:  # noqa: BLE001 - as above
                _tell([(facts, done)], own)
            else:
                _tell([(facts, done)], None)


def _tell(taken: list[Share], failure: Exception | None) -> None:
    for _, done in taken:
        if done.done():
            continue
        if failure is None:
            done.set_result(None)
        else:
            done.set_exception(failure)
