"""The Zhima account that an address names, with its settings, if it may be used now."""

from typing import NamedTuple

import structlog
from pydantic import ValidationError

from shared.lately import COMPLAIN_SECONDS, Lately
from shared.store.vendor_accounts import VendorAccount, VendorCache
from shared.vendors.port import parsed
from shared.vendors.registry import VENDORS
from shared.vendors.zhima.settings import ZhimaSettings

log = structlog.get_logger()

KIND = "zhima"


class ZhimaAccount(NamedTuple):
    id: str
    settings: ZhimaSettings


class ZhimaAccounts:
    def __init__(self, accounts: VendorCache) -> None:
        self._accounts = accounts
        self._complaints = Lately(COMPLAIN_SECONDS)

    def usable(self, account_id: str) -> ZhimaAccount | None:
        account = self._accounts.get(account_id)
        if account is None or account.vendor != KIND or not account.usable:
            return None
        settings = self._settings(account)
        return ZhimaAccount(account_id, settings) if settings else None

    def _settings(self, account: VendorAccount) -> ZhimaSettings | None:
        try:
            settings: ZhimaSettings = parsed(VENDORS[KIND], account)
        except ValidationError as refused:
            self._complain(account, refused)
            return None
        return settings

    def _complain(self, account: VendorAccount, refused: ValidationError) -> None:
        """By places alone: the error's own text quotes secrets."""
        if self._complaints.due(account.account_id):
            places = ", ".join(".".join(map(str, error["loc"])) for error in refused.errors(include_input=False))
            log.error("vendor_account_unusable", account=account.account_id, vendor=KIND, reason=places)
