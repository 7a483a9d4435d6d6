"""Qiyu's codes: what each means to an agent and to the code that calls.

Sources: the error table of its message interface page (消息接口); of an older manual of its 14008, 14009 and 14501.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from shared.conversation.vendor_facts import NEVER_INTRODUCED
from shared.failures import Misconfigured, OutcomeUnknown, Refused, SendFailure, TooFast, Unavailable, Words

DONE: Final = 200
TIME_WRONG: Final = 14003
NOBODY_LEAVE_WORD: Final = 14005
IN_LINE: Final = 14006
NEVER_APPLIED: Final = 14007
NOBODY: Final = 14010

OF_THE_ACCOUNT: Final = frozenset({"14001", "14002", "14003", "14008"})
"""Whatever was called, nothing else will go through either."""

"""Code of a message that was refused since Qiyu does not know the customer (any more)."""

UNREACHABLE: Final = Words(
    zh="连不上网易七鱼，消息没有交给它。系统会自动重试。",
    en="Qiyu could not be reached; it does not have the message. It is tried again by itself.",
)
NO_ANSWER: Final = Words(
    zh="消息已交给网易七鱼，但没有收到答复，对方客服可能看到了，也可能没有。",
    en="Qiyu was given the message but did not answer: its people may or may not see it.",
)
PARTLY: Final = Words(
    zh="这条消息太长，分成了几条；网易七鱼只收到了前面的部分。",
    en="The message was too long for one; Qiyu took only its first part.",
)
BROKEN_ANSWER: Final = Words(
    zh="网易七鱼的答复无法识别。请管理员检查接口地址和网络代理。",
    en="Qiyu's answer made no sense. An administrator should check the API address and any proxy.",
)

_MESSAGE_MAX_CHARS: Final = 300
_MINUTE: Final = 60.0
_MINUTES: Final = 300.0

Becomes = Callable[[str, str, Words], SendFailure]


@dataclass(frozen=True, slots=True)
class Entry:
    becomes: Becomes
    zh: str
    en: str


def _unavailable(seconds: float, zh: str, en: str) -> Entry:
    return Entry(partial(Unavailable, retry_after_seconds=seconds), zh, en)


def _misconfigured(seconds: float, zh: str, en: str) -> Entry:
    return Entry(partial(Misconfigured, retry_after_seconds=seconds), zh, en)


def _untaken(code: str, reason: str, words: Words) -> Refused:
    """Nobody there has the customer: who wants a message taken has to ask for somebody first."""
    return Refused(NEVER_INTRODUCED, f"{code}: {reason}", words)


TABLE: Final[dict[int, Entry]] = {
    14001: _misconfigured(
        _MINUTES,
        "AppKey 不正确。请管理员核对七鱼后台的 AppKey。",
        "the AppKey is wrong. An administrator must check it in Qiyu's admin pages.",
    ),
    14002: _misconfigured(
        _MINUTES,
        "校验和不正确。请管理员核对 AppSecret，重置后要重新填写。",
        "the checksum is wrong. An administrator must check the AppSecret; a reset makes another one.",
    ),
    TIME_WRONG: _misconfigured(
        _MINUTE,
        "服务器时间不准。请管理员校准服务器时钟（NTP）。",
        "our clock is wrong. An administrator must set the servers' clocks right (NTP).",
    ),
    14004: Entry(
        Refused,
        "请求内容不完整或有误。请联系管理员。",
        "the request was incomplete or wrong. Tell an administrator.",
    ),
    # Of a message that finds nobody: its page says that word may be left then, not that this one was.
    NOBODY_LEAVE_WORD: Entry(
        OutcomeUnknown,
        "没有客服在线，转为留言；这条消息可能已留下，也可能没有。",
        "nobody is online there; the message may or may not have been left for them.",
    ),
    IN_LINE: Entry(
        _untaken,
        "客户还在排队，消息没有转给对方客服。",
        "the customer still stands in its line; its people do not have the message.",
    ),
    NEVER_APPLIED: Entry(
        _untaken,
        "七鱼那边没有这位客户的会话。",
        "it has no session of this customer.",
    ),
    14008: _misconfigured(
        _MINUTES,
        "服务器 IP 不在白名单。请管理员在七鱼后台添加。",
        "this server's IP address is not allowed. An administrator must add it in Qiyu's admin pages.",
    ),
    14009: Entry(
        partial(TooFast, retry_after_seconds=1),
        "调用太频繁。系统会自动重试。",
        "too many calls. It is tried again by itself.",
    ),
    NOBODY: Entry(
        _untaken,
        "没有客服在线，也不能留言。",
        "nobody is online there, and no message can be left.",
    ),
    14500: _unavailable(2, "七鱼内部错误。系统会自动重试。", "it has an inner fault. It is tried again by itself."),
    14501: Entry(Refused, "内容太大。请缩短或压缩后再发。", "it is too large. Shorten it or make it smaller."),
    14515: _misconfigured(
        _MINUTES,
        "七鱼的版本没有这项权限（需要专业版以上）。请联系管理员。",
        "this edition of Qiyu does not allow it (专业版 or above does). Tell an administrator.",
    ),
}


def failure_of(code: int, message: str) -> SendFailure:
    """The failure that a code other than 200 means. One that no page lists is refused, with Qiyu's own words."""
    reason = message[:_MESSAGE_MAX_CHARS]
    unlisted = Entry(Refused, f"{reason or '?'}。请联系管理员。", f"{reason or '?'}. Tell an administrator.")
    entry = TABLE.get(code, unlisted)
    words = Words(zh=f"网易七鱼没有接受（{code}）：{entry.zh}", en=f"Qiyu did not take it ({code}): {entry.en}")
    return entry.becomes(str(code), reason, words)
