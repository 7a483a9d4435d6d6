"""Failures that only WeChat knows, and what agents are told of those that are the network's."""

from typing import Final

from shared.failures import SendFailure, Words


class MediaExpired(SendFailure):
    """WeChat no longer has the file: upload our copy again and try once more; for a download, it is gone."""


class WindowClosed(SendFailure):
    """Not delivered: the customer must write first, or wrote too long ago, or all messages of the window are used."""


class TokenStale(SendFailure):
    """The access token is not accepted: renew it once and try again."""


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
