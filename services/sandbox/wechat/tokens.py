"""Access tokens: issued, replaced, expired, killed. Pure but for the dictionary it keeps.

Source: WeChat's pages 获取接口调用凭据 (token: each call replaces the last one, which stays valid for 5 minutes) and
获取稳定版接口调用凭据 (stable_token: the same one until 5 minutes before it expires; a forced refresh kills it at once,
at most 20 a day and 30 s apart). The two kinds live side by side.
"""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, Literal

from services.sandbox.wechat.errcodes import Refused
from services.sandbox.wechat.quotas import wechat_day

LIFETIME: Final = timedelta(seconds=7200)
GRACE: Final = timedelta(minutes=5)
FORCED_APART: Final = timedelta(seconds=30)
FORCED_A_DAY: Final = 20
_KEPT_DEAD: Final = timedelta(days=1)
_WELL_FORMED: Final = re.compile(r"[A-Za-z0-9_-]{1,512}")

TokenKind = Literal["plain", "stable"]


@dataclass(slots=True)
class Token:
    """`dies_at`: replaced or invalidated from then on; it is then unknown (40001) rather than expired (42001)."""

    value: str
    appid: str
    kind: TokenKind
    issued_at: datetime
    expires_at: datetime
    dies_at: datetime | None = None

    def is_alive(self, now: datetime) -> bool:
        return now < self.expires_at and not self.is_dead(now)

    def is_dead(self, now: datetime) -> bool:
        return self.dies_at is not None and now >= self.dies_at

    def expires_in(self, now: datetime) -> int:
        return int((self.expires_at - now).total_seconds())


@dataclass(slots=True)
class _Forced:
    """Forced refreshes of one app."""

    last_at: datetime | None = None
    day: date | None = None
    count: int = 0


@dataclass(slots=True)
class Tokens:
    by_value: dict[str, Token] = field(default_factory=dict)
    _newest: dict[tuple[str, TokenKind], Token] = field(default_factory=dict)
    _forced: dict[str, _Forced] = field(default_factory=dict)

    def check(self, value: str, now: datetime) -> str:
        """The appid that `value` speaks for; raises Refused with 41001, 40014, 40001 or 42001."""
        if not value:
            raise Refused(41001)
        if _WELL_FORMED.fullmatch(value) is None:
            raise Refused(40014)
        token = self.by_value.get(value)
        if token is None or token.is_dead(now):
            raise Refused(40001)
        if now >= token.expires_at:
            raise Refused(42001)
        return token.appid

    def plain(self, appid: str, value: str, now: datetime) -> Token:
        """A new token; the one before stays valid for 5 minutes."""
        before = self._newest.get((appid, "plain"))
        if before is not None:
            before.dies_at = _earlier(before.dies_at, now + GRACE)
        return self._issue(appid, "plain", value, now)

    def stable(self, appid: str, value: str, now: datetime) -> Token:
        """The present token, or a new one with `value` if it is dead or in its last 5 minutes."""
        token = self._newest.get((appid, "stable"))
        if token is not None and not token.is_dead(now) and now < token.expires_at - GRACE:
            return token
        return self._issue(appid, "stable", value, now)

    def forced(self, appid: str, value: str, now: datetime) -> Token:
        """A new stable token in place of the present one, which dies; raises Refused (45009) if asked too often."""
        self._count_forced(appid, now)
        before = self._newest.get((appid, "stable"))
        if before is not None:
            before.dies_at = _earlier(before.dies_at, now)
        return self._issue(appid, "stable", value, now)

    def invalidate(self, appid: str, now: datetime) -> int:
        """Kill every living token of the app; returns how many."""
        living = [token for token in self.by_value.values() if token.appid == appid and token.is_alive(now)]
        for token in living:
            token.dies_at = now
        return len(living)

    def of(self, appid: str) -> list[Token]:
        return [token for token in self.by_value.values() if token.appid == appid]

    def _issue(self, appid: str, kind: TokenKind, value: str, now: datetime) -> Token:
        for dead in [token.value for token in self.by_value.values() if token.expires_at + _KEPT_DEAD < now]:
            del self.by_value[dead]
        token = Token(value, appid, kind, now, now + LIFETIME)
        self.by_value[value] = token
        self._newest[(appid, kind)] = token
        return token

    def _count_forced(self, appid: str, now: datetime) -> None:
        forced = self._forced.setdefault(appid, _Forced())
        if forced.last_at is not None and now - forced.last_at < FORCED_APART:
            raise Refused(45009)
        if forced.day != wechat_day(now):
            forced.day, forced.count = wechat_day(now), 0
        if forced.count >= FORCED_A_DAY:
            raise Refused(45009)
        forced.last_at = now
        forced.count += 1


def _earlier(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else min(one, other)
