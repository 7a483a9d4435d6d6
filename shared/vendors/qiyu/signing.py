"""How Qiyu and we prove to each other who speaks: one checksum over the very bytes sent, for both directions."""

import hashlib
import hmac
from datetime import datetime
from typing import Final, Literal

Algorithm = Literal["sha1", "sha256"]

_SHA256_HEX_CHARS: Final = 64
_LONGEST_TIME_DIGITS: Final = 12


def checksum(secret: str, content: bytes, time: str, algorithm: Algorithm = "sha1") -> str:
    """Over the secret, the content's MD5 and `time` (seconds); of an upload the content is the file alone."""
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return hashlib.new(algorithm, (secret + md5 + time).encode(), usedforsecurity=False).hexdigest()


def is_genuine(secret: str, content: bytes, time: str, given: str, *, sha256: bool = False) -> bool:
    """Whether the checksum is right; one of SHA-256's length is taken as such, whether it was announced or not."""
    longer = sha256 or len(given) == _SHA256_HEX_CHARS
    ours = checksum(secret, content, time, "sha256" if longer else "sha1")
    return hmac.compare_digest(ours.encode(), given.lower().encode("utf-8", "replace"))


def is_timely(time: str, now: datetime, tolerance_seconds: int) -> bool:
    """Whether `time` is a number of seconds since 1970, and near enough to now."""
    if not (time.isascii() and time.isdecimal() and len(time) <= _LONGEST_TIME_DIGITS):
        return False
    return abs(now.timestamp() - int(time)) <= tolerance_seconds
