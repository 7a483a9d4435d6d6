"""Names that people give and others read: tags, groups, shortcuts, agents, machines."""

import unicodedata
from typing import Final

from pydantic import AfterValidator

CONTROL: Final = "must have no control characters"

_CONTROLS: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


def has_controls(text: str) -> bool:
    """NUL, line breaks and the like."""
    return any(unicodedata.category(character) in _CONTROLS for character in text)


def _plain(text: str) -> str:
    if has_controls(text):
        raise ValueError(CONTROL)
    return text


WITHOUT_CONTROLS: Final = AfterValidator(_plain)
"""Some text in one line. After what trims it: pydantic looks at these in their order."""
