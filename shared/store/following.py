"""Following the history: every message that is new or changed is handed on, at least once, by one process at a time.

A change may become visible a little after its own time, so each round looks back a few seconds, and now and then
further; what was handed on in this revision already is not handed on again by the same process. After a restart, or
where another process takes over, the last seconds are handed on once more: what is done with a message must bear that.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, Literal, NamedTuple

import structlog
from bson.timestamp import Timestamp

from shared.conversation.model import Message
from shared.outage import Outage
from shared.store.changes import Changes, Stamp
from shared.store.driver import Collection, Database, Doc, StoreUnavailable
from shared.store.leases import LEASE_SECONDS, Leases

log = structlog.get_logger()

PIECE: Final = 500
"""Messages handed on at once, at most."""
SLACK_SECONDS: Final = 3
"""A message may become visible this much after its own time and still be handed on by the next round …"""
DEEP_SLACK_SECONDS: Final = 30
"""… and this much, by every DEEP_EVERY-th, and by the first after another process."""
DEEP_EVERY: Final = 10
HANDLE_SECONDS: Final = LEASE_SECONDS * 2 / 3
"""A piece must be dealt with in this time: the lease was renewed no longer than LEASE_SECONDS / 6 before it."""
RENEW_SECONDS: Final = LEASE_SECONDS / 6
FAILED_SECONDS: Final = 30.0
NOWHERE: Final = Stamp(0, 0)

Handle = Callable[[Sequence[Message]], Awaitable[None]]


class Seen(NamedTuple):
    id: str
    revision: int
    at: Stamp


class Follower:
    """`handle` gets messages in the order of MongoDB's clock, a late one later, never an empty piece.

    The place reached is kept in `followers` under `name`, and is that far only once `handle` has returned. If it
    raises, the same messages come again after a while; an outage is nothing unusual, anything else is logged.
    A `name` seen for the first time begins with the oldest message there is; with `begin="now"` with what comes
    from now on, though the last half minute before may still come where another process takes over at once.
    """

    def __init__(
        self,
        database: Database,
        leases: Leases,
        name: str,
        handle: Handle,
        *,
        every_seconds: float = 1.0,
        begin: Literal["history", "now"] = "history",
    ) -> None:
        self._messages: Collection = database["messages"]
        self._followers: Collection = database["followers"]
        self._changes = Changes(database)
        self._leases = leases
        self._name = name
        self._handle = handle
        self._every_seconds = every_seconds
        self._begin = begin
        self._renewed_at: float | None = None
        self._handed: OrderedDict[str, Seen] = OrderedDict()
        self._at: Stamp = NOWHERE
        self._rounds = 0

    async def follow_forever(self) -> None:
        """Run until cancelled."""
        try:
            while True:
                wait_seconds = await self._round()
                await asyncio.sleep(wait_seconds)
        finally:
            with suppress(StoreUnavailable):
                await self._leases.give_up(self._lease)

    async def follow(self) -> int | None:
        """Hand on everything there is now; how many that were. None: another process is at it.

        Raises what `handle` raises, TimeoutError where it takes too long, and StoreUnavailable.
        """
        handed, since = 0, None
        while await self._ours():
            page, more = await self._page(since or await self._place())
            handed += await self._hand_on([seen for seen in page if not self._has_handed(seen)])
            await self._reach(max([self._at, *(seen.at for seen in page)]))
            if not more:
                self._rounds += 1
                return handed
            since = page[-1].at
        return None

    async def _round(self) -> float:
        """One round, whatever becomes of it; how long to wait for the next."""
        try:
            ours = await self.follow() is not None
        except Outage as outage:
            log.warning("following_delayed", part=self._name, reason=str(outage))
        except TimeoutError:
            log.warning("following_delayed", part=self._name, reason=f"a piece took more than {HANDLE_SECONDS} s")
        except Exception:
            log.exception("following_failed", part=self._name, retry_seconds=FAILED_SECONDS)
            return FAILED_SECONDS
        else:
            return self._every_seconds if ours else max(self._every_seconds, RENEW_SECONDS)
        return self._every_seconds

    @property
    def _lease(self) -> str:
        return f"follower:{self._name}"

    async def _ours(self) -> bool:
        """Whether this process may go on; renews the lease in good time."""
        now = asyncio.get_running_loop().time()
        if self._renewed_at is not None and now - self._renewed_at < RENEW_SECONDS:
            return True
        self._renewed_at = None
        if not await self._leases.take(self._lease):
            self._forget()
            return False
        self._renewed_at = now
        return True

    def _forget(self) -> None:
        """Another process is at it: when it is our turn again, begin from what is stored, and look far back."""
        self._handed.clear()
        self._at = NOWHERE
        self._rounds = 0

    async def _place(self) -> Stamp:
        """From where a round reads."""
        if self._at == NOWHERE:
            self._at = await self._stored_place()
        return self._at.earlier(SLACK_SECONDS if self._rounds % DEEP_EVERY else DEEP_SLACK_SECONDS)

    async def _stored_place(self) -> Stamp:
        doc = await self._followers.find_one({"_id": self._name})
        if doc is not None:
            return _stamp(doc["at"])
        if self._begin == "history":
            return NOWHERE
        now = await self._changes.now()
        for seen in await self._read({"$gte": Timestamp(*now.earlier(DEEP_SLACK_SECONDS)), "$lte": Timestamp(*now)}):
            self._note(seen)
        await self._reach(now)
        return now

    async def _page(self, since: Stamp) -> tuple[list[Seen], bool]:
        """What changed at or after `since`, oldest first, and whether there is more.

        It is a piece, or several where one would get no further.
        """
        most = PIECE
        while True:
            page = await self._read({"$gte": Timestamp(*since)}, most)
            more = len(page) == most
            if not more or page[-1].at > since:
                return page, more
            most *= 2

    async def _read(self, changed_at: Doc, most: int = 0) -> list[Seen]:
        docs = await self._messages.find(
            {"changed_at": changed_at},
            {"revision": 1, "changed_at": 1},
            sort=[("changed_at", 1)],
            limit=most,
            majority=True,
        )
        return [Seen(doc["_id"], doc["revision"], _stamp(doc["changed_at"])) for doc in docs]

    async def _hand_on(self, news: Sequence[Seen]) -> int:
        stored = await self._changes.messages(seen.id for seen in news)
        found = {message.id: message for message in stored}
        news = [seen for seen in news if seen.id in found]
        if news:
            async with asyncio.timeout(HANDLE_SECONDS):
                await self._handle([found[seen.id] for seen in news])
        for seen in news:
            self._note(seen._replace(revision=found[seen.id].revision))
        return len(news)

    def _has_handed(self, seen: Seen) -> bool:
        known = self._handed.get(seen.id)
        return known is not None and known.revision >= seen.revision

    def _note(self, seen: Seen) -> None:
        """Remember it, and forget what no round will read again."""
        self._handed[seen.id] = seen
        self._handed.move_to_end(seen.id)
        old = self._at.earlier(DEEP_SLACK_SECONDS)
        while next(iter(self._handed.values())).at < old:
            self._handed.popitem(last=False)

    async def _reach(self, at: Stamp) -> None:
        """Never back: whoever lost the lease without knowing must not undo what the next one reached."""
        if at > self._at:
            await self._followers.update_one({"_id": self._name}, {"$max": {"at": Timestamp(*at)}}, upsert=True)
            self._at = at


def _stamp(time: Timestamp) -> Stamp:
    return Stamp(time.time, time.inc)
