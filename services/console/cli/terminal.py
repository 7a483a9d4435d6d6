"""Text from customers, made fit for a terminal: it is shown, it cannot steer, and columns stay columns."""

import unicodedata
from typing import Final

MARKS_KEPT: Final = 4
"""Combining marks on one character; more than any script needs would grow into the lines above and below."""

_EMOJI: Final = range(0x1F000, 0x1FB00)
_SELECTORS: Final = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_UNPRINTABLE: Final = "\ufffd"


def one_line(text: str) -> str:
    """The text on one line: breaks and tabs become spaces, controls and invisible characters go."""
    return printable(" ".join(text.split()))


def printable(text: str) -> str:
    """The text without anything that is not itself visible: escapes, direction overrides, joiners, lone surrogates.

    What Python's tables do not know becomes U+FFFD, but for emoji, of which there are new ones every year.
    """
    kept: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", text):
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks > MARKS_KEPT or any(ord(character) in selectors for selectors in _SELECTORS):
            continue
        match category:
            case "Cc" | "Cf":
                continue
            case "Zl" | "Zp":
                kept.append(" ")
            case "Cs" | "Co":
                kept.append(_UNPRINTABLE)
            case "Cn" if ord(character) not in _EMOJI:
                kept.append(_UNPRINTABLE)
            case _:
                kept.append(character)
    return "".join(kept)


def width(text: str) -> int:
    """How many columns a terminal gives to printable text."""
    return sum(_columns(character) for character in text)


def fitted(text: str, columns: int) -> str:
    """The text cut to at most so many columns, with … where something is missing."""
    if width(text) <= columns:
        return text
    kept: list[str] = []
    left = columns - 1
    for character in text:
        left -= _columns(character)
        if left < 0:
            break
        kept.append(character)
    return "".join(kept) + "…"


def padded(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    wide = unicodedata.east_asian_width(character) in {"W", "F"}
    # An emoji newer than Python's tables has no width there yet.
    return 2 if wide or (ord(character) in _EMOJI and unicodedata.category(character) == "Cn") else 1
