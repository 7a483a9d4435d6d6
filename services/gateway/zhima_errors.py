"""How the proxy says no: as WeChat does, so that what Zhima makes of WeChat's errors holds for ours."""

from typing import Any, Final

from shared.conversation.model import Problem

WORDS: Final[dict[int, str]] = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40003: "invalid openid",
    40004: "invalid media type",
    40005: "invalid file type",
    40007: "invalid media_id",
    40008: "invalid message type",
    40009: "invalid image size",
    40066: "invalid url",
    40097: "invalid args",
    40164: "invalid ip, not in whitelist",
    41001: "access_token missing",
    41005: "media data missing",
    43001: "require GET method",
    43002: "require POST method",
    44004: "empty content",
    45002: "content size out of limit",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    47001: "data format error",
    65414: "invalid status: the customer is served by somebody else",
}

OF_PROBLEMS: Final[dict[str, int]] = {
    "window_closed": 45015,
    "quota_used": 45047,
    "not_yours": 65414,
    "not_found": 40003,
    "text_too_long": 45002,
    "image_invalid": 40007,
    "conflict": 40097,
    "invalid": 40097,
}


class Denied(Exception):
    """The call is refused with this errcode."""

    def __init__(self, errcode: int) -> None:
        super().__init__(str(errcode))
        self.errcode = errcode

    @property
    def body(self) -> dict[str, Any]:
        return {"errcode": self.errcode, "errmsg": WORDS[self.errcode]}


def denied_by(problem: Problem) -> Denied:
    return Denied(OF_PROBLEMS.get(problem.code, 40097))
