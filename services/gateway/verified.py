"""Remembering when an app's last genuine push came, without a write for every push."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from shared.clock import real_now
from shared.outage import Outage
from shared.store.apps import AppStore

AT_MOST_EVERY: Final = timedelta(seconds=30)


class Verified:
    """Notes at most twice a minute for each app, in the background; a note that fails is taken again later."""

    def __init__(self, apps: AppStore) -> None:
        self._apps = apps
        self._noted_at: dict[str, datetime] = {}
        self._notes: set[asyncio.Task[None]] = set()

    def note(self, app_id: str) -> None:
        now = real_now()
        last = self._noted_at.get(app_id)
        if last is not None and now - last < AT_MOST_EVERY:
            return
        self._noted_at[app_id] = now
        task = asyncio.create_task(self._write(app_id, now))
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def _write(self, app_id: str, at: datetime) -> None:
        try:
            await self._apps.note_verified(app_id, at)
        except Outage:
            self._noted_at.pop(app_id, None)
