"""Deleting what a customer left behind, everywhere but in the conversation's own tombstone."""

from typing import Final

from shared.contracts import conversation_lane, vendor_lane
from shared.store.driver import Database
from shared.store.media_access import MediaOwners

HOLDING: Final = ("messages", "sessions", "decisions", "sends", "media", "webhook_deliveries", "search")
"""Collections whose documents belong to one conversation, by the field `conversation`.

`search` comes after `messages`: whoever indexes a message looks afterwards whether it is still there. `handovers` is
not among them: forgetting a customer disarms, and what then stands there (a number) keeps out an old arming told late.
Nor is `spool`: it holds what nobody has decided yet, which may be of after the deletion, and it is emptied by itself.
"""
OF_ACCOUNT: Final = ("breakers", "bridge_tokens", "vendor_pushes")
"""Collections whose documents belong to one vendor account, by the field `account`."""
BY_SEQ: Final = frozenset({"messages", "search"})


class Eraser:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def erase(self, conversation: str, last_seq: int | None = None) -> None:
        """Delete every message, session record, decision, send and file of the conversation; again does nothing.

        Messages after `last_seq` stay: they came after the customer was forgotten.
        """
        for collection in HOLDING:
            bound = {"seq": {"$lte": last_seq}} if collection in BY_SEQ and last_seq is not None else {}
            await self._database[collection].delete_many({"conversation": conversation, **bound})
        await MediaOwners(self._database).forget_sent(conversation)
        await self._database["dead"].delete_many({"conversation_id": conversation})

    async def forget_app(self, app_id: str) -> None:
        """Delete what is kept of an app beside its own document and its conversations: its token, lane and breakers."""
        await self._database["tokens"].delete_one({"_id": app_id})
        await self._database["lanes"].delete_one({"_id": conversation_lane(app_id)})
        await self._database["breakers"].delete_many({"app_id": app_id})

    async def forget_vendor_account(self, vendor: str, account: str) -> None:
        """Delete what is kept of a vendor account beside its own document and the conversations it had."""
        await self._database["lanes"].delete_one({"_id": vendor_lane(vendor, account)})
        for collection in OF_ACCOUNT:
            await self._database[collection].delete_many({"account": account})
