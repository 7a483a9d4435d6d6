"""Which app a conversation is of: what a vendor tells names the conversation only."""

from collections import OrderedDict
from typing import Final

from shared.store.driver import Database, within

REMEMBERED: Final = 10_000


class KnownConversations:
    """Remembers the last ones: a conversation's app never changes. That there is none is asked each time."""

    def __init__(self, database: Database, *, answer_seconds: float, remembered: int = REMEMBERED) -> None:
        self._conversations = database["conversations"]
        self._answer_seconds = answer_seconds
        self._remembered = remembered
        self._apps: OrderedDict[str, str] = OrderedDict()

    async def app_of(self, conversation: str) -> str | None:
        """None: there is no such conversation. Raises StoreUnavailable, and soon."""
        known = self._apps.get(conversation)
        if known is not None:
            self._apps.move_to_end(conversation)
            return known
        async with within(self._answer_seconds):
            doc = await self._conversations.find_one({"_id": conversation}, {"app_id": 1})
        if doc is None:
            return None
        self._apps[conversation] = app_id = str(doc["app_id"])
        if len(self._apps) > self._remembered:
            self._apps.popitem(last=False)
        return app_id
