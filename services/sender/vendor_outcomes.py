"""What a failed call to a vendor means for the call. Pure."""

from datetime import datetime, timedelta
from typing import Final

from services.sender.outcomes import Ended, PutOff, backoff, over_at
from shared.failures import Misconfigured, OutcomeUnknown, OverQuota, SendFailure, Unavailable
from shared.store.vendor_accounts import Breaker

UNUSABLE: Final = Ended(
    "refused", "account_unusable", "第三方客服账号已停用、移除或无法使用，没有转给它。请联系管理员。", down=True
)


def broken(breaker: Breaker) -> Ended:
    """Nothing goes to the vendor now: said at once, so that somebody else takes the customer."""
    why = f"（{breaker.code}）" if breaker.code else ""
    reason = f"第三方客服暂时不可用{why}，没有转给它。"
    return Ended("refused", "breaker_open", reason, down=True)


def judge_call(failure: SendFailure, *, tries: int, now: datetime) -> Ended | PutOff:
    """`tries` counts the calls so far."""
    match failure:
        case OutcomeUnknown():
            return Ended("unknown", failure.code, failure.words.zh)
        case Unavailable():
            least = timedelta(seconds=failure.retry_after_seconds)
            return PutOff(now + max(least, backoff(tries)), "unavailable")
        case OverQuota():
            return PutOff(over_at(failure, now), "unavailable")
        case _:
            down = isinstance(failure, Misconfigured)
            return Ended("refused", failure.code, failure.words.zh, down=down)
