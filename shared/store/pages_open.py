"""Who has the desk open: each replica of the console says so again and again, and is believed for a short while."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from shared.clock import real_now
from shared.store.driver import Collection, Database

SAID_EVERY_SECONDS: Final = 5.0
BELIEVED_SECONDS: Final = 20.0
"""A replica that says nothing for this long has no page open any more."""


class PagesOpen:
    """By the machines' real time."""

    def __init__(self, database: Database) -> None:
        self._pages: Collection = database["pages_open"]

    async def say(self, replica: str, agents: Iterable[str], now: datetime | None = None) -> None:
        """These agents, and no others, have a page open on this replica."""
        fields = {"agents": sorted(set(agents)), "at": now or real_now()}
        await self._pages.update_one({"_id": replica}, {"$set": fields}, upsert=True)

    async def withdraw(self, replica: str) -> None:
        await self._pages.delete_one({"_id": replica})

    async def agents(self, now: datetime | None = None) -> set[str]:
        """Who has a page open, on whichever replica."""
        return await self.said(now) or set()

    async def said(self, now: datetime | None = None) -> set[str] | None:
        """The same; None where no replica says anything, so that nobody could have a page."""
        since = (now or real_now()) - timedelta(seconds=BELIEVED_SECONDS)
        docs = await self._pages.find({"at": {"$gte": since}}, {"agents": 1})
        return {agent for doc in docs for agent in doc["agents"]} if docs else None
