"""Deleting what a customer left behind, everywhere but in the conversation's own tombstone."""

from typing import Final

from shared.store.driver import Database

HOLDING: Final = ("messages", "sessions", "decisions", "sends", "media")
"""Collections whose documents belong to one conversation, by the field `conversation`."""


class Eraser:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def erase(self, conversation: str) -> None:
        """Delete every message, session record, decision, send and file of the conversation; again does nothing."""
        for collection in HOLDING:
            await self._database[collection].delete_many({"conversation": conversation})
        await self._database["dead"].delete_many({"conversation_id": conversation})
