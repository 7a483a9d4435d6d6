"""When a vendor that fails is left alone, and when it is trusted again. Pure.

A breaker counts the failures in a row of one app's calls to one account. Open, it lets nothing through until its time
is over and a probe has succeeded; probing, it is half open. One that was opened on purpose (a drill) stays open until
somebody closes it, or until the time it was opened for is over; then it is probed like any other.
"""

from datetime import datetime, timedelta
from typing import Final

from shared.conversation.bridges import BreakerLimits
from shared.failures import Misconfigured, OutcomeUnknown, OverQuota, SendFailure, TooFast, Unavailable
from shared.store.vendor_accounts import Breaker

HEALTHY: Final = (TooFast, OverQuota)
"""Failures that say nothing against the vendor, nor for it."""
TROUBLE: Final = (Unavailable, OutcomeUnknown, Misconfigured)


def after_call(breaker: Breaker, failure: SendFailure | None, limits: BreakerLimits, now: datetime) -> Breaker:
    """What a call (None: it succeeded) makes of it. The same object where nothing changes.

    Calls that were under way when it opened change nothing any more: only a probe closes it.
    """
    if breaker.down or isinstance(failure, HEALTHY):
        return breaker
    if failure is None or not isinstance(failure, TROUBLE):
        return breaker.but(failures=0, failing_since=None) if breaker.failures else breaker
    counted = _counted(breaker, limits, now)
    if isinstance(failure, Misconfigured) or counted.failures >= limits.failures:
        return _opened(counted, failure, limits, now).but(since=now)
    return counted


def probe_due(breaker: Breaker, now: datetime) -> bool:
    """Whether its time is over; a half-open one is due again when whoever probed it has had time enough."""
    return breaker.down and breaker.probe_at is not None and breaker.probe_at <= now


def probing(breaker: Breaker, now: datetime, patience_seconds: float) -> Breaker:
    """Half open: somebody asks the vendor now; should they die meanwhile, somebody else asks after their patience."""
    return breaker.but(state="half_open", probe_at=now + timedelta(seconds=patience_seconds), drill=False)


def after_probe(breaker: Breaker, failure: SendFailure | None, limits: BreakerLimits, now: datetime) -> Breaker:
    """Closed, or open as long again."""
    if failure is not None:
        return _opened(breaker, failure, limits, now)
    return breaker.but(
        state="closed", since=now, failures=0, failing_since=None, probe_at=None, code=None, reason=None, drill=False
    )


def _counted(breaker: Breaker, limits: BreakerLimits, now: datetime) -> Breaker:
    """One failure more; a row that has taken too long begins anew with it."""
    since = breaker.failing_since
    if since is None or now - since > timedelta(seconds=limits.within_seconds):
        return breaker.but(failures=1, failing_since=now)
    return breaker.but(failures=breaker.failures + 1)


def _opened(breaker: Breaker, failure: SendFailure, limits: BreakerLimits, now: datetime) -> Breaker:
    probe_at = now + timedelta(seconds=limits.open_seconds)
    return breaker.but(state="open", probe_at=probe_at, code=failure.code, reason=failure.reason)
