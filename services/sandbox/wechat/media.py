"""Pictures: what apps upload and customers send, kept for three days of the sandbox's clock.

Source: WeChat's pages 新增图片素材 / 临时素材 (uploadTempMedia, getTempMedia).
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LIFETIME: Final = timedelta(days=3)
MAX_BYTES: Final = 2 * 1024 * 1024
_SHELF_BYTES: Final = 256 * 1024 * 1024
"""Old files leave early when the shelf is this full, so that a long run does not eat the machine."""

_SIGNATURES: Final = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))
_GIF: Final = (b"GIF87a", b"GIF89a")
_EXTENSIONS: Final = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif"}


@dataclass(frozen=True, slots=True)
class Media:
    media_id: str
    data: bytes
    content_type: str
    created_at: datetime

    @property
    def filename(self) -> str:
        return f"{self.media_id}.{_EXTENSIONS[self.content_type]}"


class MediaShelf:
    """One app's files."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, Media] = OrderedDict()
        self._bytes = 0

    def put(self, media: Media) -> None:
        self._files[media.media_id] = media
        self._bytes += len(media.data)
        while self._bytes > _SHELF_BYTES and len(self._files) > 1:
            self._drop_oldest()

    def find(self, media_id: str, now: datetime) -> Media | None:
        """The file, unless there is none or it is three days old."""
        media = self._files.get(media_id)
        return media if media is not None and now < media.created_at + LIFETIME else None

    def __len__(self) -> int:
        return len(self._files)

    def _drop_oldest(self) -> None:
        _, oldest = self._files.popitem(last=False)
        self._bytes -= len(oldest.data)


def picture_type(data: bytes) -> str | None:
    """The content type that the bytes themselves tell: JPEG, PNG or GIF; else None."""
    if data.startswith(_GIF):
        return "image/gif"
    return next((kind for start, kind in _SIGNATURES if data.startswith(start)), None)
