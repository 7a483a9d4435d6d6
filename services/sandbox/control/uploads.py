"""Pictures that people give the control API: in a form's field `file`."""

from aiohttp import web

from services.sandbox.control.guard import Problem
from services.sandbox.wechat.inbound import Picture
from services.sandbox.wechat.media import picture_type


async def picture_of(request: web.Request) -> Picture:
    """Raises Problem: 422 without one, 415 if it is no JPEG, PNG or GIF."""
    return checked_picture(await _file(request))


def checked_picture(data: bytes) -> Picture:
    kind = picture_type(data)
    if kind is None:
        raise Problem(415, "the picture must be a JPEG, PNG or GIF by its bytes")
    return Picture(data, kind)


async def _file(request: web.Request) -> bytes:
    try:
        part = (await request.post()).get("file")
    except ValueError:
        part = None
    if not isinstance(part, web.FileField):
        raise Problem(422, "send the picture as multipart/form-data in the field file, with a filename")
    with part.file as file:
        return file.read()
