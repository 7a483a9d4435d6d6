"""Which vendors there are, and the accounts as an app's decisions see them."""

from typing import Final

import structlog
from pydantic import ValidationError

from shared.conversation.bridges import Bridge
from shared.lately import COMPLAIN_SECONDS, Lately
from shared.store.vendor_accounts import VendorAccount, VendorCache
from shared.vendors.port import Vendor
from shared.vendors.qiyu.adapter import QIYU
from shared.vendors.zhima.adapter import Zhima

log = structlog.get_logger()

VENDORS: Final[dict[str, Vendor]] = {vendor.kind: vendor for vendor in (QIYU, Zhima())}


class Bridges:
    """The vendor accounts that an app's sessions can go to now. Implements `shared.store.apps.BridgeSource`."""

    def __init__(self, accounts: VendorCache) -> None:
        self._accounts = accounts
        self._complaints = Lately(COMPLAIN_SECONDS)

    async def refresh(self) -> None:
        await self._accounts.refresh()

    def of(self, app_id: str) -> tuple[Bridge, ...]:
        found = (self._bridge(account, app_id) for account in self._accounts.all() if account.usable)
        return tuple(bridge for bridge in found if bridge is not None)

    def _bridge(self, account: VendorAccount, app_id: str) -> Bridge | None:
        """None too for an account that this version cannot use: sessions for it fall back, the others go on."""
        vendor, breaker = VENDORS.get(account.vendor), self._accounts.breaker(app_id, account.account_id)
        if vendor is None:
            return None
        try:
            return vendor.bridge(account, app_id, down=breaker is not None and breaker.down)
        except ValidationError as refused:
            self._complain(account, refused)
            return None

    def _complain(self, account: VendorAccount, refused: ValidationError) -> None:
        if self._complaints.due(account.account_id):
            places = (".".join(map(str, error["loc"])) for error in refused.errors(include_input=False))
            log.error("vendor_account_unusable", account=account.account_id, reason=", ".join(places))
