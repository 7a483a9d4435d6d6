"""Whether the app of a send is still served. What is not known is read again before anything is refused for it."""

import asyncio
from typing import Final

from services.sender.outcomes import APP_DISABLED, APP_REMOVED, EXPIRED, Ended
from shared.clock import Clock
from shared.store.apps import AppCache
from shared.store.sends import Outgoing

AGAIN_SECONDS: Final = 1.0


class Known:
    def __init__(self, apps: AppCache, clock: Clock) -> None:
        self._apps = apps
        self._clock = clock
        self._read_at = -AGAIN_SECONDS

    async def read_again(self) -> None:
        """Apps and vendor accounts: one may have been added a moment ago. At most once a second; raises Outage."""
        loop = asyncio.get_running_loop()
        if loop.time() > self._read_at + AGAIN_SECONDS:
            await self._apps.refresh()
            self._read_at = loop.time()

    async def unwanted(self, command: Outgoing) -> Ended | None:
        """Why it must not be sent at all."""
        if self._clock.now() >= command.expires_at:
            return EXPIRED
        if self._apps.get(command.app_id) is None:
            await self.read_again()
        app = self._apps.get(command.app_id)
        if app is None:
            return APP_REMOVED
        return None if app.enabled else APP_DISABLED
