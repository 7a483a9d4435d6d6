"""Asking a conversation for something, and waiting for its router's verdict."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Final

from shared.bus.connection import BrokerUnavailable
from shared.bus.publisher import Publisher
from shared.conversation.facts import AgentCommand
from shared.conversation.model import Verdict
from shared.outage import Outage

LOOK_SECONDS: Final = (0.25, 0.5, 1.0)
"""When to look for oneself, one pause after another, the last again and again: hints can be lost."""

Waiter = asyncio.Future[Verdict]
Look = Callable[[], Awaitable[Verdict | None]]


class Verdicts:
    """Those who wait for a verdict. Feed `hear` with the verdicts of every hint."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._waiters: dict[str, set[Waiter]] = defaultdict(set)

    def hear(self, verdicts: Iterable[Verdict]) -> None:
        for verdict in verdicts:
            for waiter in self._waiters.get(verdict.command_id, ()):
                if not waiter.done():
                    waiter.set_result(verdict)

    async def ask(self, command: AgentCommand, look: Look, *, within_seconds: float) -> Verdict | None:
        """Publish the command and return how it ended; None where that is not known in time.

        `look` reads the conversation for the verdict, for the hint may be lost. Raises BrokerUnavailable where the
        command may not have been published: asked again under the same id, it is done once.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within_seconds
        waiter: Waiter = loop.create_future()
        self._waiters[command.command_id].add(waiter)
        try:
            await self._publish(command, within_seconds)
            return await _first(waiter, look, deadline)
        finally:
            self._waiters[command.command_id].discard(waiter)
            if not self._waiters[command.command_id]:
                del self._waiters[command.command_id]

    async def _publish(self, command: AgentCommand, within_seconds: float) -> None:
        try:
            async with asyncio.timeout(within_seconds):
                await self._publisher.publish(command)
        except TimeoutError:
            raise BrokerUnavailable("the command was not confirmed in time") from None


async def _first(waiter: Waiter, look: Look, deadline: float) -> Verdict | None:
    """The verdict as heard, or as seen, whichever comes first; one last look at the end."""
    loop = asyncio.get_running_loop()
    pauses = iter(LOOK_SECONDS)
    pause = LOOK_SECONDS[0]
    while True:
        pause = next(pauses, pause)
        with suppress(TimeoutError):
            async with asyncio.timeout(min(pause, max(0.0, deadline - loop.time()))):
                return await asyncio.shield(waiter)
        with suppress(Outage):
            if (verdict := await look()) is not None:
                return verdict
        if loop.time() >= deadline:
            return None
