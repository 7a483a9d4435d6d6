"""One HTTP call to somebody else's server, with what must be known of it when it fails: was it written?"""

import hashlib

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from typing_extensions import override


class WatchedPayload(aiohttp.BytesPayload):
    """Knows whether any of it was written. Content-Length goes before it, so until then nobody can act on it.

    A payload of known size is never sent in chunks, which WeChat answers with HTTP 412.
    """

    begun = False

    @override
    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        self.begun = True
        await super().write_with_length(writer, content_length)


async def read_at_most(response: aiohttp.ClientResponse, max_bytes: int) -> bytes | None:
    """The whole body, or None where it is longer."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > max_bytes:
            return None
    return bytes(body)


def picture_form(field: str, content: bytes, content_type: str) -> tuple[bytes, str]:
    """A form with one picture and its content type, whole in memory: one written in pieces has no Content-Length."""
    boundary = hashlib.blake2b(content, digest_size=16).hexdigest()
    name = f"image.{content_type.rpartition('/')[2]}"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
        f"Content-Type: {content_type}\r\n\r\n"
    )
    return head.encode() + content + f"\r\n--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
