"""Tags that are offered for conversations, with their colours. A conversation may carry others."""

from typing import Literal

from shared.conversation.content import Frozen
from shared.store.driver import Collection, Database

Color = Literal["grey", "red", "amber", "green", "blue", "purple"]


class Tag(Frozen):
    name: str
    color: Color = "grey"


class TagStore:
    def __init__(self, database: Database) -> None:
        self._tags: Collection = database["tags"]

    async def everything(self) -> list[Tag]:
        docs = await self._tags.find({}, sort=[("_id", 1)])
        return [Tag(name=doc["_id"], color=doc["color"]) for doc in docs]

    async def put(self, tag: Tag) -> None:
        await self._tags.update_one({"_id": tag.name}, {"$set": {"color": tag.color}}, upsert=True)

    async def remove(self, name: str) -> bool:
        return await self._tags.delete_one({"_id": name}) == 1
