"""Finding messages by their words: an index of grams beside the history, which holds none of the words in order.

Every hit is checked against the message itself. A query reads the postings of its rarest gram, newest first, and stops
after so many: then its answer may be short, and says where to go on.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from bson.int64 import Int64
from pymongo import ASCENDING, DESCENDING, DeleteOne, IndexModel, UpdateOne

from shared.conversation.content import Frozen
from shared.conversation.model import Message
from shared.conversation.searchable import beginning_with, grams, plain, wanted, words
from shared.store.driver import Collection, Database, Doc
from shared.store.messages import loaded

TIE_BITS: Final = 20
NEWEST: Final = 2**63 - 1
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LOOKED_AT: Final = 6
"""Grams of a query among which the rarest is found: more would cost more than they save."""
WINDOWS: Final = (500, 4_000, 16_000)
"""Postings read for one page, step by step: a frequent phrase is found among the first."""
CHECKED_AT_MOST: Final = 1_000
"""Messages read for one page to see whether they truly hold the query."""

WRITING: Final = "search writing"
"""Under this name `followers` keeps which messages are being indexed."""

BY_GRAM: Final = "by_gram"
BY_CONVERSATION: Final = "by_conversation"
BY_PLACE: Final = "by_place"
INDEXES: Final = [
    IndexModel([("grams", ASCENDING), ("place", DESCENDING)], name=BY_GRAM),
    IndexModel([("conversation", ASCENDING), ("place", DESCENDING)], name=BY_CONVERSATION),
    IndexModel([("place", DESCENDING)], name=BY_PLACE),
]


class Wish(Frozen):
    """What is looked for. `app_ids` None: in every app; `begin` and `end`: said at or after, and before."""

    query: str
    app_ids: frozenset[str] | None = None
    conversation: str | None = None
    agent: str | None = None
    begin: datetime | None = None
    end: datetime | None = None


class Found(NamedTuple):
    """Newest first; and the place after which the next page begins, None where there is nothing more."""

    messages: list[Message]
    place: int | None


class Scan(NamedTuple):
    """By which index postings are read, which of it, and what each must fulfil beside."""

    by: str
    postings: Doc
    rest: Doc


class IndexRefused(Exception):
    """MongoDB refused what is to be indexed of a message."""


class SearchIndex:
    """Kept up to date by a follower of the history."""

    def __init__(self, database: Database) -> None:
        self._search: Collection = database["search"]
        self._messages: Collection = database["messages"]
        self._followers: Collection = database["followers"]

    async def note(self, messages: Sequence[Message]) -> None:
        """Index these messages, or no longer, as they are now. Repeating it changes nothing.

        A message may be erased while it is being indexed. So the names are kept while it is done, and those that are
        gone afterwards are taken out; a process that dies in between leaves them for the next.
        """
        await self._finish()
        names = [message.id for message in messages]
        await self._write_down(names)
        refusals = await self._search.bulk_write([_posting(message) for message in messages])
        if refusals:
            raise IndexRefused(f"{names[refusals[0].place]}: code {refusals[0].code}")
        await self._take_out_erased(names)
        await self._write_down([])

    async def _finish(self) -> None:
        """What another process, or a failure, left half done."""
        left = await self._followers.find_one({"_id": WRITING})
        if left is not None and left["names"]:
            await self._take_out_erased(left["names"])

    async def _write_down(self, names: Sequence[str]) -> None:
        await self._followers.update_one({"_id": WRITING}, {"$set": {"names": names}}, upsert=True)

    async def _take_out_erased(self, names: Sequence[str]) -> None:
        """The eraser deletes messages first and postings after: what it could not see yet, this one sees."""
        there = {doc["_id"] for doc in await self._messages.find({"_id": {"$in": list(names)}}, {"_id": 1})}
        gone = [name for name in names if name not in there]
        if gone:
            await self._search.delete_many({"_id": {"$in": gone}})


class MessageSearch:
    def __init__(self, database: Database) -> None:
        self._search: Collection = database["search"]
        self._messages: Collection = database["messages"]

    async def page(self, wish: Wish, *, after: int | None, limit: int) -> Found:
        """The next messages that hold the query, as far as a majority has them.

        Fewer than `limit`, or none, do not mean that there are no more: that is what `place` tells.
        """
        query = plain(wish.query)
        high = min(after or NEWEST, _lowest(wish.end) if wish.end else NEWEST)
        bottom = _lowest(wish.begin) if wish.begin else 0
        scan = await self._scan(query, wish, bottom, high)
        found: list[Message] = []
        checked = 0
        for window in WINDOWS:
            low = await self._nth(scan, window, bottom, high) or bottom
            async for candidates in self._candidates(scan, low, high, limit + 1):
                found += await self._checked(candidates, query)
                checked += len(candidates)
                if len(found) > limit:
                    return Found(found[:limit], place_of(found[limit - 1]))
                if checked >= CHECKED_AT_MOST:
                    return Found(found, candidates[-1]["place"])
            if low == bottom:
                return Found(found, None)
            high = low
        return Found(found, high)

    async def _candidates(self, scan: Scan, low: int, high: int, limit: int) -> AsyncIterator[list[Doc]]:
        """Names and places of what may be a hit, in [low, high), newest first."""
        while True:
            where = {**scan.postings, **scan.rest, "place": {"$gte": Int64(low), "$lt": Int64(high)}}
            docs = await self._search.find(where, {"place": 1}, sort=[("place", DESCENDING)], limit=limit, hint=scan.by)
            if docs:
                yield docs
            if len(docs) < limit:
                return
            high = docs[-1]["place"]

    async def _checked(self, candidates: Sequence[Doc], query: str) -> list[Message]:
        """Those that truly hold the query, in the same order."""
        names = [doc["_id"] for doc in candidates]
        docs = await self._messages.find({"_id": {"$in": names}}, {"changed_at": 0}, majority=True)
        there = {doc["_id"]: loaded(doc) for doc in docs}
        messages = [there[name] for name in names if name in there]
        return [message for message in messages if query in plain(words(message.content))]

    async def _nth(self, scan: Scan, number: int, bottom: int, high: int) -> int | None:
        """The place of the so-many-th posting in [bottom, high), newest first; None where there are fewer."""
        where = {**scan.postings, "place": {"$gte": Int64(bottom), "$lt": Int64(high)}}
        docs = await self._search.find(
            where,
            {"_id": 0, "place": 1},
            sort=[("place", DESCENDING)],
            skip=number - 1,
            limit=1,
            hint=scan.by,
        )
        return int(docs[0]["place"]) if docs else None

    async def _scan(self, query: str, wish: Wish, bottom: int, high: int) -> Scan:
        """The index that leads to the hits with the least reading."""
        named, beginning = wanted(query)
        rest: Doc = {}
        if wish.app_ids is not None:
            rest["app_id"] = {"$in": sorted(wish.app_ids)}
        if wish.agent is not None:
            rest["agent"] = wish.agent
        if wish.conversation is not None:
            return Scan(BY_CONVERSATION, {"conversation": wish.conversation}, {**rest, **_all(named, beginning)})
        if beginning is not None:
            postings = _all([], beginning)
            rare = await self._are_few(postings, bottom, high)
            return Scan(BY_GRAM, postings, rest) if rare else Scan(BY_PLACE, {}, {**rest, **postings})
        lead = await self._rarest(named, bottom, high)
        return Scan(BY_GRAM, {"grams": lead}, {**rest, **_all([gram for gram in named if gram != lead], None)})

    async def _are_few(self, postings: Doc, bottom: int, high: int) -> bool:
        """Whether they fit in the first window; asked in no order, which would have all of them read."""
        where = {**postings, "place": {"$gte": Int64(bottom), "$lt": Int64(high)}}
        beyond = await self._search.find(where, {"_id": 1}, skip=WINDOWS[0] - 1, limit=1, hint=BY_GRAM)
        return not beyond

    async def _rarest(self, named: Sequence[str], bottom: int, high: int) -> str:
        """The gram whose first so many postings reach back furthest."""
        step = max(1, len(named) // LOOKED_AT)
        some = named[::step][:LOOKED_AT]
        depths = await asyncio.gather(
            *(self._nth(Scan(BY_GRAM, {"grams": gram}, {}), WINDOWS[0], bottom, high) for gram in some)
        )
        return min(zip([depth or 0 for depth in depths], some, strict=True))[1]


def place_of(message: Message) -> int:
    """Where a message stands among all: its instant in milliseconds, and a few bits that tell it from its neighbours.

    Two of one millisecond that agree in those bits, one in a million, share a place; a page that ends between them
    leaves one out.
    """
    tie = int.from_bytes(hashlib.blake2b(message.id.encode(), digest_size=4).digest()) >> (32 - TIE_BITS)
    return _lowest(message.at) | tie


def _lowest(at: datetime) -> int:
    milliseconds = (at - EPOCH) // timedelta(milliseconds=1)
    return min(max(0, milliseconds) << TIE_BITS, NEWEST)


def _posting(message: Message) -> UpdateOne | DeleteOne:
    said = plain(words(message.content))
    if not said:
        return DeleteOne({"_id": message.id})
    posting: Doc = {
        "conversation": message.conversation,
        "app_id": message.app_id,
        "place": Int64(place_of(message)),
        "seq": message.seq,
        "grams": grams(said),
    }
    if message.sender.kind == "agent":
        posting["agent"] = message.sender.id
    return UpdateOne({"_id": message.id}, {"$set": posting}, upsert=True)


def _all(named: Sequence[str], beginning: str | None) -> Doc:
    """Having all these grams, or one that begins so. In a form that never makes MongoDB choose another index."""
    if beginning is not None:
        return {"grams": beginning_with(beginning)}
    return {"$expr": {"$setIsSubset": [{"$literal": list(named)}, "$grams"]}} if named else {}
