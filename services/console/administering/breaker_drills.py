"""Opening a vendor's breaker on purpose, to see whether the net below holds; and closing it. Audited."""

from datetime import datetime, timedelta
from typing import Any, Final

from shared.clock import real_now
from shared.outage import Outage
from shared.store.audit import AuditLog, Author
from shared.store.driver import Database
from shared.store.vendor_accounts import Breaker, BreakerStore

ON_PURPOSE: Final = "drill"
"""The code of a breaker that was opened on purpose."""
_TRIES: Final = 5


class Busy(Outage):
    """The breaker keeps changing: calls are failing or succeeding at this moment."""


class Drills:
    def __init__(self, database: Database, by: Author) -> None:
        self._breakers = BreakerStore(database)
        self._audit = AuditLog(database)
        self._by = by

    async def open(self, app_id: str, account: str, now: datetime, seconds: float) -> Breaker:
        """For so long, then it is probed like any other that is open. Raises Busy, StoreUnavailable."""
        fields: dict[str, Any] = {
            "state": "open",
            "since": now,
            "probe_at": now + timedelta(seconds=seconds),
            "code": ON_PURPOSE,
            "reason": f"opened on purpose by {self._by.name}",
            "drill": True,
        }
        return await self._save("vendor_account.breaker_opened", app_id, account, fields)

    async def close(self, app_id: str, account: str, now: datetime) -> Breaker:
        """However it was opened. Raises Busy, StoreUnavailable."""
        fields: dict[str, Any] = {
            "state": "closed",
            "since": now,
            "failures": 0,
            "failing_since": None,
            "probe_at": None,
            "code": None,
            "reason": None,
            "drill": False,
        }
        return await self._save("vendor_account.breaker_closed", app_id, account, fields)

    async def _save(self, action: str, app_id: str, account: str, fields: dict[str, Any]) -> Breaker:
        for _ in range(_TRIES):
            saved = await self._audit.together(lambda: self._saved(action, app_id, account, fields))
            if saved is not None:
                return saved
        raise Busy("the breaker keeps changing")

    async def _saved(self, action: str, app_id: str, account: str, fields: dict[str, Any]) -> Breaker | None:
        """None where somebody else was quicker."""
        found = await self._breakers.get(app_id, account)
        before = found or Breaker(app_id=app_id, account=account, since=fields["since"])
        saved = await self._breakers.save(before.but(**fields))
        if saved is not None:
            told = {"app_id": (None, app_id), "state": (before.state, saved.state), "until": (None, saved.probe_at)}
            await self._audit.note(self._by, action, account, told, real_now())
        return saved
