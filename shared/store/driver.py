"""Motor or PyMongo's own asyncio client behind one small face.

They differ in what must be awaited; everything above this module does not know which one it has. Failures to
reach the server become StoreUnavailable; a duplicate key stays what it is.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, Literal, NamedTuple, TypeVar

from bson.codec_options import CodecOptions
from bson.timestamp import Timestamp
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient, IndexModel, ReturnDocument, timeout
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WriteConcernError,
    WTimeoutError,
)
from pymongo.read_concern import ReadConcern

from shared.observe.metrics import wxdesk_mongodb_failures_total
from shared.outage import Outage
from shared.store.transactions import now, session_of, transaction, undone

Doc = dict[str, Any]
Filter = Mapping[str, Any]
Sort = Sequence[tuple[str, int]]
Result = TypeVar("Result")

DUPLICATE_KEY: Final = 11000
NOT_THERE_CODES: Final = frozenset({26, 27})
"""NamespaceNotFound, IndexNotFound."""
FORBIDDEN_CODES: Final = frozenset({13, 18})
"""Unauthorized, AuthenticationFailed."""
UNREACHABLE: Final = (
    AutoReconnect,
    NetworkTimeout,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    ExecutionTimeout,
    WTimeoutError,
    WriteConcernError,
)
RETRYABLE_CODES: Final = frozenset({6, 7, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436})
"""Server errors that say "not now" (shutting down, stepping down, interrupted), from MongoDB's error code list."""


class StoreUnavailable(Outage):
    """MongoDB is out of reach, has no primary, or did not confirm in time. A write may or may not have happened."""


class StoreRefused(Exception):
    """MongoDB will not have us: the address is malformed, or the login is wrong or lacks a right."""


class Refusal(NamedTuple):
    """One operation of a bulk write that the server refused."""

    place: int
    code: int
    key: tuple[str, ...]


@contextmanager
def reaching() -> Iterator[None]:
    """Turn what a driver raises for an unreachable server into StoreUnavailable."""
    try:
        yield
    except UNREACHABLE as failure:
        wxdesk_mongodb_failures_total.inc()
        raise StoreUnavailable(f"MongoDB: {type(failure).__name__}") from failure
    except ConfigurationError as failure:
        raise StoreRefused(f"MONGO_URL is malformed ({type(failure).__name__})") from None
    except OperationFailure as failure:
        if failure.code in RETRYABLE_CODES or failure.has_error_label("RetryableWriteError"):
            wxdesk_mongodb_failures_total.inc()
            raise StoreUnavailable(f"MongoDB: {type(failure).__name__} {failure.code}") from failure
        if failure.code in FORBIDDEN_CODES:
            raise StoreRefused("MongoDB does not accept the login in MONGO_URL, or it lacks a right") from failure
        raise


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Give up what is awaited inside after so long; raises StoreUnavailable. What was asked may happen all the same.

    The driver has the deadline, too: without it a thread of Motor's goes on with what nobody waits for any more, and
    when MongoDB does not answer there soon is none left.
    """
    try:
        with timeout(seconds):
            async with asyncio.timeout(seconds):
                yield
    except TimeoutError as late:
        wxdesk_mongodb_failures_total.inc()
        raise StoreUnavailable(f"MongoDB: no answer within {seconds:g} s") from late


class Collection:
    """The few operations that wxdesk uses, on one collection. Within `Database.together` they stand together."""

    def __init__(self, raw: Any, client: Any) -> None:
        self._raw = raw
        self._client = client

    @property
    def _session(self) -> Any:
        return session_of(self._client)

    async def find_one(self, where: Filter, fields: Filter | None = None, sort: Sort | None = None) -> Doc | None:
        with reaching():
            found: Doc | None = await self._raw.find_one(where, fields, sort=sort, session=self._session)
        return found

    async def find(
        self,
        where: Filter,
        fields: Filter | None = None,
        *,
        sort: Sort | None = None,
        skip: int = 0,
        limit: int = 0,
        hint: str | None = None,
        majority: bool = False,
    ) -> list[Doc]:
        raw = self._raw.with_options(read_concern=ReadConcern("majority")) if majority else self._raw
        with reaching():
            cursor = raw.find(where, fields, sort=sort, skip=skip, limit=limit, hint=hint, session=self._session)
            found: list[Doc] = await cursor.to_list(None)
        return found

    async def batches(
        self, where: Filter, fields: Filter | None = None, *, sort: Sort | None = None, size: int = 500
    ) -> AsyncIterator[list[Doc]]:
        """What a majority has, piece by piece, so that a long answer is never whole in memory."""
        raw = self._raw.with_options(read_concern=ReadConcern("majority"))
        cursor = raw.find(where, fields, sort=sort, batch_size=size, session=self._session)
        try:
            while True:
                with reaching():
                    docs: list[Doc] = await cursor.to_list(size)
                if not docs:
                    return
                yield docs
        finally:
            await cursor.close()

    async def count(self, where: Filter, limit: int = 0) -> int:
        options = {"limit": limit} if limit else {}
        with reaching():
            return int(await self._raw.count_documents(where, session=self._session, **options))

    async def aggregate(self, pipeline: Sequence[Filter]) -> list[Doc]:
        with reaching():
            cursor = await now(self._raw.aggregate(list(pipeline), session=self._session))
            found: list[Doc] = await cursor.to_list(None)
        return found

    async def insert_one(self, doc: Doc) -> None:
        with reaching():
            await self._raw.insert_one(doc, session=self._session)

    async def insert_many(self, docs: Sequence[Doc]) -> list[Refusal]:
        """Insert all that can be; says which were refused. `docs` are the server's to keep: do not reuse them."""
        with reaching():
            try:
                await self._raw.insert_many(docs, ordered=False, session=self._session)
            except BulkWriteError as failure:
                return _refusals(failure)
        return []

    async def bulk_write(self, operations: Sequence[Any]) -> list[Refusal]:
        """Apply all, in no promised order; says which were refused."""
        with reaching():
            try:
                await self._raw.bulk_write(operations, ordered=False, session=self._session)
            except BulkWriteError as failure:
                return _refusals(failure)
        return []

    async def update_one(self, where: Filter, update: Any, *, upsert: bool = False) -> int:
        """How many documents were matched or made."""
        with reaching():
            result = await self._raw.update_one(where, update, upsert=upsert, session=self._session)
        return int(result.matched_count) + (result.upserted_id is not None)

    async def update_many(self, where: Filter, update: Any) -> int:
        with reaching():
            return int((await self._raw.update_many(where, update, session=self._session)).modified_count)

    async def replace_one(self, where: Filter, doc: Doc, *, upsert: bool = False) -> None:
        with reaching():
            await self._raw.replace_one(where, doc, upsert=upsert, session=self._session)

    async def find_one_and_update(
        self, where: Filter, update: Any, *, upsert: bool = False, sort: Sort | None = None
    ) -> Doc | None:
        """The document as it is after the update, or None where nothing matched."""
        with reaching():
            found: Doc | None = await self._raw.find_one_and_update(
                where,
                update,
                upsert=upsert,
                sort=sort,
                return_document=ReturnDocument.AFTER,
                session=self._session,
            )
        return found

    async def delete_one(self, where: Filter) -> int:
        with reaching():
            return int((await self._raw.delete_one(where, session=self._session)).deleted_count)

    async def delete_many(self, where: Filter) -> int:
        with reaching():
            return int((await self._raw.delete_many(where, session=self._session)).deleted_count)

    async def create_indexes(self, indexes: Sequence[IndexModel]) -> None:
        with reaching():
            await self._raw.create_indexes(list(indexes))

    async def drop_index(self, name: str) -> None:
        """Where there is one of this name."""
        with reaching():
            try:
                await self._raw.drop_index(name)
            except OperationFailure as failure:
                if failure.code not in NOT_THERE_CODES:
                    raise


class Database:
    """One database of one MongoDB, by whichever driver."""

    def __init__(self, url: str, name: str, driver: Literal["motor", "pymongo"] = "motor") -> None:
        kind: Any = AsyncIOMotorClient if driver == "motor" else AsyncMongoClient
        try:
            self._client = kind(
                url,
                appname="wxdesk",
                w="majority",
                wTimeoutMS=10_000,
                serverSelectionTimeoutMS=3_000,
                connectTimeoutMS=3_000,
                socketTimeoutMS=20_000,
                maxPoolSize=64,
            )
        except (ConfigurationError, ValueError) as failure:
            # Its own text may quote the address, password included.
            raise StoreRefused(f"MONGO_URL is malformed ({type(failure).__name__})") from None
        self._raw = self._client.get_database(name, codec_options=CodecOptions(tz_aware=True))
        self.name = name

    def __getitem__(self, collection: str) -> Collection:
        return Collection(self._raw[collection], self._client)

    async def together(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Everything that `work` writes here, or nothing: a transaction that every operation in `work` is part of.

        What `work` reads is of one instant, and stays true until its writes count: where somebody else changed it
        meanwhile, `work` runs again from the beginning. So it must do nothing but read and write here, within a
        moment. Inside another `together` it is part of that. Raises what `work` raises, and StoreUnavailable.
        """
        if session_of(self._client) is not None:
            return await work()
        try:
            with reaching():
                return await transaction(self._client, work)
        except OperationFailure as failure:
            if undone(failure):
                raise StoreUnavailable("MongoDB: others keep changing the same") from failure
            raise

    async def ping(self) -> None:
        """Raises StoreUnavailable unless a primary answers."""
        with reaching():
            await self._raw.command("ping")

    async def alive(self) -> bool:
        try:
            await self.ping()
        except StoreUnavailable:
            return False
        return True

    @property
    def plain(self) -> tuple[Any, Any]:
        """The driver's own client and database, for what takes a database as a whole and nothing else."""
        return self._client, self._raw

    async def replica_set(self) -> str | None:
        """The name of the replica set the server belongs to; None where it stands alone."""
        name: str | None = (await self.hello()).get("setName")
        return name

    async def hello(self) -> Doc:
        """What the server says of itself and its replica set."""
        with reaching():
            hello: Doc = await self._raw.command("hello")
        return hello

    async def version(self) -> str:
        with reaching():
            return str((await self._raw.command("buildInfo"))["version"])

    async def oplog_seconds(self) -> int | None:
        """How far back the replica set's log of writes reaches; None where we may not read it."""
        oplog = self._client.get_database("local")["oplog.rs"]
        try:
            with reaching():
                first, last = [await oplog.find_one({}, {"ts": 1}, sort=[("$natural", way)]) for way in (1, -1)]
        except StoreRefused:
            return None
        return None if first is None or last is None else int(last["ts"].time - first["ts"].time)

    async def majority_time(self) -> Timestamp:
        """Up to here a majority has everything: a majority read from now on sees every write of this time or before."""
        written = (await self.hello()).get("lastWrite", {}).get("majorityOpTime")
        if written is None:
            raise StoreUnavailable("MongoDB: the server belongs to no replica set, or has no majority")
        stamp: Timestamp = written["ts"]
        return stamp

    async def drop(self) -> None:
        with reaching():
            await self._client.drop_database(self.name)

    async def close(self) -> None:
        await now(self._client.close())


def _refusals(failure: BulkWriteError) -> list[Refusal]:
    """The refused operations; anything but refusals (a lost server among them) is raised again."""
    details: Any = failure.details or {}
    if details.get("writeConcernErrors"):
        raise StoreUnavailable("MongoDB: a write was not confirmed by a majority") from failure
    return [
        Refusal(place=error["index"], code=error["code"], key=tuple(error.get("keyPattern", {})))
        for error in details.get("writeErrors", [])
    ]
