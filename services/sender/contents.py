"""What goes out in WeChat's own terms: its pictures are files that the app has uploaded within three days."""

import asyncio
from collections import OrderedDict
from datetime import timedelta
from typing import Final, assert_never

from services.sender.joint import Joint
from services.sender.outcomes import (
    CARD_WITHOUT_PICTURE,
    PICTURE_MISSING,
    PICTURE_UNFIT,
    Ended,
    NotNow,
    Shut,
    Unsent,
    judge,
)
from services.sender.tokens import Tokens
from shared.clock import Clock
from shared.conversation.content import Card, Image, Link, Sendable, Text
from shared.failures import SendFailure
from shared.pictures import SENDABLE_MAX_BYTES
from shared.store.media import UPLOAD_KEPT, MediaFile, MediaStore, Upload
from shared.wechat.client import WeChatClient
from shared.wechat.failures import TokenStale
from shared.wechat.outbound import Outbound as Message
from shared.wechat.outbound import OutCard, OutImage, OutLink, OutText

REMEMBERED: Final = 2_000
UPLOAD_SECONDS: Final = 70.0
"""Longer than the client lets an upload take."""
SENDABLE_TYPES: Final = frozenset({"image/jpeg", "image/png", "image/gif"})


class Contents:
    """Turns what is to be sent into WeChat's terms, uploading its picture where the app has not yet done so."""

    def __init__(self, client: WeChatClient, media: MediaStore, tokens: Tokens, clock: Clock) -> None:
        self._client = client
        self._media = media
        self._tokens = tokens
        self._clock = clock
        self._known: OrderedDict[tuple[str, str], Upload] = OrderedDict()
        self._uploading: Joint[str] = Joint()

    async def message(self, app_id: str, content: Sendable, by: float) -> Message:
        """Raises Unsent; NotNow where it takes longer than `by`; SendFailure where the token was not to be had."""
        match content:
            case Text():
                return OutText(content=content.text)
            case Image():
                return OutImage(media_id=await self._uploaded(app_id, content.media_id, by))
            case Card(media_id=None):
                raise Unsent(CARD_WITHOUT_PICTURE)
            case Card():
                thumb = await self._uploaded(app_id, str(content.media_id), by)
                return OutCard(title=content.title, path=content.path, thumb_media_id=thumb)
            case Link():
                # A link's picture is an address that the customer's phone opens, and ours open for agents only.
                return OutLink(title=content.title, description=content.description, url=content.url)
            case _:
                assert_never(content)

    async def message_again(self, app_id: str, content: Sendable, refused: Message, by: float) -> Message:
        """The same after WeChat no longer knew its picture."""
        theirs = refused.media_id if isinstance(refused, OutImage) else getattr(refused, "thumb_media_id", "")
        ours = content.media_id if isinstance(content, Image | Card) else None
        if ours:
            self._known.pop((app_id, ours), None)
            await self._media.forget_uploaded(app_id, ours, theirs)
        return await self.message(app_id, content, by)

    async def _uploaded(self, app_id: str, media_id: str, by: float) -> str:
        known = self._known.get((app_id, media_id))
        if known is not None and self._clock.now() < known.until:
            return known.wechat_media_id
        try:
            return await self._uploading.result((app_id, media_id), lambda: self._upload(app_id, media_id), by)
        except TimeoutError:
            raise NotNow(self._clock.now() + timedelta(seconds=2), "picture") from None

    async def _upload(self, app_id: str, media_id: str) -> str:
        now = self._clock.now()
        upload = await self._media.uploaded(app_id, media_id, now)
        if upload is None:
            file = await self._media.get(media_id)
            theirs = await self._give(app_id, *self._fit(file))
            upload = Upload(theirs, now + UPLOAD_KEPT)
            await self._media.note_uploaded(app_id, media_id, upload)
        self._known[(app_id, media_id)] = upload
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return upload.wechat_media_id

    def _fit(self, file: MediaFile | None) -> tuple[bytes, str]:
        if file is not None and file.state == "wanted":
            raise NotNow(self._clock.now() + timedelta(seconds=5), "picture")
        if file is None or file.content is None or file.content_type is None:
            raise Unsent(PICTURE_MISSING)
        if file.content_type not in SENDABLE_TYPES or len(file.content) > SENDABLE_MAX_BYTES:
            raise Unsent(PICTURE_UNFIT)
        return file.content, file.content_type

    async def _give(self, app_id: str, content: bytes, content_type: str) -> str:
        by = asyncio.get_running_loop().time() + UPLOAD_SECONDS
        token = await self._tokens.token(app_id, by)
        try:
            try:
                return (await self._client.upload_media(token, content, content_type)).media_id
            except TokenStale:
                token = await self._tokens.renewed(app_id, token)
                return (await self._client.upload_media(token, content, content_type)).media_id
        except SendFailure as failure:
            raise self._apart(failure) from None

    def _apart(self, failure: SendFailure) -> Exception:
        """Uploads have limits and rights of their own: their failures say nothing of the lane."""
        verdict = judge(failure, tries=3, now=self._clock.now())
        if isinstance(verdict, Shut):
            return Unsent(verdict.first) if verdict.first else NotNow(verdict.gate.until, "picture")
        return Unsent(verdict) if isinstance(verdict, Ended) else NotNow(verdict.due_at, "picture")
