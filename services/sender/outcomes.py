"""What a failed call means for the send and for its lane. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple, assert_never
from zoneinfo import ZoneInfo

from shared.conversation.quota import Outcome
from shared.conversation.vendor_facts import Stood
from shared.failures import Misconfigured, OutcomeUnknown, OverQuota, Refused, SendFailure, Unavailable
from shared.store.lanes import Gate
from shared.wechat.failures import MediaExpired, TokenStale, WindowClosed

WECHAT_ZONE: Final = ZoneInfo("Asia/Shanghai")
"""WeChat counts days, and with them quotas, by Beijing's midnight (查询 API 调用额度, openapi/quota/get)."""
BACKOFF_MOST: Final = timedelta(minutes=1)
MARGIN: Final = timedelta(seconds=1)
"""WeChat's clock decides when its minute or day is over."""

BUSY_CODE: Final = "-1"
BUSY_TRIES: Final = 10
"""WeChat says "busy" of some malformed cards too: after five minutes of it the message itself is refused."""
ONLY_ON_ENTERING: Final = frozenset({"45094"})
"""A punishment that forbids messages upon entering, and leaves replies to what customers write alone."""


class Ended(NamedTuple):
    """The send has its outcome; or nobody can know it (`unknown`)."""

    outcome: Outcome
    code: str | None = None
    reason: str | None = None
    window_closed: bool = False
    down: bool = False
    stood: Stood | None = None
    """As in VendorAnswered, with `down`: of calls to vendors only."""


class Unsent(Exception):
    """The send ends here, without a call."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended.code)
        self.ended = ended


class PutOff(NamedTuple):
    """Not delivered, and to be tried again no sooner than `due_at`, by the clock. `why` is a word for metrics."""

    due_at: datetime
    why: str


class NotNow(Exception):
    """The send cannot start within the second it may wait for in memory."""

    def __init__(self, due_at: datetime, why: str) -> None:
        super().__init__(why)
        self.put_off = PutOff(due_at, why)


class Shut(NamedTuple):
    """Nothing of the lane will go through for now. Whoever finds that out first ends as `first`, if it must end."""

    gate: Gate
    first: Ended | None


SENT: Final = Ended("sent")
EXPIRED: Final = Ended("expired", "expired", "超过了可发送的时间，消息没有发出。")
APP_REMOVED: Final = Ended("refused", "app_removed", "小程序已从系统中移除，消息没有发出。请联系管理员。")
APP_DISABLED: Final = Ended("refused", "app_disabled", "小程序已停用，消息没有发出。请联系管理员。")
PICTURE_MISSING: Final = Ended("refused", "picture_missing", "图片已不存在，消息没有发出。请重新选择图片。")
PICTURE_UNFIT: Final = Ended("refused", "picture_unfit", "微信只接受 2 MB 以内的 JPG、PNG、GIF 图片，消息没有发出。")
CARD_WITHOUT_PICTURE: Final = Ended("refused", "card_without_picture", "小程序卡片缺少封面图，消息没有发出。")
FAULT: Final = Ended("unknown", "fault", "程序出错，无法确定消息是否发出。请联系管理员。")
BROKEN: Final = Ended("refused", "fault", "程序出错，消息没有发出。请联系管理员。")
UNANSWERED: Final = Ended("unknown", "no_answer", "消息已交给微信，但没有收到答复，客户可能收到了，也可能没有。")
VENDOR_UNANSWERED: Final = Ended(
    "unknown", "no_answer", "已交给第三方客服，但没有收到答复，对方可能收到了，也可能没有。"
)


def judge(  # noqa: C901, PLR0911 - one line for each kind of failure
    failure: SendFailure, *, tries: int, now: datetime
) -> Ended | PutOff | Shut:
    """What follows from a failure that is not to be tried again at once. `tries` counts the calls so far."""
    match failure:
        case WindowClosed():
            return _refused(failure)._replace(window_closed=True)
        case OutcomeUnknown():
            return Ended("unknown", failure.code, failure.words.zh)
        case OverQuota():
            return Shut(Gate(until=over_at(failure, now), code=failure.code, reason=failure.reason), None)
        case Misconfigured() if failure.code in ONLY_ON_ENTERING:
            return _refused(failure)
        case Misconfigured():
            until = now + timedelta(seconds=failure.retry_after_seconds)
            return Shut(Gate(until=until, code=failure.code, reason=failure.reason), _refused(failure))
        case Unavailable() if failure.code == BUSY_CODE and tries >= BUSY_TRIES:
            return _refused(failure)
        case Unavailable():
            least = timedelta(seconds=failure.retry_after_seconds)
            return PutOff(now + max(least, backoff(tries)), "unavailable")
        case TokenStale():
            return PutOff(now + backoff(tries), "token")
        case MediaExpired() | Refused():
            return _refused(failure)
        case SendFailure():
            return _refused(failure)
        case _:
            assert_never(failure)


def backoff(tries: int) -> timedelta:
    """1 s after the first try, twice as long after each, at most a minute."""
    return min(BACKOFF_MOST, timedelta(seconds=2 ** min(max(tries, 1) - 1, 6)))


def over_at(failure: OverQuota, now: datetime) -> datetime:
    """When WeChat starts counting anew."""
    if failure.until == "minute":
        return now.replace(second=0, microsecond=0) + timedelta(minutes=1) + MARGIN
    return next_day(now)


def wechat_day(now: datetime) -> date:
    return now.astimezone(WECHAT_ZONE).date()


def next_day(now: datetime) -> datetime:
    """When WeChat's next day has begun."""
    tomorrow = wechat_day(now) + timedelta(days=1)
    return datetime.combine(tomorrow, time(), WECHAT_ZONE).astimezone(UTC) + MARGIN


def _refused(failure: SendFailure) -> Ended:
    return Ended("refused", failure.code, failure.words.zh)
