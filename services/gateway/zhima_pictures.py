"""Pictures on the proxy path: those Zhima's staff send, and those of customers that Zhima wants to see."""

import asyncio
import secrets
from typing import Any, Final

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from services.gateway.zhima_accounts import ZhimaAccount
from services.gateway.zhima_errors import Denied
from shared.clock import real_now
from shared.pictures import SENDABLE_MAX_BYTES, NoPicture
from shared.store.media import MediaFile, MediaStore
from shared.store.media_access import MediaOwner, MediaOwners

FIELD: Final = "media"
UPLOAD_SECONDS: Final = 60.0
PARTS_READ: Final = 8
LONGEST_ID: Final = 512


class ZhimaPictures:
    def __init__(self, media: MediaStore, owners: MediaOwners) -> None:
        self._media = media
        self._owners = owners

    async def upload(self, account: ZhimaAccount, request: web.Request) -> dict[str, Any]:
        """Keep a picture of its staff's, as WeChat's media/upload does. Raises Denied."""
        if request.query.get("type", "image") != "image":
            raise Denied(40004)
        content = await _file(request)
        media_id = secrets.token_hex(16)
        try:
            await self._media.add(media_id, content)
        except NoPicture as refused:
            raise Denied(40009 if refused.why == "too_large" else 40005) from None
        await self._owners.note_upload(media_id, _uploader(account))
        return {"type": "image", "media_id": media_id, "created_at": int(real_now().timestamp())}

    async def get(self, account: ZhimaAccount, media_id: str) -> web.Response:
        """The bytes of a picture, by WeChat's id of a customer's or by ours. Raises Denied."""
        ours = await self._media.by_wechat_id(account.settings.app_id, media_id[:LONGEST_ID]) or media_id[:LONGEST_ID]
        file = await self._file(account, ours)
        if file.state == "wanted":
            raise Denied(-1)
        if file.content is None or file.content_type is None:
            raise Denied(40007)
        return web.Response(body=file.content, content_type=file.content_type, headers={"Cache-Control": "no-store"})

    async def lend(self, account: ZhimaAccount, media_id: str, conversation: str) -> MediaFile:
        """A picture that may go to this conversation, and stands in it from now on. Raises Denied."""
        file = await self._file(account, media_id[:LONGEST_ID])
        if file.state != "stored":
            raise Denied(40007)
        await self._owners.note_sent(media_id, conversation, account.settings.app_id)
        return file

    async def _file(self, account: ZhimaAccount, media_id: str) -> MediaFile:
        owner = await self._owners.of(media_id)
        file = await self._media.get(media_id) if owner and _is_theirs(owner, account) else None
        if file is None:
            raise Denied(40007)
        return file


def _is_theirs(owner: MediaOwner, account: ZhimaAccount) -> bool:
    """Its own upload, or a picture of the app it serves; not what our agents have uploaded and not sent."""
    return owner.uploaded_by == _uploader(account) or account.settings.app_id in owner.app_ids


def _uploader(account: ZhimaAccount) -> str:
    return f"vendor:{account.id}"


async def _file(request: web.Request) -> bytes:
    if not request.content_type.startswith("multipart/"):
        raise Denied(41005)
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            return await _part(request)
    except (TimeoutError, ValueError, HttpProcessingError):
        raise Denied(41005) from None


async def _part(request: web.Request) -> bytes:
    reader = await request.multipart()
    for _ in range(PARTS_READ):
        part = await reader.next()
        if part is None:
            break
        if isinstance(part, BodyPartReader):
            content = await _whole(part)
            if part.name == FIELD:
                return content
    raise Denied(41005)


async def _whole(part: BodyPartReader) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk(64 * 1024):
        content += chunk
        if len(content) > SENDABLE_MAX_BYTES:
            raise Denied(40009)
    return bytes(content)
