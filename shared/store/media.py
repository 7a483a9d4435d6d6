"""Files, one document each, replaced whole: copies of what customers sent, and what agents uploaded.

A file is `wanted` until its copy is there (`stored`) or cannot be had any more (`lost`).
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from bson.binary import Binary

from shared.clock import real_now
from shared.conversation.commands import CopyMedia
from shared.conversation.content import Sendable
from shared.pictures import SENDABLE, SENDABLE_MAX_BYTES, Picture, examine
from shared.store.driver import Collection, Database, Doc

COPY_SECONDS: Final = 150
"""Longer than one copy can take; a file whose process died is seen to again after this."""
TELL_SECONDS: Final = 10
"""After this somebody else tells what became of a copy."""
UPLOAD_KEPT: Final = timedelta(days=2, hours=12)
"""WeChat keeps an uploaded file three days (新增图片素材); ours is renewed well before."""

MediaState = Literal["wanted", "stored", "lost"]


class MediaFile(NamedTuple):
    """A file as it stands. All but the state is None until it is stored."""

    state: MediaState
    content_type: str | None = None
    content: bytes | None = None
    width: int | None = None
    height: int | None = None


class Upload(NamedTuple):
    """A file that an app gave to WeChat, which knows it by an id of its own; not to be used after `until`."""

    wechat_media_id: str
    until: datetime


class ClaimedCopy(NamedTuple):
    """A file to see to: to copy while it is wanted, to tell of once it is stored or lost."""

    media_id: str
    state: MediaState
    wanted: CopyMedia
    wanted_at: datetime
    tries: int
    settled_at: datetime | None
    width: int | None
    height: int | None

    @property
    def content(self) -> Sendable:
        """What the message holds, with the picture's size where it is known."""
        sized = {"width": self.width, "height": self.height}
        if self.wanted.content.type != "image" or self.width is None:
            return self.wanted.content
        return self.wanted.content.model_copy(update=sized)


class MediaStore:
    def __init__(self, database: Database) -> None:
        self._media: Collection = database["media"]
        self._uploads: Collection = database["uploads"]

    async def get(self, media_id: str) -> MediaFile | None:
        doc = await self._media.find_one({"_id": media_id})
        if doc is None:
            return None
        content = doc.get("content")
        return MediaFile(
            doc["state"],
            doc.get("content_type"),
            bytes(content) if content is not None else None,
            doc.get("width"),
            doc.get("height"),
        )

    async def by_wechat_id(self, app_id: str, wechat_media_id: str) -> str | None:
        """Our name for a customer's file that WeChat knows by this id."""
        doc = await self._media.find_one({"app_id": app_id, "theirs": wechat_media_id}, {"_id": 1})
        return str(doc["_id"]) if doc else None

    async def add(self, media_id: str, content: bytes, *, conversation: str | None = None) -> Picture:
        """Keep an agent's picture under a new, random id; raises NoPicture unless WeChat would take it."""
        picture = await asyncio.to_thread(examine, content, SENDABLE, SENDABLE_MAX_BYTES)
        doc = {"_id": media_id, "state": "stored", "stored_at": real_now(), **_fields(picture)}
        await self._media.insert_one(doc | ({"conversation": conversation} if conversation else {}))
        return picture

    async def want(self, copies: list[CopyMedia], now: datetime) -> None:
        """Note files to be copied; one that is noted already stays as it is."""
        docs = [
            {
                "_id": copy.source.media_id,
                "state": "wanted",
                "conversation": copy.conversation_id,
                "app_id": copy.app_id,
                "wanted": copy.model_dump(exclude_none=True),
                "wanted_at": now,
                "due_at": now,
                "tries": 0,
                **_theirs(copy),
            }
            for copy in copies
        ]
        await self._media.insert_many(docs)

    async def claim_due(self, now: datetime, limit: int) -> list[ClaimedCopy]:
        """Files to copy or to tell of, for this process alone until COPY_SECONDS from now."""
        claimed: list[ClaimedCopy] = []
        again_at = now + timedelta(seconds=COPY_SECONDS)
        while len(claimed) < limit:
            doc = await self._media.find_one_and_update(
                {"due_at": {"$lte": now}}, {"$set": {"due_at": again_at}}, sort=[("due_at", 1)]
            )
            if doc is None:
                break
            claimed.append(_claimed(doc))
        return claimed

    async def store(self, copy: ClaimedCopy, picture: Picture, now: datetime) -> None:
        """The copy is there, and still to be told of. A file erased meanwhile stays so."""
        doc = _head(copy, now) | {"state": "stored", "stored_at": real_now(), **_fields(picture)}
        await self._media.replace_one({"_id": copy.media_id, "state": "wanted"}, doc)

    async def lose(self, copy: ClaimedCopy, reason: str, now: datetime) -> None:
        """It cannot be had any more, which is still to be told."""
        doc = _head(copy, now) | {"state": "lost", "reason": reason}
        await self._media.replace_one({"_id": copy.media_id, "state": "wanted"}, doc)

    async def retry(self, copy: ClaimedCopy, due_at: datetime) -> None:
        await self._media.update_one(
            {"_id": copy.media_id, "state": "wanted"}, {"$set": {"due_at": due_at, "tries": copy.tries + 1}}
        )

    async def told(self, media_id: str) -> None:
        """It has been told what became of the copy; nothing is left to do."""
        await self._media.update_one(
            {"_id": media_id, "state": {"$ne": "wanted"}}, {"$unset": {"due_at": "", "wanted": ""}}
        )

    async def uploaded(self, app_id: str, media_id: str, now: datetime) -> Upload | None:
        """WeChat's id of a file that the app has given it, while WeChat still keeps it."""
        doc = await self._uploads.find_one({"_id": _upload_id(app_id, media_id), "until": {"$gt": now}})
        return Upload(doc["wechat_media_id"], doc["until"]) if doc else None

    async def note_uploaded(self, app_id: str, media_id: str, upload: Upload) -> None:
        fields = upload._asdict() | {"forget_at": real_now() + 2 * UPLOAD_KEPT}
        await self._uploads.update_one({"_id": _upload_id(app_id, media_id)}, {"$set": fields}, upsert=True)

    async def forget_uploaded(self, app_id: str, media_id: str, wechat_media_id: str) -> None:
        """WeChat no longer knows this id."""
        await self._uploads.delete_one({"_id": _upload_id(app_id, media_id), "wechat_media_id": wechat_media_id})


def _claimed(doc: Doc) -> ClaimedCopy:
    return ClaimedCopy(
        media_id=doc["_id"],
        state=doc["state"],
        wanted=CopyMedia.model_validate(doc["wanted"]),
        wanted_at=doc["wanted_at"],
        tries=doc["tries"],
        settled_at=doc.get("settled_at"),
        width=doc.get("width"),
        height=doc.get("height"),
    )


def _head(copy: ClaimedCopy, now: datetime) -> Doc:
    """What stays when the document is replaced, settled `now` and still to be told of."""
    return {
        "_id": copy.media_id,
        "conversation": copy.wanted.conversation_id,
        "app_id": copy.wanted.app_id,
        "wanted": copy.wanted.model_dump(exclude_none=True),
        "wanted_at": copy.wanted_at,
        "settled_at": now,
        "due_at": now + timedelta(seconds=TELL_SECONDS),
        "tries": copy.tries,
        **_theirs(copy.wanted),
    }


def _theirs(copy: CopyMedia) -> dict[str, str]:
    return {"theirs": copy.source.wechat_media_id} if copy.source.wechat_media_id else {}


def _fields(picture: Picture) -> dict[str, Any]:
    return {
        "content": Binary(picture.content),
        "content_type": picture.content_type,
        "size": len(picture.content),
        "width": picture.width,
        "height": picture.height,
    }


def _upload_id(app_id: str, media_id: str) -> str:
    return f"{app_id}:{media_id}"
