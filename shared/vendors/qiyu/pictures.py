"""Pictures as Qiyu takes them: at most 5 MB; what is larger is made smaller."""

import warnings
from io import BytesIO
from typing import Final

from PIL import Image

from shared.pictures import Picture

MAX_BYTES: Final = 5_000_000
"""Its page says 5 M; the smaller of the two readings."""
_TRIES: Final = ((2560, 85), (1920, 80), (1280, 70), (800, 60))
"""The longest side, in pixels, and the JPEG quality; the last is under half a megabyte for any picture."""


class Unfit(Exception):
    """The picture can neither be given as it is nor made smaller."""


def fitted(picture: Picture) -> Picture:
    """The picture, or a smaller JPEG of it. Takes up to a second: not for the event loop. Raises Unfit."""
    if len(picture.content) <= MAX_BYTES:
        return picture
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own about size and metadata: judged when it was stored
            return _smaller(picture)
    except Unfit:
        raise
    except Exception as broken:  # noqa: BLE001 - Pillow's decoders raise whatever a broken file leads them to
        raise Unfit(f"broken ({type(broken).__name__})") from None


def _smaller(picture: Picture) -> Picture:
    with Image.open(BytesIO(picture.content)) as opened:
        whole = opened.convert("RGB")
    for longest, quality in _TRIES:
        made = whole.copy()
        made.thumbnail((longest, longest))
        out = BytesIO()
        made.save(out, "JPEG", quality=quality)
        if out.tell() <= MAX_BYTES:
            return Picture(out.getvalue(), "image/jpeg", made.width, made.height)
    raise Unfit("too large at any size")
