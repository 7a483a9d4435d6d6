"""WeChat's error codes: what each means to an agent and to the code that sends.

Sources: WeChat's page 全局返回码 (global return codes) and the error lists of the customer-service message, typing,
temporary media, stable_token and customer-service account pages.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from shared.failures import Misconfigured, OverQuota, Refused, SendFailure, TooLong, Unavailable, Words
from shared.wechat.failures import MediaExpired, TokenStale, WindowClosed

Call = Literal["send", "typing", "upload", "get_media", "token", "read"]
"""What was asked of WeChat; the same code may mean another thing elsewhere."""

TYPING_MOOT: Final = frozenset({"45080", "45081"})
"""Typing is already shown, or would not be: nothing went wrong."""

WRONG_TYPING_PATH: Final = frozenset({"40101", "http_404"})
"""WeChat's pages disagree on the path of typing; so answers the one that is not this app's."""

_RID: Final = re.compile(r"\s*(rid: [0-9a-f-]+|hint: \[[^\]]*\])", re.IGNORECASE)
_ERRMSG_MAX: Final = 300


Becomes = Callable[[str, str, Words], SendFailure]


@dataclass(frozen=True, slots=True)
class Entry:
    code: int
    becomes: Becomes
    words: Words


def _unavailable(retry_after_seconds: float) -> Becomes:
    return partial(Unavailable, retry_after_seconds=retry_after_seconds)


def _misconfigured(look_again_seconds: float) -> Becomes:
    return partial(Misconfigured, retry_after_seconds=look_again_seconds)


def _entry(code: int, becomes: Becomes, zh: tuple[str, str], en: tuple[str, str]) -> Entry:
    words = Words(zh=f"微信拒绝：{zh[0]}（{code}）。{zh[1]}", en=f"WeChat refused: {en[0]} ({code}). {en[1]}")
    return Entry(code, becomes, words)


def _alike(codes: Iterable[int], becomes: Becomes, zh: tuple[str, str], en: tuple[str, str]) -> list[Entry]:
    return [_entry(code, becomes, zh, en) for code in codes]


_MINUTES: Final = 300.0
_HOUR: Final = 3600.0
_DAY: Final = 86400.0

_BY_ITSELF: Final = ("系统会自动重试。", "It is tried again by itself.")
_ADMIN: Final = ("请联系管理员。", "Tell an administrator.")
_REPORT: Final = ("这是程序错误，请联系管理员。", "This is a fault of the program; tell an administrator.")

_ENTRIES: Final[list[Entry]] = [
    _entry(-1, _unavailable(1), ("微信系统繁忙", _BY_ITSELF[0]), ("its system is busy", _BY_ITSELF[1])),
    *_alike(
        (40001, 40014, 42001),
        TokenStale,
        ("接口凭证已失效", "系统会换新凭证后重试。"),
        ("the access token is no longer valid", "It is renewed and tried again by itself."),
    ),
    _entry(41001, _misconfigured(_MINUTES), ("缺少接口凭证", _REPORT[0]), ("the access token was missing", _REPORT[1])),
    _entry(
        40003,
        Refused,
        ("这位客户不属于本小程序", "无法发送，请核对小程序配置。"),
        ("the customer does not belong to this mini program", "It cannot be sent; check the app's settings."),
    ),
    *_alike(
        (40004, 40005),
        Refused,
        ("不支持这种文件", "请改发 JPG、PNG 或 GIF 图片。"),
        ("this kind of file is not supported", "Send a JPG, PNG or GIF image instead."),
    ),
    *_alike(
        (40006, 40009, 45001),
        Refused,
        ("图片太大", "请压缩到 2 MB 以内再发。"),
        ("the image is too large", "Make it smaller than 2 MB and send it again."),
    ),
    _entry(
        40007,
        MediaExpired,
        ("图片在微信侧已过期", "系统会重新上传；仍失败请重新选择图片。"),
        ("WeChat no longer has the image", "It is uploaded again by itself; if that fails, attach it anew."),
    ),
    *_alike(
        (40008, 45162, 48008),
        Refused,
        ("小程序客服不能发送这种消息", "请改用文字、图片、链接或小程序卡片。"),
        ("this kind of message may not be sent", "Use text, an image, a link or a mini program card."),
    ),
    *_alike(
        (40013, 40002),
        _misconfigured(_MINUTES),
        ("AppID 不正确", "请管理员核对小程序的 AppID。"),
        ("the AppID is wrong", "An administrator must check the app's AppID."),
    ),
    _entry(
        40125,
        _misconfigured(_MINUTES),
        ("AppSecret 不正确", "请管理员在微信后台核对 AppSecret。"),
        ("the AppSecret is wrong", "An administrator must check it in WeChat's admin pages."),
    ),
    _entry(
        40243,
        _misconfigured(_MINUTES),
        ("AppSecret 已被冻结", "请管理员在微信后台解冻。"),
        ("the AppSecret is frozen", "An administrator must unfreeze it in WeChat's admin pages."),
    ),
    *_alike((40033, 47002), Refused, ("文字编码不合要求", _REPORT[0]), ("the text's encoding is wrong", _REPORT[1])),
    *_alike(
        (40097, 40101, 47001, 41002, 41004, 41005, 43002, 44001, 44002, 45072),
        Refused,
        ("请求内容不完整或有误", _REPORT[0]),
        ("the request was incomplete or wrong", _REPORT[1]),
    ),
    _entry(40037, Refused, ("模板编号不正确", _REPORT[0]), ("the template id is wrong", _REPORT[1])),
    *_alike(
        (40164, 61004, 45035),
        _misconfigured(_MINUTES),
        ("服务器 IP 不在白名单", "请管理员在微信后台把服务器 IP 加入白名单。"),
        ("this server's IP address is not allowed", "An administrator must add it to WeChat's IP whitelist."),
    ),
    _entry(
        40200, Refused, ("本小程序的账号类型不支持此功能", _ADMIN[0]), ("this account type may not do that", _ADMIN[1])
    ),
    _entry(
        40258,
        _unavailable(10),
        ("几秒内向同一客户重复发送了相同内容", "请先确认客户是否已收到。"),
        ("the same content went to this customer seconds ago", "Check whether the customer already has it."),
    ),
    _entry(
        44004, Refused, ("内容为空", "请填写内容再发。"), ("the message is empty", "Write something and send again.")
    ),
    _entry(
        43004, Refused, ("客户没有关注", "无法向这位客户发送。"), ("the customer does not follow", "It cannot be sent.")
    ),
    *_alike(
        (43019, 48002),
        Refused,
        ("客户拒收消息或在黑名单中", "无法向这位客户发送。"),
        ("the customer blocks messages or is blacklisted", "It cannot be sent."),
    ),
    _entry(
        45002,
        TooLong,
        ("内容太长", "请缩短到 2048 字节（约 680 个汉字）以内，或分条发送。"),
        ("the text is too long", "Keep it within 2048 bytes, or send it in parts."),
    ),
    *_alike(
        (45003, 45004, 45005, 45006),
        TooLong,
        ("标题、描述或链接太长", "请缩短后再发。"),
        ("a title, description or address is too long", "Shorten it and send again."),
    ),
    _entry(
        45009,
        partial(OverQuota, until="day"),
        ("今天的接口调用次数已用完", "明天恢复，急用请管理员重置次数。"),
        ("today's calls are used up", "They return tomorrow; an administrator can reset them if it is urgent."),
    ),
    *_alike(
        (45011, 44991),
        partial(OverQuota, until="minute"),
        ("这一分钟的调用太多", "系统会在下一分钟重试。"),
        ("too many calls this minute", "It is tried again in the next minute."),
    ),
    _entry(
        45015,
        WindowClosed,
        ("可回复的时间已过", "等客户再发来消息，就可以回复。"),
        ("the time to reply is over", "Reply after the customer has written again."),
    ),
    _entry(
        45037,
        WindowClosed,
        ("客户还没有来咨询过，或时间已过", "等客户发来消息，就可以回复。"),
        ("the customer has not written, or too long ago", "Reply after the customer has written."),
    ),
    _entry(
        45047,
        WindowClosed,
        ("可回复的条数已用完", "等客户再发来消息，条数会恢复。"),
        ("all messages of this window are used", "There are more once the customer has written again."),
    ),
    _entry(
        45093,
        WindowClosed,
        ("没有可用的发送额度", "等客户再发来消息；如仍失败请联系管理员。"),
        ("no message is left to send", "Wait for the customer to write; if it fails again, tell an administrator."),
    ),
    _entry(45038, Refused, ("客户已关注，不能走临时会话", _ADMIN[0]), ("not for a follower", _ADMIN[1])),
    *_alike(
        (45080, 45081),
        Refused,
        ("现在不能显示正在输入", "不影响发送消息。"),
        ("typing cannot be shown now", "Messages can still be sent."),
    ),
    _entry(
        45082,
        Refused,
        ("链接的域名没有备案", "请换用已备案的链接。"),
        ("the link's domain has no ICP licence", "Use another link."),
    ),
    _entry(
        45086,
        Refused,
        ("文字中的小程序链接写错了", "请检查链接中的 AppID，只能是本小程序。"),
        ("a mini program link in the text is wrong", "Its AppID must be this mini program's."),
    ),
    _entry(
        45087,
        _misconfigured(_HOUR),
        ("本小程序的客服消息已被微信封禁", "请管理员到微信后台处理。"),
        ("WeChat has blocked this app's messages", "An administrator must settle it in WeChat's admin pages."),
    ),
    _entry(
        45094,
        _misconfigured(_HOUR),
        ("本小程序被处罚，客户进入会话时不能主动发消息", "请等客户先发消息，并请管理员关闭欢迎语。"),
        (
            "as a punishment, no message on entering",
            "Let the customer write first; an administrator must end the welcome.",
        ),
    ),
    *_alike(
        (45098, 45099),
        Refused,
        ("菜单的选项太多或太长", "请精简后再发。"),
        ("the menu has too many or too long items", "Shorten it and send again."),
    ),
    *_alike(
        (45102, 45501),
        _misconfigured(600),
        ("微信暂时禁止调用", "请联系管理员，系统会稍后再试。"),
        ("calls are blocked for a while", "Tell an administrator; it is tried again later."),
    ),
    *_alike(
        (48001, 61003, 61007),
        _misconfigured(_MINUTES),
        ("小程序没有授予客服消息权限", "请管理员在微信后台开通或重新授权。"),
        ("the app lacks permission for this", "An administrator must grant it in WeChat's admin pages."),
    ),
    *_alike(
        (48004, 50004),
        _misconfigured(_HOUR),
        ("接口因违规被禁用", "请管理员到微信后台查看原因。"),
        ("the API is forbidden to this app", "An administrator must look for the reason in WeChat's admin pages."),
    ),
    _entry(
        48006, _misconfigured(_MINUTES), ("本月的重置次数已用完", _ADMIN[0]), ("no reset is left this month", _ADMIN[1])
    ),
    _entry(
        50002, Refused, ("客户的账号受限", "无法向这位客户发送。"), ("the customer is restricted", "It cannot be sent.")
    ),
    _entry(50007, _misconfigured(_HOUR), ("小程序账号已被冻结", _ADMIN[0]), ("the app's account is frozen", _ADMIN[1])),
    _entry(
        61023,
        _misconfigured(_MINUTES),
        ("授权已失效", "请管理员重新授权。"),
        ("the authorization is void", "Grant it again."),
    ),
    *_alike(
        (*range(61451, 61458), *range(65400, 65418)),
        Refused,
        ("微信客服账号或会话不可用", "请管理员在微信后台检查客服账号。"),
        ("the official console's agent or session cannot be used", "An administrator should check it there."),
    ),
    _entry(
        70000,
        Refused,
        ("为保护未成年人，这条消息不能发送", "请换一种内容。"),
        ("to protect minors this message is not delivered", "Send something else."),
    ),
    _entry(
        87014, Refused, ("内容可能违规", "请修改后再发。"), ("the content looks forbidden", "Change it and send again.")
    ),
    _entry(
        89503,
        _misconfigured(_MINUTES),
        ("这个 IP 需要小程序管理员确认", "请管理员在微信上点确认。"),
        ("this IP address awaits the owner's consent", "The app's owner must confirm it in WeChat."),
    ),
    _entry(
        89506,
        _misconfigured(_DAY),
        ("小程序管理员拒绝了这个 IP，24 小时内不能再试", _ADMIN[0]),
        ("the owner refused this IP address for 24 hours", _ADMIN[1]),
    ),
    _entry(
        89507,
        _misconfigured(_HOUR),
        ("小程序管理员拒绝了这个 IP，1 小时内不能再试", _ADMIN[0]),
        ("the owner refused this IP address for an hour", _ADMIN[1]),
    ),
]

TABLE: Final[dict[int, Entry]] = {entry.code: entry for entry in _ENTRIES}

_SECRET_REFUSED: Final = _entry(
    40001,
    _misconfigured(_MINUTES),
    ("AppID 和 AppSecret 不匹配", "请管理员在微信后台核对 AppSecret。"),
    ("AppID and AppSecret do not belong together", "An administrator must check them in WeChat's admin pages."),
)


def failure_of(errcode: int, errmsg: str, *, call: Call) -> SendFailure:
    """The failure that an errcode other than 0 means. A code that no page lists is refused, with WeChat's words."""
    reason = errmsg[:_ERRMSG_MAX]
    entry = _SECRET_REFUSED if (errcode, call) == (40001, "token") else TABLE.get(errcode)
    if entry is None:
        entry = _unlisted(errcode, reason, call)
    return entry.becomes(str(errcode), reason, entry.words)


def _unlisted(errcode: int, reason: str, call: Call) -> Entry:
    what = _RID.sub("", reason).strip() or "?"
    becomes = _misconfigured(_MINUTES) if call == "token" else Refused
    return _entry(errcode, becomes, (what, _ADMIN[0]), (what, _ADMIN[1]))
