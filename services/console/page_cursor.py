"""Where a page of a list ended, as `next` tells it: opaque outside, and read back with no trust in it."""

import base64
from datetime import datetime
from typing import Any, Final

import orjson

FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 9998
"""Within these every instant exists in every time zone, and in MongoDB."""


class BadCursor(Exception):
    """Not a cursor of ours."""


def written(*steps: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(steps)).decode().rstrip("=")


def read(cursor: str, count: int) -> list[Any]:
    """So many steps as they were written; raises BadCursor."""
    try:
        steps = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        raise BadCursor from None
    if not isinstance(steps, list) or len(steps) != count:
        raise BadCursor
    return steps


def instant(told: Any) -> datetime:
    """Raises BadCursor for what no list of ours could have ended at."""
    try:
        at = datetime.fromisoformat(told)
    except (ValueError, TypeError):
        raise BadCursor from None
    if at.tzinfo is None or not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise BadCursor
    return at
