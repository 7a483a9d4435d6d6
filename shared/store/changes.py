"""What changed, for those who watch: conversations and messages in the order of MongoDB's own clock.

Everything here reads what a majority has: what is shown to an agent is never taken back by a change of primary.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final, NamedTuple

from bson.timestamp import Timestamp

from shared.conversation.model import Conversation, Message
from shared.pieces import pieces
from shared.store.conversation_lists import SHOWN
from shared.store.conversations import Entry, opened
from shared.store.driver import Collection, Database, Doc
from shared.store.messages import loaded

PIECE: Final = 500


class Stamp(NamedTuple):
    """An instant of MongoDB's own clock: seconds since 1970, and a counter within the second."""

    seconds: int
    counter: int

    def earlier(self, seconds: int) -> "Stamp":
        return Stamp(max(0, self.seconds - seconds), self.counter)


class Touched(NamedTuple):
    """That something is at this revision, and nothing more: enough to know whether one has it already."""

    id: str
    app_id: str
    revision: int


class Standing(NamedTuple):
    """A conversation with what may still be pending."""

    conversation: Conversation
    pending: tuple[Entry, ...] = ()


class Changes:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._conversations: Collection = database["conversations"]
        self._messages: Collection = database["messages"]

    async def now(self) -> Stamp:
        """Ask this first: a read after it sees every change up to here."""
        time = await self._database.majority_time()
        return Stamp(time.time, time.inc)

    async def conversations(self, ids: Iterable[str], *, pending: bool = False) -> list[Standing]:
        docs = await _several(self._conversations, ids, _fields(pending=pending))
        return [_standing(doc) for doc in docs]

    async def messages(self, ids: Iterable[str]) -> list[Message]:
        return [loaded(doc) for doc in await _several(self._messages, ids, {"changed_at": 0})]

    async def touched_conversations(self, since: Stamp, limit: int) -> list[Touched]:
        docs = await self._conversations.find(
            _since(since), {"app_id": 1, "version": 1}, sort=[("changed_at", 1)], limit=limit, majority=True
        )
        return [Touched(doc["_id"], doc["app_id"], doc["version"]) for doc in docs]

    async def touched_messages(self, since: Stamp, limit: int) -> list[Touched]:
        docs = await self._messages.find(
            _since(since), {"app_id": 1, "revision": 1}, sort=[("changed_at", 1)], limit=limit, majority=True
        )
        return [Touched(doc["_id"], doc["app_id"], doc["revision"]) for doc in docs]

    async def conversations_since(self, since: Stamp, app_ids: Iterable[str] | None) -> AsyncIterator[list[Standing]]:
        """Conversations changed at or after `since`, oldest change first, with what is pending."""
        where = _since(since, app_ids)
        async for docs in self._conversations.batches(where, _fields(pending=True), sort=[("changed_at", 1)]):
            yield [_standing(doc) for doc in docs]

    async def messages_since(self, since: Stamp, app_ids: Iterable[str] | None) -> AsyncIterator[list[Message]]:
        """Messages written or changed at or after `since`, oldest change first."""
        async for docs in self._messages.batches(_since(since, app_ids), {"changed_at": 0}, sort=[("changed_at", 1)]):
            yield [loaded(doc) for doc in docs]


def _since(since: Stamp, app_ids: Iterable[str] | None = None) -> Doc:
    where: Doc = {"changed_at": {"$gte": Timestamp(*since)}}
    if app_ids is not None:
        where["app_id"] = {"$in": list(app_ids)}
    return where


def _fields(*, pending: bool) -> Doc:
    """Like a list, but with `pending` where it is wanted: what it holds may not be in the history yet."""
    return {field: 0 for field in SHOWN if field != "pending" or not pending}


def _standing(doc: Doc) -> Standing:
    conversation, pending = opened(doc)
    return Standing(conversation, tuple(pending.values()))


async def _several(collection: Collection, ids: Iterable[str], fields: Doc) -> list[Doc]:
    wanted: Sequence[str] = list(ids)
    found: list[Doc] = []
    for some in pieces(wanted, PIECE):
        found += await collection.find({"_id": {"$in": list(some)}}, fields, majority=True)
    return found
