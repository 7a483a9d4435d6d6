"""Who is there: everybody as assignment sees them, who has gone, and who has left the desk without a word."""

from collections.abc import Collection as Names
from datetime import datetime
from typing import Final

from shared.conversation.strategy import Standby
from shared.store.agents import Agent, opened_agent
from shared.store.driver import Collection, Database, Doc

ASKED: Final[Doc] = {
    **dict.fromkeys(("groups", "role", "presence", "capacity", "auto_accept", "assigned_at"), 1),
    "load": {"$size": {"$ifNull": ["$claims", []]}},
}


class Attendance:
    """On the collection `agents`; its times are those of the machines."""

    def __init__(self, database: Database) -> None:
        self._agents: Collection = database["agents"]

    async def staff(self) -> list[Standby]:
        """Everybody who may log in."""
        docs = await self._agents.find({"enabled": True}, ASKED)
        return [_standby(doc) for doc in docs]

    async def offline_since(self, before: datetime) -> list[Agent]:
        """Who went offline no later than this and still has sessions."""
        where = {"presence": "offline", "presence_at": {"$lte": before}, "claims.id": {"$exists": True}}
        return [opened_agent(doc) for doc in await self._agents.find(where)]

    async def absent_with_offers(self) -> list[Agent]:
        """Who is not there, and has been offered something, accepted by now or not."""
        where = {"enabled": True, "presence": {"$ne": "online"}, "claims.offered_until": {"$type": "date"}}
        return [opened_agent(doc) for doc in await self._agents.find(where)]

    async def note_pages(self, with_pages: Names[str], now: datetime) -> None:
        """Of those online, these have a page of the desk open; the others have none from now on, if they had one.

        Of agents whom an earlier version stored it is not known since when they are as they are: since now.
        """
        agents = sorted(with_pages)
        online = {"presence": "online"}
        await self._agents.update_many({"presence_at": None}, {"$set": {"presence_at": now}})
        await self._agents.update_many(
            {**online, "_id": {"$in": agents}, "absent_since": {"$ne": None}}, {"$set": {"absent_since": None}}
        )
        await self._agents.update_many(
            {**online, "_id": {"$nin": agents}, "absent_since": None}, {"$set": {"absent_since": now}}
        )

    async def leave_absent(self, now: datetime) -> list[Agent]:
        """Whoever is online without a page for longer than they themselves allow is away from now on; who they are."""
        patience = {"$multiply": ["$away_after_seconds", 1000]}
        where = {
            "enabled": True,
            "presence": "online",
            "away_after_seconds": {"$type": "number"},
            "absent_since": {"$type": "date"},
            "$expr": {"$lte": [{"$add": ["$absent_since", patience]}, now]},
        }
        found = await self._agents.find(where, {"absent_since": 1})
        away = {"presence": "away", "presence_at": now}
        # Named by what was seen of each: who has come back, or gone, in between stays as they are.
        done = [
            await self._agents.find_one_and_update(
                {"_id": doc["_id"], "presence": "online", "absent_since": doc["absent_since"]}, {"$set": away}
            )
            for doc in found
        ]
        return [opened_agent(doc) for doc in done if doc is not None]


def _standby(doc: Doc) -> Standby:
    return Standby(
        id=doc["_id"],
        groups=tuple(doc.get("groups") or ()),
        role=doc.get("role", "agent"),
        presence=doc.get("presence", "offline"),
        capacity=doc.get("capacity", 0),
        load=doc["load"],
        auto_accept=doc.get("auto_accept", True),
        assigned_at=doc.get("assigned_at"),
    )
