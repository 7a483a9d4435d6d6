"""Which customers' next message goes to WeChat's official console. Written by the router, taken by the gateway."""

from typing import Final, NamedTuple

from pymongo import UpdateOne

from shared.clock import real_now
from shared.conversation.commands import ArmHandover
from shared.store.driver import Collection, Database

READ_MILLISECONDS: Final = 300
"""A push has to be answered: an answer that comes later than this counts as no."""


class Armed(NamedTuple):
    """`msg_id` is that of the message that was handed over under this number, if one was."""

    number: int
    msg_id: str | None = None


class HandoverStore:
    def __init__(self, database: Database) -> None:
        self._handovers: Collection = database["handovers"]

    async def arm(self, command: ArmHandover) -> None:
        """A higher number takes the place of a lower one; what is disarmed stays so, whoever tells the old again."""
        above = {"$lt": command.number} if command.armed else {"$lte": command.number}
        known = {"number": command.number, "armed": command.armed, "msg_id": None, "at": real_now()}
        # The upsert that finds a later number tries to insert, meets the `_id`, and is refused: nothing to do.
        await self._handovers.bulk_write(
            [UpdateOne({"_id": command.conversation_id, "number": above}, {"$set": known}, upsert=True)]
        )

    async def armed(self, conversation: str) -> Armed | None:
        """What the next message of the customer meets."""
        doc = await self._handovers.find_one({"_id": conversation, "armed": True})
        return Armed(doc["number"], doc["msg_id"]) if doc else None

    async def take(self, conversation: str, number: int, msg_id: str) -> bool:
        """Hand this message over, and no other, under that number; True again for a repeat of the same message."""
        where = {"_id": conversation, "number": number, "armed": True, "msg_id": {"$in": [None, msg_id]}}
        return await self._handovers.update_one(where, {"$set": {"msg_id": msg_id}}) == 1

    async def erase(self, conversation: str) -> None:
        await self._handovers.delete_many({"_id": conversation})
