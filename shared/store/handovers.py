"""Which customers' next message goes to WeChat's official console. Written by the router, taken by the gateway."""

from typing import Final, NamedTuple

from pymongo import UpdateOne

from shared.clock import real_now
from shared.conversation.commands import ArmHandover
from shared.store.driver import Collection, Database, within

ANSWER_SECONDS: Final = 0.3
"""A push has to be answered: what the store says later than this counts as not said."""


class Armed(NamedTuple):
    """`msg_id` is that of the message that was handed over under this number, if one was."""

    number: int
    msg_id: str | None = None


class HandoverStore:
    def __init__(self, database: Database, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        """`answer_seconds` is for whoever has to answer a push; the router arms without such haste."""
        self._handovers: Collection = database["handovers"]
        self._answer_seconds = answer_seconds

    async def arm(self, command: ArmHandover) -> None:
        """A higher number takes the place of a lower one; what is disarmed stays so, whoever tells the old again."""
        above = {"$lt": command.number} if command.armed else {"$lte": command.number}
        known = {"number": command.number, "armed": command.armed, "msg_id": None, "at": real_now()}
        # The upsert that finds a later number tries to insert, meets the `_id`, and is refused: nothing to do.
        await self._handovers.bulk_write(
            [UpdateOne({"_id": command.conversation_id, "number": above}, {"$set": known}, upsert=True)]
        )

    async def armed(self, conversation: str) -> Armed | None:
        """What the next message of the customer meets. Raises StoreUnavailable, and soon."""
        async with within(self._answer_seconds):
            doc = await self._handovers.find_one({"_id": conversation, "armed": True})
        return Armed(doc["number"], doc["msg_id"]) if doc else None

    async def take(self, conversation: str, number: int, msg_id: str) -> bool:
        """Hand this message over, and no other, under that number; True again for a repeat of the same message.

        Raises StoreUnavailable, and soon: then it may be taken for this message, which may be treated as if it was
        not. No other message is handed over under the number, and the router arms the next one when it has seen that.
        """
        where = {"_id": conversation, "number": number, "armed": True, "msg_id": {"$in": [None, msg_id]}}
        async with within(self._answer_seconds):
            return await self._handovers.update_one(where, {"$set": {"msg_id": msg_id}}) == 1
