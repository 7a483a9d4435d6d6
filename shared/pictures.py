"""What a file is by its own bytes. Names and content types that others give are never believed."""

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Final, Literal

from PIL import Image, UnidentifiedImageError

SENDABLE: Final = ("JPEG", "PNG", "GIF")
"""What WeChat takes (新增图片素材, uploadTempMedia)."""
SENDABLE_MAX_BYTES: Final = 2 << 20
SHOWABLE: Final = (*SENDABLE, "WEBP")
"""What a browser shows; WeChat's picture servers may also give WebP."""
MAX_PIXELS: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class Picture:
    content: bytes
    content_type: str
    width: int
    height: int


class NoPicture(Exception):
    """The bytes are no whole picture of an allowed kind."""

    def __init__(self, why: Literal["too_large", "not_a_picture"], reason: str) -> None:
        super().__init__(reason)
        self.why = why


def examine(content: bytes, kinds: tuple[str, ...], max_bytes: int) -> Picture:
    """What the bytes are; raises NoPicture. Takes some milliseconds: large ones belong in a thread."""
    if len(content) > max_bytes:
        raise NoPicture("too_large", f"{len(content)} bytes; at most {max_bytes} are taken")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own about size and metadata: judged here
            return _verified(content, kinds)
    except NoPicture:
        raise
    except UnidentifiedImageError:
        raise NoPicture("not_a_picture", f"no {', '.join(kinds)}") from None
    except Exception as broken:  # noqa: BLE001 - Pillow's decoders raise whatever a broken file leads them to
        raise NoPicture("not_a_picture", f"broken ({type(broken).__name__})") from None


def _verified(content: bytes, kinds: tuple[str, ...]) -> Picture:
    with Image.open(BytesIO(content), formats=kinds) as image:
        width, height, kind = image.width, image.height, image.format
        if width * height > MAX_PIXELS:
            raise NoPicture("too_large", f"{width} × {height} pixels; at most {MAX_PIXELS} are taken")
        image.verify()
    return Picture(content, Image.MIME[str(kind)], width, height)
