"""Who is online but has no page of the desk open, for longer than they themselves allow: away from now on."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from shared.bus.publisher import Publisher
from shared.clock import real_now
from shared.contracts.hints import PresenceChanged
from shared.store.attendance import Attendance
from shared.store.driver import Database
from shared.store.pages_open import PagesOpen

log = structlog.get_logger()

EVERY: Final = timedelta(seconds=10)


class Attending:
    """By the machines' real time. Since when somebody is absent is stored: whoever looks next goes on from there."""

    def __init__(self, database: Database, publisher: Publisher, now: Callable[[], datetime] = real_now) -> None:
        self._attendance = Attendance(database)
        self._pages = PagesOpen(database)
        self._publisher = publisher
        self._now = now
        self._looked_at: datetime | None = None

    async def look(self) -> None:
        """Every few seconds, however often it is called. While no console is up nobody is blamed. Raises Outage."""
        now = self._now()
        if self._looked_at is not None and now - self._looked_at < EVERY:
            return
        self._looked_at = now
        with_pages = await self._pages.said(now)
        if with_pages is None:
            return
        await self._attendance.note_pages(with_pages, now)
        for agent in await self._attendance.leave_absent(now):
            log.info("agent_away", agent_id=agent.id, reason="no page of the desk was open")
            await self._publisher.hint(PresenceChanged(agent_id=agent.id, name=agent.name, presence=agent.presence))
