"""Everything random in the sandbox comes from here, so that a test can decide it."""

import secrets
import string
from collections.abc import Callable
from typing import Final

_TEXT: Final = string.ascii_letters + string.digits + "-_"
_DIGITS: Final = string.digits


class Chance:
    def __init__(self, source: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._source = source

    def random_bytes(self, count: int) -> bytes:
        return self._source(count)

    def text(self, length: int) -> str:
        """Letters, digits, `-` and `_`, as in openids, media ids and tokens."""
        return "".join(_TEXT[byte % len(_TEXT)] for byte in self._source(length))

    def digits(self, length: int) -> str:
        """A decimal number of `length` digits that does not begin with 0."""
        first, *rest = self._source(length)
        return str(first % 9 + 1) + "".join(_DIGITS[byte % len(_DIGITS)] for byte in rest)

    def word32(self) -> int:
        return int.from_bytes(self._source(4), "big")
