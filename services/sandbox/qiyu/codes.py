"""Qiyu's codes. Source: the error table of its message interface page; 14008, 14009, 14501: of its older manual."""

from typing import Any, Final

DONE: Final = 200
APP_KEY_WRONG: Final = 14001
CHECKSUM_WRONG: Final = 14002
TIME_WRONG: Final = 14003
MALFORMED: Final = 14004
NOBODY_LEAVE_WORD: Final = 14005
IN_LINE: Final = 14006
NEVER_APPLIED: Final = 14007
IP_NOT_ALLOWED: Final = 14008
TOO_FAST: Final = 14009
NOBODY: Final = 14010
BROKEN: Final = 14500
TOO_LARGE: Final = 14501

_WORDS: Final = {
    APP_KEY_WRONG: "appKey错误",
    CHECKSUM_WRONG: "checksum错误",
    TIME_WRONG: "time错误",
    MALFORMED: "请求内容错误",
    NOBODY_LEAVE_WORD: "客服不在线",
    IN_LINE: "需要排队",
    NEVER_APPLIED: "用户没有申请过客服",
    IP_NOT_ALLOWED: "IP不在白名单内",
    TOO_FAST: "请求过于频繁",
    NOBODY: "没有客服在线，且没有开启留言",
    BROKEN: "服务器内部错误",
    TOO_LARGE: "数据太大",
}


class Refused(Exception):
    """The call is answered with this code. `fields` stand beside it in the answer."""

    def __init__(self, code: int, message: str | None = None, **fields: Any) -> None:
        super().__init__(code)
        self.code = code
        self.answer = {"code": code, "message": message or _WORDS.get(code, "错误"), **fields}


def malformed(what: str) -> Refused:
    """14004, with what is wrong: the real one says less, people who try things are glad of it."""
    return Refused(MALFORMED, f"{_WORDS[MALFORMED]}: {what}")
