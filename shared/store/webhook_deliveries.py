"""What a webhook is to be told: one row an event, until it was told or a day has passed; forgotten after a week.

A row is claimed by moving it: whoever has it has it alone for CLAIM_SECONDS, and if they die, it is due again then.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from bson.binary import Binary

from shared.store.driver import Collection, Database, Doc

CLAIM_SECONDS: Final = 60
"""Much longer than a call can take."""
TRIED_FOR: Final = timedelta(hours=24)
KEPT_FOR: Final = timedelta(days=7)

DeliveryState = Literal["waiting", "done", "given_up"]


class News(NamedTuple):
    """Something to tell one webhook. `id` is the same however often the event is looked at; `body` is what is sent."""

    id: str
    webhook: str
    event: str
    conversation: str
    app_id: str
    at: datetime
    body: bytes


class ClaimedNews(NamedTuple):
    """To be told now. `tries` counts this one; after `until` there is no other."""

    id: str
    webhook: str
    event: str
    body: bytes
    tries: int
    until: datetime
    claim: str


class DeliveryRow(NamedTuple):
    id: str
    event: str
    at: datetime
    attempts: int
    state: DeliveryState
    status: int | None
    failure: str | None
    next_at: datetime | None


class WebhookDeliveries:
    def __init__(self, database: Database) -> None:
        self._rows: Collection = database["webhook_deliveries"]

    async def add(self, news: Sequence[News], now: datetime) -> None:
        """Note what is to be told; what is noted already stays as it is."""
        if news:
            await self._rows.insert_many([_row(one, now) for one in news])

    async def claim(self, webhook: str, claim: str, now: datetime) -> ClaimedNews | None:
        """The one that has been due longest, for this claimant alone; None where nothing is due."""
        doc = await self._rows.find_one_and_update(
            {"webhook": webhook, "state": "waiting", "next_at": {"$lte": now}},
            {
                "$set": {"next_at": now + timedelta(seconds=CLAIM_SECONDS), "claim": claim},
                "$inc": {"attempts": 1, "tries": 1},
            },
            sort=[("next_at", 1)],
        )
        if doc is None:
            return None
        return ClaimedNews(doc["_id"], webhook, doc["event"], bytes(doc["body"]), doc["tries"], doc["until"], claim)

    async def told(self, news: ClaimedNews, status: int | None, now: datetime) -> None:
        """It was told, whoever has the row by now. What was said is not kept."""
        fields = {"state": "done", "status": status, "failure": None, "settled_at": now}
        await self._rows.update_one(
            {"_id": news.id, "state": {"$ne": "done"}},
            {"$set": fields, "$unset": {"body": "", "next_at": "", "claim": ""}},
        )

    async def postpone(self, news: ClaimedNews, status: int | None, failure: str, next_at: datetime) -> None:
        """It is to be tried again; nothing changes where another has the row by now."""
        fields = {"status": status, "failure": failure, "next_at": next_at}
        await self._rows.update_one(_held(news), {"$set": fields, "$unset": {"claim": ""}})

    async def give_up(self, news: ClaimedNews, status: int | None, failure: str, now: datetime) -> None:
        """No more by itself; nothing changes where another has the row by now."""
        await self._rows.update_one(_held(news), _given_up(status, failure, now))

    async def give_up_all(self, webhook: str, failure: str, now: datetime) -> None:
        """Nothing that waits for this webhook is told any more by itself."""
        await self._rows.update_many({"webhook": webhook, "state": "waiting"}, _given_up(None, failure, now))

    async def again(self, webhook: str, row: str, now: datetime) -> DeliveryRow | None:
        """Due now, for a day more; None where there is no such row, it was told, or is being told at this moment."""
        where = {"_id": row, "webhook": webhook, "state": {"$ne": "done"}}
        idle = {"$or": [{"claim": {"$exists": False}}, {"next_at": {"$lte": now}}]}
        fields = {"state": "waiting", "next_at": now, "until": now + TRIED_FOR, "tries": 0, "forget_at": now + KEPT_FOR}
        doc = await self._rows.find_one_and_update({**where, **idle}, {"$set": fields, "$unset": {"claim": ""}})
        return _shown(doc) if doc else None

    async def get(self, webhook: str, row: str) -> DeliveryRow | None:
        doc = await self._rows.find_one({"_id": row, "webhook": webhook}, {"body": 0})
        return _shown(doc) if doc else None

    async def latest(self, webhook: str, limit: int) -> list[DeliveryRow]:
        docs = await self._rows.find({"webhook": webhook}, {"body": 0}, sort=[("noted_at", -1)], limit=limit)
        return [_shown(doc) for doc in docs]

    async def remove_webhook(self, webhook: str) -> None:
        await self._rows.delete_many({"webhook": webhook})

    async def forget(self, conversations: Iterable[str]) -> None:
        """Delete everything about these conversations, whose customers were deleted."""
        await self._rows.delete_many({"conversation": {"$in": list(conversations)}})


def _row(news: News, now: datetime) -> Doc:
    return {
        "_id": news.id,
        "webhook": news.webhook,
        "event": news.event,
        "conversation": news.conversation,
        "app_id": news.app_id,
        "at": news.at,
        "body": Binary(news.body),
        "state": "waiting",
        "attempts": 0,
        "tries": 0,
        "noted_at": now,
        "next_at": now,
        "until": now + TRIED_FOR,
        "forget_at": now + KEPT_FOR,
    }


def _held(news: ClaimedNews) -> Doc:
    return {"_id": news.id, "state": "waiting", "claim": news.claim}


def _given_up(status: int | None, failure: str, now: datetime) -> dict[str, Any]:
    fields = {"state": "given_up", "status": status, "failure": failure, "settled_at": now}
    return {"$set": fields, "$unset": {"next_at": "", "claim": ""}}


def _shown(doc: Doc) -> DeliveryRow:
    return DeliveryRow(
        id=doc["_id"],
        event=doc["event"],
        at=doc["at"],
        attempts=doc["attempts"],
        state=doc["state"],
        status=doc.get("status"),
        failure=doc.get("failure"),
        next_at=doc.get("next_at"),
    )
