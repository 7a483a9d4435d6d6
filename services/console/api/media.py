"""Pictures: uploaded by agents, and those that customers sent."""

import asyncio
import secrets
from typing import Final

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import BaseModel

from services.console.operations import Call, Operation, answer
from services.console.problem import Refused
from shared.pictures import SENDABLE_MAX_BYTES, NoPicture

FIELD: Final = "file"
UPLOAD_SECONDS: Final = 60.0
PARTS_READ: Final = 8
COPY_RETRY_SECONDS: Final = 2
KEPT_BY_BROWSER: Final = "private, max-age=86400, immutable"
"""Under one id there is ever one file."""


class Uploaded(BaseModel):
    media_id: str
    content_type: str
    bytes: int
    width: int
    height: int


async def upload_picture(call: Call) -> web.Response:
    """What it is is decided by its bytes, whatever its name and type say."""
    content = await _file(call)
    media_id = secrets.token_hex(16)
    try:
        picture = await call.parts.media.add(media_id, content)
    except NoPicture as refused:
        if refused.why == "too_large":
            raise Refused("too_large", f"The picture is too large: {refused}.") from None
        raise Refused("image_invalid", f"WeChat takes JPEG, PNG and GIF; this is {refused}.") from None
    await call.parts.media_owners.note_upload(media_id, call.agent.id)
    shape = Uploaded(
        media_id=media_id,
        content_type=picture.content_type,
        bytes=len(content),
        width=picture.width,
        height=picture.height,
    )
    return answer(shape, status=201)


async def read_picture(call: Call) -> web.Response:
    media_id = call.request.match_info["id"]
    owner = await call.parts.media_owners.of(media_id)
    file = await call.parts.media.get(media_id) if owner else None
    if owner is None or file is None or not owner.shows_to(call.author.id, call.access.sees):
        raise Refused("not_found", "There is no such picture.")
    if file.state == "wanted":
        raise Refused.after("unavailable", "The picture is being copied from WeChat.", COPY_RETRY_SECONDS)
    if file.content is None or file.content_type is None:
        raise Refused("not_found", "WeChat no longer had the picture when it was to be copied.")
    return web.Response(
        body=file.content,
        content_type=file.content_type,
        headers={"Cache-Control": KEPT_BY_BROWSER, "Content-Disposition": "inline"},
    )


async def _file(call: Call) -> bytes:
    """The bytes of the field `file`; raises Refused."""
    if not call.request.content_type.startswith("multipart/form-data"):
        raise Refused("invalid", "Send the picture as multipart/form-data, in the field `file`.")
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            return await _part(call)
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (ValueError, HttpProcessingError):
        raise Refused("invalid", "The multipart body is broken.") from None


async def _part(call: Call) -> bytes:
    reader = await call.request.multipart()
    for _ in range(PARTS_READ):
        part = await reader.next()
        if part is None:
            break
        if isinstance(part, BodyPartReader):
            content = await _whole(part)
            if part.name == FIELD:
                return content
    raise Refused("invalid", "There is no field `file` in the form.")


async def _whole(part: BodyPartReader) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk(64 * 1024):
        content += chunk
        if len(content) > SENDABLE_MAX_BYTES:
            raise Refused("too_large", f"A picture may have {SENDABLE_MAX_BYTES} bytes.")
    return bytes(content)


OPERATIONS: Final = (
    Operation(
        "POST",
        "/media",
        upload_picture,
        "Upload a picture, to be sent by its media_id",
        {201: Uploaded},
        problems=("too_large", "image_invalid"),
        files=FIELD,
    ),
    Operation(
        "GET",
        "/media/{id}",
        read_picture,
        "The bytes of a picture",
        {200: None},
        problems=("not_found",),
        scope="read",
    ),
)
