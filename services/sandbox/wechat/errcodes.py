"""WeChat's error codes as the sandbox answers them, with the words developers see.

Source: WeChat's global error code page and the error tables of the API pages (小程序客服, 接口调用凭证).
"""

from typing import Final

MEANINGS: Final[dict[int, str]] = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40004: "invalid media type",
    40005: "invalid file type",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40033: "invalid charset",
    40066: "invalid url",
    40097: "invalid args",
    40101: "missing parameter",
    40125: "invalid appsecret",
    40164: "invalid ip, not in whitelist",
    40200: "invalid account type",
    40258: "send the same content to the same user within seconds triggers second-level rate limiting",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41005: "media data missing",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    44001: "empty media data",
    44002: "empty post data",
    44004: "empty content",
    45001: "media size out of limit",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    45072: "invalid command",
    45080: "need sending message to user, or recving message from user in the last 30 seconds before typing",
    45081: "you are already typing",
    45086: "invalid attribute data-miniprogram-appid",
    45094: "not allow to send custom message when user enter session, for punishment",
    45162: "invalid type",
    47001: "data format error",
    48001: "api unauthorized",
    48006: "forbid to clear quota because of reaching the limit",
    48008: "no permission for this msgtype",
    65401: "invalid custom service account",
    65403: "invalid nickname",
    65404: "invalid account",
    65405: "account count reach max limit",
    65406: "account already exists",
    76001: "rid not found",
    76002: "rid is invalid",
    76021: "cgi_path not found, please check",
}


class Refused(Exception):
    """WeChat does not do what the call asks for; the answer carries `errcode`."""

    def __init__(self, errcode: int, words: str | None = None) -> None:
        self.errcode = errcode
        self.words = words or MEANINGS.get(errcode, "system error")
        super().__init__(f"{errcode} {self.words}")


class BodyRefused(Exception):
    """HTTP 412: the request's body came chunked or without a Content-Length."""
