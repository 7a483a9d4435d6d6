"""Who has the desk open on this replica, said where all replicas can read it."""

import asyncio
from contextlib import suppress

import structlog

from services.console.feed import Feed
from shared.outage import Outage
from shared.store.pages_open import SAID_EVERY_SECONDS, PagesOpen

log = structlog.get_logger()


class Pages:
    def __init__(self, feed: Feed, pages: PagesOpen, replica: str) -> None:
        self._feed = feed
        self._pages = pages
        self._replica = replica

    async def say(self) -> None:
        """Say who it is now. Raises Outage."""
        await self._pages.say(self._replica, {listener.agent_id for listener in self._feed.listeners})

    async def say_forever(self) -> None:
        """Run until cancelled; then nobody has it open here any more."""
        try:
            while True:
                try:
                    await self.say()
                except Outage as outage:
                    log.warning("pages_unsaid", reason=str(outage), retry_seconds=SAID_EVERY_SECONDS)
                await asyncio.sleep(SAID_EVERY_SECONDS)
        finally:
            with suppress(Outage):
                await self._pages.withdraw(self._replica)
