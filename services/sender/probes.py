"""Finding out whether a vendor whose breaker is open is well again, without any customer noticing."""

import asyncio
from typing import Final

import structlog

from services.sender.breakers import PROBE_SECONDS, Breakers
from services.sender.condemned import described
from services.sender.vendor_ports import VendorPorts
from shared.conversation.bridges import BreakerLimits
from shared.failures import SendFailure, Unavailable
from shared.outage import Outage
from shared.store.apps import AppCache
from shared.store.vendor_accounts import Breaker, VendorCache

log = structlog.get_logger()

LOOK_SECONDS: Final = 0.5
GRACE_SECONDS: Final = 3.0
"""So long, by the clock, it is left to the replica that makes the account's calls, which alone knows their pace."""
AT_MOST_SECONDS: Final = PROBE_SECONDS / 2


class Probes:
    """Any number of replicas may run this: each probe is made by one of them."""

    def __init__(self, breakers: Breakers, ports: VendorPorts, vendors: VendorCache, apps: AppCache) -> None:
        self._breakers = breakers
        self._ports = ports
        self._vendors = vendors
        self._apps = apps
        self._under_way: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled. An outage is sat out."""
        try:
            while True:
                self._begin_due()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            tasks = list(self._under_way.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _begin_due(self) -> None:
        late = {(breaker.app_id, breaker.account) for breaker in self._breakers.due(GRACE_SECONDS)}
        for breaker in self._breakers.due():
            name = (breaker.app_id, breaker.account)
            ours = self._ports.serves(breaker.account) or name in late
            served = self._apps.get(breaker.app_id) is not None and self._ports.of(breaker.account) is not None
            if ours and served and name not in self._under_way:
                self._under_way[name] = asyncio.create_task(self._see_to(breaker))

    async def _see_to(self, due: Breaker) -> None:
        try:
            await self._probe(due)
        except Outage as outage:
            log.warning("probe_held", app_id=due.app_id, account=due.account, reason=str(outage))
        finally:
            del self._under_way[due.app_id, due.account]

    async def _probe(self, due: Breaker) -> None:
        used = self._ports.of(due.account)
        half = await self._breakers.half_open(due) if used is not None else None
        if used is None or half is None:
            return
        failure: SendFailure | None = None
        try:
            async with asyncio.timeout(AT_MOST_SECONDS):
                await used.port().probe()
        except SendFailure as failed:
            failure = failed
        except TimeoutError:
            failure = Unavailable("no_answer", "the probe took too long", retry_after_seconds=1)
        except Exception as failed:  # noqa: BLE001 - a fault of ours is no reason to trust the vendor
            failure = Unavailable("fault", described(failed), retry_after_seconds=1)
        await self._breakers.probed(half, failure, self._limits(due.account))

    def _limits(self, account_id: str) -> BreakerLimits:
        account = self._vendors.get(account_id)
        return account.bridge.breaker if account else BreakerLimits()
