"""A long text as several messages, cut where a reader would pause and never inside what belongs together."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

TEXT_LIMIT_BYTES: Final = 2048
"""Measured by developers, on no page of WeChat's: beyond it custom/send answers 45002."""

_LONGEST_CHARACTER_BYTES: Final = 4
_JOINER: Final = "\u200d"
_TOGETHER: Final = re.compile(
    r"<a\s[^>]{0,1024}>.{0,512}?</a>"  # a link, which WeChat shows as its words alone
    r"|\[[^\[\]\s]{1,8}\]"  # WeChat's own stickers, such as [微笑]
    r"|\r\n",
    re.DOTALL,
)
_REGIONAL: Final = range(0x1F1E6, 0x1F200)
_EXTENDING: Final = (range(0x1F3FB, 0x1F400), range(0xE0020, 0xE0080))
"""Skin tones, and the tags that make flags of England, Scotland and Wales."""

_PAUSES: Final = ("\n", "。！？!?…；;", " \t\u3000，,、")
"""Where to cut, best first: after a line, a sentence, a word."""


def text_parts(text: str, limit_bytes: int = TEXT_LIMIT_BYTES) -> list[str]:
    """Texts of at most `limit_bytes` of UTF-8 that say the same, in order; none if there is nothing but space.

    Space around a cut is dropped. A text that fits is returned as it is. Raises ValueError for a limit under
    four bytes, which some characters need.
    """
    if limit_bytes < _LONGEST_CHARACTER_BYTES:
        raise ValueError(f"limit_bytes must be at least {_LONGEST_CHARACTER_BYTES}")
    if _size(text) <= limit_bytes:
        return [text] if text.strip() else []
    rest = list(_pieces(text, limit_bytes))
    parts = []
    while rest:
        cut = _cut(rest, limit_bytes)
        parts.append("".join(rest[:cut]).strip())
        rest = rest[cut:]
    return [part for part in parts if part]


def _cut(pieces: list[str], limit_bytes: int) -> int:
    """How many pieces to take: all that fit, or fewer to end at a pause in the later half."""
    sizes = 0
    fitting = 0
    for piece in pieces:
        sizes += _size(piece)
        if sizes > limit_bytes:
            break
        fitting += 1
    if fitting == len(pieces):
        return fitting
    for pauses in _PAUSES:
        for count in range(fitting, fitting // 2, -1):
            if pieces[count - 1][-1] in pauses:
                return count
    return fitting


def _pieces(text: str, limit_bytes: int) -> Iterator[str]:
    """What must not be cut, unless it alone is too long: links, stickers, characters as a reader sees them."""
    done = 0
    for whole in _TOGETHER.finditer(text):
        yield from _characters(text[done : whole.start()], limit_bytes)
        yield from [whole[0]] if _size(whole[0]) <= limit_bytes else _characters(whole[0], limit_bytes)
        done = whole.end()
    yield from _characters(text[done:], limit_bytes)


def _characters(text: str, limit_bytes: int) -> Iterator[str]:
    seen = ""
    for point in text:
        if seen and not _extends(seen, point):
            yield from [seen] if _size(seen) <= limit_bytes else seen
            seen = ""
        seen += point
    if seen:
        yield from [seen] if _size(seen) <= limit_bytes else seen


def _extends(seen: str, point: str) -> bool:
    """Whether `point` shows as one character with what is before it. Near to Unicode's rule, and enough for emoji."""
    if _JOINER in {point, seen[-1]} or unicodedata.category(point).startswith("M"):
        return True
    if any(ord(point) in extending for extending in _EXTENDING):
        return True
    return len(seen) == 1 and ord(seen) in _REGIONAL and ord(point) in _REGIONAL


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
