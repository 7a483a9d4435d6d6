"""How a call to WeChat or a vendor fails, named by what to do next.

`reason` is for logs and operators; `words` are for the agent at the desk. Neither holds a token or a secret.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Words:
    """What happened and what to do, for an agent."""

    zh: str
    en: str


class SendFailure(Exception):
    """Ancestor of every failure. `code` is the errcode as text, or a word for what has none (`no_answer`)."""

    def __init__(self, code: str, reason: str, words: Words | None = None) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
        self.words = words or Words(zh=f"对方拒绝：{reason}（{code}）。", en=f"Refused: {reason} ({code}).")


class Refused(SendFailure):
    """Not delivered, and never will be as it is: do not try again."""


class TooLong(Refused):
    """Not delivered: split or shorten it, and send that as something new."""


class Unavailable(SendFailure):
    """Not delivered, and nothing is wrong with it: try again, no sooner than `retry_after_seconds`."""

    def __init__(self, code: str, reason: str, words: Words | None = None, *, retry_after_seconds: float) -> None:
        super().__init__(code, reason, words)
        self.retry_after_seconds = retry_after_seconds


class TooFast(Unavailable):
    """As Unavailable, and the other side is well: it was only asked too often at a time."""


class OverQuota(SendFailure):
    """The app has made all the calls it may this day or this minute (WeChat's day is Beijing's)."""

    def __init__(self, code: str, reason: str, words: Words | None = None, *, until: Literal["day", "minute"]) -> None:
        super().__init__(code, reason, words)
        self.until = until


class Misconfigured(SendFailure):
    """Nothing of this app will go through until an operator acts; look again after `retry_after_seconds`."""

    def __init__(self, code: str, reason: str, words: Words | None = None, *, retry_after_seconds: float) -> None:
        super().__init__(code, reason, words)
        self.retry_after_seconds = retry_after_seconds


class OutcomeUnknown(SendFailure):
    """The request was written and no valid answer read: it may have been delivered. Never repeat it unasked."""
