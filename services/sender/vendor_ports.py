"""The vendor accounts in use: each one's port and limits, made anew when its settings change."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import aiohttp
from pydantic import ValidationError

from services.sender.vendor_lanes import VendorLanes
from shared.clock import Clock
from shared.contracts import vendor_lane
from shared.conversation.bridges import Bridge
from shared.failures import TooFast
from shared.store.lanes import LaneStore
from shared.store.vendor_accounts import VendorAccount, VendorCache
from shared.vendors.port import Connection, Port, Vendor
from shared.vendors.registry import VENDORS


class Used(NamedTuple):
    """An account in use, as it was at this version of its settings."""

    account: VendorAccount
    vendor: Vendor
    lanes: VendorLanes
    http: aiohttp.ClientSession
    parts: Connection

    def bridge(self, app_id: str) -> Bridge | None:
        """What the app's decisions know of it; None where it does not serve the app."""
        return self.vendor.bridge(self.account, app_id, down=False)

    def port(self, in_time: Callable[[], bool] = lambda: True) -> Port:
        """One that makes requests only while there is time for them: waiting for their pace may take too long."""

        async def pace(endpoint: str) -> None:
            await self.lanes.pace(endpoint)
            if not in_time():
                raise TooFast("expired", f"{endpoint}: its turn came too late", retry_after_seconds=0)

        return self.vendor.connect(self.account, self.http, replace(self.parts, pace=pace))


class VendorPorts:
    def __init__(
        self,
        http: aiohttp.ClientSession,
        cache: VendorCache,
        store: LaneStore,
        clock: Clock,
        *,
        holder: str,
        answer_seconds: float,
        api_bases: Mapping[str, str],
    ) -> None:
        """`api_bases`: by the kind of vendor, what takes the place of the address in its accounts."""
        self._http = http
        self._cache = cache
        self._store = store
        self._clock = clock
        self._holder = holder
        self._answer_seconds = answer_seconds
        self._api_bases = api_bases
        self._used: dict[str, Used] = {}

    def of(self, account_id: str) -> Used | None:
        """The account ready for use; None where there is none of this id, or it cannot be used as it is."""
        account = self._cache.get(account_id)
        if account is None or not account.usable:
            self._used.pop(account_id, None)
            return None
        used = self._used.get(account_id)
        if used is None or used.account != account:
            made = self._made(account)
            if made is None:
                return None
            used = self._used[account_id] = made
        return used

    def media_hosts(self, account_id: str) -> tuple[str, ...]:
        """Where pictures of the account's pushes may be fetched from; nowhere for one that cannot be used."""
        used = self.of(account_id)
        return tuple(host.lower() for host in used.vendor.media_hosts(used.account)) if used else ()

    def serves(self, account_id: str) -> bool:
        """Whether this process has made calls of the account since its settings last changed."""
        used = self._used.get(account_id)
        return used is not None and used.lanes.served

    def _made(self, account: VendorAccount) -> Used | None:
        vendor = VENDORS.get(account.vendor)
        if vendor is None:
            return None
        name = vendor_lane(account.vendor, account.account_id)
        try:
            lanes = VendorLanes(name, vendor.limits(account), self._store, self._holder, self._clock)
            parts = Connection(
                now=self._clock.now,
                pace=lanes.pace,
                answer_seconds=self._answer_seconds,
                api_base=self._api_bases.get(account.vendor),
            )
            used = Used(account, vendor, lanes, self._http, parts)
            used.port()
        except ValidationError:
            return None  # whoever reads the accounts says so
        return used
