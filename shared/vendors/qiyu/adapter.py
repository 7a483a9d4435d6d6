"""Qiyu as one of the vendors."""

from typing import Final
from urllib.parse import urlsplit

import aiohttp
from pydantic import ValidationError
from typing_extensions import override

from shared.conversation.bridges import Bridge
from shared.refusals import Forged
from shared.store.vendor_accounts import VendorAccount
from shared.vendors.port import (
    Connection,
    Port,
    Pushed,
    PushRequest,
    Vendor,
    VendorLimits,
    VendorSettings,
    parsed,
)
from shared.vendors.qiyu.client import QiyuClient
from shared.vendors.qiyu.port import QiyuPort
from shared.vendors.qiyu.pushes import read_push
from shared.vendors.qiyu.settings import QiyuSettings

FILE_HOSTS: Final = ("ysf.nosdn.127.net", "qiyukf.nosdn.127.net", "qiyukf.com", "*.qiyukf.com")
"""Where files of its service are met in public; its pages promise none of them."""


class Qiyu(Vendor):
    kind = "qiyu"
    settings: type[VendorSettings] = QiyuSettings

    @override
    def bridge(self, account: VendorAccount, app_id: str, *, down: bool) -> Bridge | None:
        settings = self._settings(account)
        return Bridge(
            account=account.account_id,
            vendor=self.kind,
            name=account.name,
            answers_calls=True,
            shows_replies=True,
            rates=True,
            takes_events=settings.introduce_on_enter,
            takes_in_line=settings.relay_in_line,
            line_poll_seconds=settings.poll_seconds,
            word_seconds=settings.word_seconds,
            down=down,
            settings=account.bridge,
        )

    @override
    def connect(self, account: VendorAccount, http: aiohttp.ClientSession, parts: Connection) -> Port:
        settings = self._settings(account)
        client = QiyuClient(http, settings, parts, account.account_id)
        says_place = account.bridge.tell_ahead is not None
        return QiyuPort(client, settings, account.account_id, says_place=says_place)

    @override
    def limits(self, account: VendorAccount) -> VendorLimits:
        settings = self._settings(account)
        return VendorLimits(settings.calls_per_second, settings.calls_per_endpoint)

    @override
    def read_push(self, account: VendorAccount, request: PushRequest) -> tuple[Pushed, ...]:
        try:
            settings = self._settings(account)
        except ValidationError:
            raise Forged("the account's settings cannot be used: nothing can be proved") from None
        return read_push(account.account_id, settings, request)

    @override
    def acknowledge(self) -> tuple[int, str]:
        """Empty: anything else Qiyu takes for a failure, and repeats the push."""
        return 200, ""

    @override
    def media_hosts(self, account: VendorAccount) -> tuple[str, ...]:
        settings = self._settings(account)
        if settings.media_hosts:
            return settings.media_hosts
        return (*dict.fromkeys((*FILE_HOSTS, urlsplit(settings.api_base).netloc.lower())),)

    @staticmethod
    def _settings(account: VendorAccount) -> QiyuSettings:
        read: QiyuSettings = parsed(QIYU, account)
        return read


QIYU: Final = Qiyu()
