"""How a call to WeChat or a vendor fails, named by what to do next.

`reason` is for logs and operators; `words` are for the agent at the desk. Neither holds a token or a secret.
"""

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Words:
    """What happened and what to do, for an agent."""

    zh: str
    en: str


class SendFailure(Exception):
    """Ancestor of every failure. `code` is WeChat's errcode as text, or a word for what has none (`no_answer`)."""

    def __init__(self, code: str, reason: str, words: Words | None = None) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
        self.words = words or Words(zh=f"对方拒绝：{reason}（{code}）。", en=f"Refused: {reason} ({code}).")


class Refused(SendFailure):
    """Not delivered, and never will be as it is: do not try again."""


class TooLong(Refused):
    """Not delivered: split or shorten it, and send that as something new."""


class MediaExpired(SendFailure):
    """WeChat no longer has the file: upload our copy again and try once more; for a download, it is gone."""


class WindowClosed(SendFailure):
    """Not delivered: the customer must write first, or wrote too long ago, or all messages of the window are used."""


class TokenStale(SendFailure):
    """The access token is not accepted: renew it once and try again."""


class Unavailable(SendFailure):
    """Not delivered, and nothing is wrong with it: try again, no sooner than `retry_after_seconds`."""

    def __init__(self, code: str, reason: str, words: Words | None = None, *, retry_after_seconds: float) -> None:
        super().__init__(code, reason, words)
        self.retry_after_seconds = retry_after_seconds


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


UNREACHABLE: Final = Words(
    zh="连不上微信，消息没有发出。系统会自动重试。",
    en="WeChat could not be reached; nothing was sent. It is tried again by itself.",
)
NO_ANSWER: Final = Words(
    zh="消息已交给微信，但没有收到答复，客户可能收到了，也可能没有。可以重发，或标记为已送达。",
    en="WeChat took the message but did not answer: the customer may or may not have it. Resend it or mark it as sent.",
)
BROKEN_ANSWER: Final = Words(
    zh="微信的答复无法识别。请管理员检查接口地址和网络代理。",
    en="WeChat's answer made no sense. An administrator should check the API address and any proxy.",
)
