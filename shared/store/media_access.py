"""Whose a file is: a customer's belongs to their conversation, an upload to its agent until it has been sent."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, NamedTuple

from shared.clock import real_now
from shared.store.driver import Collection, Database

UNSENT_KEPT: Final = timedelta(days=1)


class MediaOwner(NamedTuple):
    """`app_ids` are the apps in whose conversations the file stands; `uploaded_by` None: it came from a customer."""

    app_ids: frozenset[str]
    uploaded_by: str | None

    def shows_to(self, agent_id: str, sees: Callable[[str], bool]) -> bool:
        return self.uploaded_by == agent_id or any(sees(app_id) for app_id in self.app_ids)


class MediaOwners:
    def __init__(self, database: Database) -> None:
        self._media: Collection = database["media"]

    async def of(self, media_id: str) -> MediaOwner | None:
        doc = await self._media.find_one({"_id": media_id}, {"app_id": 1, "sent_to": 1, "uploaded_by": 1})
        if doc is None:
            return None
        apps = [*(sent["app_id"] for sent in doc.get("sent_to", ())), *([doc["app_id"]] if doc.get("app_id") else ())]
        return MediaOwner(frozenset(apps), doc.get("uploaded_by"))

    async def note_upload(self, media_id: str, agent_id: str) -> None:
        """This agent's, and forgotten after a day unless it is sent."""
        forgotten_at = real_now() + UNSENT_KEPT
        await self._media.update_one(
            {"_id": media_id}, {"$set": {"uploaded_by": agent_id, "unsent_until": forgotten_at}}
        )

    async def note_sent(self, media_id: str, conversation: str, app_id: str) -> None:
        """An upload stands in this conversation. With the last one that has it, it goes."""
        sent = {"$addToSet": {"sent_to": {"conversation": conversation, "app_id": app_id}}}
        uploaded = {"_id": media_id, "uploaded_by": {"$exists": True}}
        await self._media.update_one(uploaded, {**sent, "$unset": {"unsent_until": ""}})

    async def forget_sent(self, conversation: str) -> None:
        """Uploads no longer stand in this conversation; those that stand nowhere else are deleted. Again does nothing.

        In one step it is noted when they end: should this process end right after, MongoDB deletes them by itself.
        """
        now = real_now()
        elsewhere = {"$ne": ["$$sent.conversation", {"$literal": conversation}]}
        left = {"$filter": {"input": "$sent_to", "as": "sent", "cond": elsewhere}}
        ends = {"$cond": [{"$eq": ["$sent_to", []]}, now, "$$REMOVE"]}
        update = [{"$set": {"sent_to": left}}, {"$set": {"unsent_until": ends}}]
        await self._media.update_many({"sent_to.conversation": conversation}, update)
        await self._media.delete_many({"unsent_until": {"$lte": now}, "sent_to": []})
