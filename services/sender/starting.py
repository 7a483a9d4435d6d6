"""The moment before a request: its attempt is written down, and once more it is asked whether there is time for it."""

import itertools
from datetime import timedelta
from typing import Final

from services.sender.books import Books
from services.sender.lines import Send
from services.sender.outcomes import EXPIRED, NotNow, Unsent
from shared.clock import Clock, real_now
from shared.steps import Step
from shared.store.sends import Attempt, Outgoing

LOST_SECONDS: Final = 2.0
"""When to look again after somebody else was quicker to start."""


class Starting:
    """The attempts of one process, which no two have the same name for."""

    def __init__(self, books: Books, clock: Clock, *, holder: str, step: Step) -> None:
        self._books = books
        self._clock = clock
        self._step = step
        self._names = (f"{holder}:{number}" for number in itertools.count(1))

    async def begin(self, send: Send[Outgoing], answer: timedelta) -> None:
        """Return once the attempt is durable and the request may be made, which takes `answer` at most.

        Raises NotNow or Unsent, and Outage.
        """
        # Others may judge it after twice the time there is to answer: half of it is room for a slow write.
        deadline = real_now() + 2 * answer
        attempt = Attempt(id=next(self._names), at=self._clock.now(), deadline=deadline)
        send.uncalled = attempt.id
        if not await self._books.start(send, attempt):
            raise NotNow(self._clock.now() + timedelta(seconds=LOST_SECONDS), "order")
        send.uncalled = None
        await self._step("started")
        if self._clock.now() >= send.command.expires_at:
            raise Unsent(EXPIRED)
        if real_now() + answer > deadline:
            raise NotNow(self._clock.now() + timedelta(seconds=1), "stalled")
