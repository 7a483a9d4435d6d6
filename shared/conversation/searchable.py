"""The words by which a message is found again, and the short pieces of them that an index can look up. Pure.

Chinese has no spaces between words, so every place in a text begins a *gram*: the two characters there, or three where
the first two are Latin letters or digits (there are few pairs of those, and order numbers are looked for often). The
last characters of a text begin shorter ones. Whatever is looked for, the grams it holds are in every text that has it.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from shared.conversation.content import Card, Content, Link, Note, Text

HIGHEST: Final = "\U0010ffff"
"""Comes after every character that people write."""

_LATIN_PAIR: Final = re.compile("[0-9a-z]{2}")


class Wanted(NamedTuple):
    """What to look up for a query: all of `grams`; where it is too short to hold a whole one, those that begin so."""

    grams: list[str]
    beginning: str | None


def words(content: Content) -> str:
    """What a person would look for; empty for what has no words of its own."""
    match content:
        case Text(text=said) | Note(text=said):
            return said
        case Card(title=title):
            return title
        case Link(title=title, description=description):
            return f"{title} {description}"
        case _:
            return ""


def plain(text: str) -> str:
    """As texts are compared: one form for characters that look alike, no case, white space in ones."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())


def grams(said: str) -> list[str]:
    """Every gram of a plain text once, sorted."""
    return sorted({said[place : place + _width(said, place)] for place in range(len(said))})


def grams_of_names(names: Iterable[str | None]) -> list[str] | None:
    """Every gram of some names as people wrote them; None where there is none."""
    return sorted({gram for name in names for gram in grams(plain(name or ""))}) or None


def beginning_with(start: str) -> dict[str, Any]:
    """The condition on a list of grams that one of them begins so."""
    return {"$elemMatch": {"$gte": start, "$lt": start + HIGHEST}}


def wanted(query: str) -> Wanted:
    """What a text that contains this plain query has in any case."""
    whole = {query[place : place + _width(query, place)] for place in range(len(query)) if _fits(query, place)}
    return Wanted(sorted(whole), None if whole else query)


def _width(text: str, place: int) -> int:
    return 3 if _LATIN_PAIR.match(text, place) else 2


def _fits(text: str, place: int) -> bool:
    return place + _width(text, place) <= len(text)
