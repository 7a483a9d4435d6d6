"""Pictures made for tests: real ones that every browser opens."""

import struct
import zlib

from playwright.async_api import FilePayload


def png(width: int, height: int, red: int = 7, green: int = 163, blue: int = 90) -> bytes:
    """One colour."""
    return _png(width, height, zlib.compress((b"\0" + bytes((red, green, blue)) * width) * height))


def file(name: str, data: bytes, kind: str = "image/png") -> FilePayload:
    """A file as a chooser takes it."""
    return {"name": name, "mimeType": kind, "buffer": data}


def unpacked(width: int, height: int) -> bytes:
    """Three bytes a pixel, however plain it is."""
    row = b"\0" + b"".join(bytes((255 * x // width, 120, 90)) for x in range(width))
    return _png(width, height, zlib.compress(row * height, 0))


def _png(width: int, height: int, packed: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
