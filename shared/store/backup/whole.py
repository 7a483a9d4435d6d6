"""A database as a whole: its collections, their indexes, and their documents as the bytes they are."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.errors import BulkWriteError, OperationFailure
from pymongo.read_concern import ReadConcern

from shared.store.driver import NOT_THERE_CODES, Database, Doc, reaching
from shared.store.transactions import now

RAW: Final[CodecOptions[Any]] = CodecOptions(document_class=RawBSONDocument)
SNAPSHOT_GONE: Final = frozenset({239, 246})
"""SnapshotTooOld, SnapshotUnavailable."""
_READ_AT_ONCE: Final = 200
_MOST_LISTED: Final = 10_000


class SnapshotGone(Exception):
    """MongoDB does not keep the instant that was being read any more."""


class DocumentsRefused(Exception):
    """The server will not have documents or an index that another server had; the text says which."""


class Whole:
    """Reads and writes documents without looking into them: what comes out of another goes in byte for byte."""

    def __init__(self, database: Database) -> None:
        self._client, self._raw = database.plain
        self._session: Any = None

    async def collections(self) -> list[str]:
        found = await self._command({"listCollections": 1, "nameOnly": True, "cursor": {"batchSize": _MOST_LISTED}})
        names = (str(one["name"]) for one in found["cursor"]["firstBatch"] if one.get("type") == "collection")
        return sorted(name for name in names if not name.startswith("system."))

    async def indexes(self, collection: str) -> list[Doc]:
        """As the server tells of them, without that of `_id`; none where there is no collection."""
        try:
            found = await self._command({"listIndexes": collection, "cursor": {"batchSize": _MOST_LISTED}})
        except OperationFailure as failure:
            if failure.code in NOT_THERE_CODES:
                return []
            raise
        return [dict(one) for one in found["cursor"]["firstBatch"] if one["name"] != "_id_"]

    @asynccontextmanager
    async def one_instant(self) -> AsyncIterator[None]:
        """All documents read in here are of the instant of the first of them. Raises SnapshotGone."""
        with reaching():
            session = await now(self._client.start_session(snapshot=True))
        self._session = session
        try:
            with _snapshot_kept():
                yield
        finally:
            self._session = None
            await session.end_session()

    async def documents(self, collection: str) -> AsyncIterator[bytes]:
        """Each as BSON, in no promised order: of the one instant, or as a majority has them meanwhile."""
        majority = None if self._session is not None else ReadConcern("majority")
        raw = self._raw.get_collection(collection, codec_options=RAW, read_concern=majority)
        cursor = raw.find({}, batch_size=_READ_AT_ONCE, session=self._session)
        try:
            with reaching():
                async for document in cursor:
                    yield document.raw
        finally:
            await cursor.close()

    async def insert(self, collection: str, documents: Iterable[bytes]) -> None:
        """Raises DocumentsRefused."""
        raw = self._raw.get_collection(collection, codec_options=RAW)
        with reaching():
            try:
                await raw.insert_many([RawBSONDocument(one, RAW) for one in documents], ordered=False)
            except BulkWriteError as failure:
                codes = sorted({error["code"] for error in (failure.details or {}).get("writeErrors", [])})
                raise DocumentsRefused(f"MongoDB refused documents of {collection}: codes {codes}") from None

    async def make_indexes(self, collection: str, indexes: list[Doc]) -> None:
        """As `indexes` told of them. Raises DocumentsRefused."""
        if not indexes:
            return
        specs = [{name: value for name, value in one.items() if name != "ns"} for one in indexes]
        try:
            await self._command({"createIndexes": collection, "indexes": specs})
        except OperationFailure as failure:
            raise DocumentsRefused(f"MongoDB refused an index of {collection}: code {failure.code}") from None

    async def make(self, collection: str) -> None:
        """An empty collection, where there is none."""
        with reaching():
            if collection not in await self._raw.list_collection_names():
                await self._raw.create_collection(collection)

    async def drop(self, collection: str) -> None:
        with reaching():
            await self._raw.drop_collection(collection)

    async def is_empty(self, collection: str) -> bool:
        with reaching():
            return await self._raw[collection].find_one({}, {"_id": 1}) is None

    async def _command(self, command: Doc) -> Doc:
        with reaching():
            answer: Doc = await self._raw.command(command)
        return answer


@contextmanager
def _snapshot_kept() -> Iterator[None]:
    try:
        yield
    except OperationFailure as failure:
        if failure.code in SNAPSHOT_GONE:
            raise SnapshotGone(str(failure)) from None
        raise
