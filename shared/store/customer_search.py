"""Finding customers: by their name, a tag of theirs, or how their openid begins.

Each conversation keeps the grams of its customer's name and tags in `found_by`, written with every commit, and only
where there are any.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from pymongo import ASCENDING, IndexModel

from shared.conversation.model import Conversation
from shared.conversation.searchable import HIGHEST, beginning_with, plain, wanted
from shared.store.conversation_lists import SHOWN
from shared.store.conversations import opened
from shared.store.driver import Collection, Database, Doc

OPENID_AT_LEAST: Final = 4
"""Characters: all openids of an app begin alike."""
CONSIDERED: Final = 20_000
"""Customers of the apps asked for that are looked at, by the rarest gram of a query; beyond, some are missed."""
COUNTED: Final = 1_000
FALSE_ALARMS: Final = 20
"""So many more than wanted are read: a name and a tag may hold the grams together that neither holds alone."""

INDEXES: Final = [
    IndexModel([("found_by", ASCENDING), ("app_id", ASCENDING)]),
    IndexModel([("openid", ASCENDING), ("app_id", ASCENDING)]),
]


class CustomerSearch:
    def __init__(self, database: Database) -> None:
        self._conversations: Collection = database["conversations"]

    async def find(self, query: str, app_ids: Iterable[str] | None, limit: int) -> list[Conversation]:
        """Those who match, whoever was active last first."""
        apps: Doc = {} if app_ids is None else {"app_id": {"$in": list(app_ids)}}
        found = await asyncio.gather(self._named(plain(query), apps, limit), self._numbered(query, apps, limit))
        everyone = {one.id: one for one in (*found[0], *found[1])}
        return sorted(everyone.values(), key=_last_active, reverse=True)[:limit]

    async def _named(self, query: str, apps: Doc, limit: int) -> list[Conversation]:
        lead, rest = await self._lead(query, apps)
        conversations = await self._newest({"found_by": lead, **apps}, rest, limit + FALSE_ALARMS)
        return [one for one in conversations if any(query in name for name in _names(one))]

    async def _lead(self, query: str, apps: Doc) -> tuple[object, Doc]:
        """The rarest gram, and what must hold beside."""
        named, beginning = wanted(query)
        if beginning is not None:
            return beginning_with(beginning), {}
        counts = await asyncio.gather(
            *(self._conversations.count({"found_by": gram, **apps}, COUNTED) for gram in named)
        )
        return min(zip(counts, named, strict=True))[1], {"found_by": {"$all": named}}

    async def _numbered(self, query: str, apps: Doc, limit: int) -> list[Conversation]:
        openid = query.strip()
        if len(openid) < OPENID_AT_LEAST:
            return []
        return await self._newest({"openid": {"$gte": openid, "$lt": openid + HIGHEST}, **apps}, {}, limit)

    async def _newest(self, first: Doc, rest: Doc, limit: int) -> list[Conversation]:
        """Of the first so many that an index finds, those that fulfil the rest, whoever was active last first."""
        docs = await self._conversations.aggregate(
            [
                {"$match": first},
                {"$limit": CONSIDERED},
                {"$match": {"deleted_at": None, "updated_at": {"$type": "date"}, **rest}},
                {"$sort": {"updated_at": -1}},
                {"$limit": limit},
                {"$project": SHOWN},
            ]
        )
        return [opened(doc).conversation for doc in docs]


def _names(conversation: Conversation) -> Sequence[str]:
    return [plain(name) for name in (conversation.name, *conversation.tags) if name]


def _last_active(conversation: Conversation) -> float:
    return conversation.updated_at.timestamp() if conversation.updated_at else 0.0
