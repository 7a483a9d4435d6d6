"""The breakers of all apps and vendor accounts, as every replica shares them, and as this one knows them now."""

import asyncio
from collections import defaultdict
from contextlib import suppress
from datetime import timedelta
from typing import Final

import structlog

from services.sender.breaker_rules import after_call, after_probe, probe_due, probing
from shared.bus.publisher import Publisher
from shared.clock import Clock
from shared.contracts.hints import SettingsChanged
from shared.conversation.bridges import BreakerLimits
from shared.failures import SendFailure
from shared.observe import metrics
from shared.outage import Outage
from shared.store.vendor_accounts import Breaker, BreakerStore, VendorCache

log = structlog.get_logger()

PROBE_SECONDS: Final = 30.0
"""Longer than a probe can take; what a process that died has left half open is probed again after this."""
ANNOUNCE_SECONDS: Final = 1.0


class Breakers:
    """What is found out here holds here at once; what others found out, as soon as the cache has read it."""

    def __init__(self, store: BreakerStore, cache: VendorCache, publisher: Publisher, clock: Clock) -> None:
        self._store = store
        self._cache = cache
        self._publisher = publisher
        self._clock = clock
        self._ours: dict[tuple[str, str], Breaker] = {}
        self._locks: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    def of(self, app_id: str, account: str) -> Breaker:
        ours, theirs = self._ours.get((app_id, account)), self._cache.breaker(app_id, account)
        if ours is not None and (theirs is None or ours.version >= theirs.version):
            return ours
        return theirs or Breaker(app_id=app_id, account=account, since=self._clock.now())

    def due(self, grace_seconds: float = 0.0) -> list[Breaker]:
        """Those to be probed since so long. Tells the metrics of all, too."""
        self._forget_removed()
        names = {*self._ours, *((breaker.app_id, breaker.account) for breaker in self._cache.breakers())}
        breakers = [self.of(*name) for name in names if self._cache.get(name[1]) is not None]
        for breaker in breakers:
            metrics.sender_vendor_breaker_open.labels(breaker.account, breaker.app_id).set(breaker.down)
        now = self._clock.now() - timedelta(seconds=grace_seconds)
        return [breaker for breaker in breakers if probe_due(breaker, now)]

    async def note(self, app_id: str, account: str, failure: SendFailure | None, limits: BreakerLimits) -> None:
        """How a call ended; None: it succeeded. While MongoDB is away it counts here only."""
        name = (app_id, account)
        async with self._locks[name]:
            before = self.of(*name)
            while (after := after_call(before, failure, limits, self._clock.now())) is not before:
                saved = await self._saved(after)
                if saved is not None:
                    await self._took(before, saved)
                    return
                before = await self._read(*name)

    async def half_open(self, breaker: Breaker) -> Breaker | None:
        """The right to probe, for one process alone; None where somebody else has it, or it is not due any more."""
        async with self._locks[(breaker.app_id, breaker.account)]:
            found = await self._read(breaker.app_id, breaker.account)
            now = self._clock.now()
            if not probe_due(found, now):
                return None
            half = await self._store.save(probing(found, now, PROBE_SECONDS))
            if half is not None:
                await self._took(found, half)
            return half

    async def probed(self, half: Breaker, failure: SendFailure | None, limits: BreakerLimits) -> None:
        """What the probe found; nothing follows from it where somebody has changed the breaker meanwhile."""
        async with self._locks[(half.app_id, half.account)]:
            saved = await self._store.save(after_probe(half, failure, limits, self._clock.now()))
            if saved is not None:
                await self._took(half, saved)

    def _forget_removed(self) -> None:
        """Accounts that are no more are neither probed nor measured."""
        for app_id, account in [name for name in self._ours if self._cache.get(name[1]) is None]:
            del self._ours[app_id, account]
            with suppress(KeyError):
                metrics.sender_vendor_breaker_open.remove(account, app_id)

    async def _saved(self, breaker: Breaker) -> Breaker | None:
        try:
            return await self._store.save(breaker)
        except Outage:
            return breaker

    async def _read(self, app_id: str, account: str) -> Breaker:
        found = await self._store.get(app_id, account)
        found = found or Breaker(app_id=app_id, account=account, since=self._clock.now())
        self._ours[app_id, account] = found
        return found

    async def _took(self, before: Breaker, after: Breaker) -> None:
        """It holds here from now on; where it opened or closed, everybody reads it again."""
        self._ours[after.app_id, after.account] = after
        if after.state != before.state:
            _tell(before, after)
        if after.down != before.down:
            with suppress(TimeoutError):
                async with asyncio.timeout(ANNOUNCE_SECONDS):
                    await self._publisher.hint(SettingsChanged(what="vendors"))


def _tell(before: Breaker, after: Breaker) -> None:
    metrics.sender_vendor_breaker_open.labels(after.account, after.app_id).set(after.down)
    names = {"app_id": after.app_id, "account": after.account}
    why = {"code": after.code, "reason": after.reason}
    match before.state, after.state:
        case "closed", "open":
            log.error("breaker_opened", count=after.failures, **names, **why)
        case _, "open":
            log.warning("breaker_probed", **names, **why)
        case _, "closed":
            log.info("breaker_closed", **names)
        case _:
            log.info("breaker_half_opened", **names)
