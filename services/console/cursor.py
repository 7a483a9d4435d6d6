"""Where a client of the live feed is: an instant of MongoDB's clock, and what its agent may see. Opaque outside."""

import base64
import struct
from typing import Final, NamedTuple

from shared.store.changes import Stamp

_FORM: Final = struct.Struct(">BII6s")
_VERSION: Final = 1


class Cursor(NamedTuple):
    """Every change up to `at`, less the slack of a replay, has been told to whoever got this."""

    at: Stamp
    mark: str

    def encode(self) -> str:
        return base64.urlsafe_b64encode(_FORM.pack(_VERSION, *self.at, bytes.fromhex(self.mark))).decode().rstrip("=")


class BadCursor(Exception):
    """Not a cursor of ours."""


def read_cursor(told: str) -> Cursor:
    """Raises BadCursor."""
    try:
        version, seconds, counter, mark = _FORM.unpack(base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)))
    except (ValueError, struct.error):
        raise BadCursor from None
    if version != _VERSION:
        raise BadCursor
    return Cursor(Stamp(seconds, counter), mark.hex())
