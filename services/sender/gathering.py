"""Many small questions to MongoDB as few large ones: what comes while one is under way goes into the next."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from shared.outage import Outage

MOST: Final = 300
UNDER_WAY: Final = 2
"""Two at a time keep MongoDB busy while one answer is read; more only make the pieces smaller."""

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
Work = Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]]


class Gathering(Generic[Asked, Answer]):
    """Feeds `work` with what has gathered; `work` answers each item in its place."""

    def __init__(self, work: Work[Asked, Answer], *, most: int = MOST, under_way: int = UNDER_WAY) -> None:
        self._work = work
        self._most = most
        self._under_way = under_way
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._rounds: set[asyncio.Task[None] | None] = set()

    async def ask(self, asked: Asked) -> Answer:
        """The answer for one item; raises what `work` raises for it. An Outage is everybody's.

        Where `work` fails for another reason, the items are asked in halves, until the one at fault stands alone.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        if len(self._rounds) < self._under_way:
            self._rounds.add(asyncio.create_task(self._ask_all()))
        return await answer

    async def _ask_all(self) -> None:
        try:
            while self._waiting:
                taken, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._ask(taken)
        finally:
            # Not by a done callback: whoever was just answered may ask again before that is called, and would wait
            # for a round that has ended.
            self._rounds.discard(asyncio.current_task())

    async def _ask(self, taken: list[tuple[Asked, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._work([asked for asked, _ in taken])
        except Exception as failure:  # noqa: BLE001 - whoever asked is told, and raises it
            if len(taken) > 1 and not isinstance(failure, Outage):
                half = len(taken) // 2
                await self._ask(taken[:half])
                await self._ask(taken[half:])
                return
            for _, future in taken:
                if not future.done():
                    future.set_exception(failure)
        else:
            for (_, future), answer in zip(taken, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
