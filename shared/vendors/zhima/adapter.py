"""Zhima behind the port. It has no call to ask for staff, to stand in line or to grade: all that is inside of it."""

import aiohttp

from shared.conversation.bridges import Bridge
from shared.conversation.model import Message
from shared.conversation.vendor_facts import Stood
from shared.failures import Refused, Words
from shared.store.vendor_accounts import VendorAccount
from shared.vendors.port import Connection, Customer, Pushed, PushRequest, Relayed, VendorLimits, VendorSettings, parsed
from shared.vendors.zhima.pushes import read_push
from shared.vendors.zhima.relay import Relay
from shared.vendors.zhima.settings import ZhimaSettings
from shared.vendors.zhima.wechat_body import body_of

NO_GRADES = Words(zh="芝麻小客服不接受评价。", en="Zhima takes no grades.")


class Zhima:
    kind = "zhima"
    settings: type[VendorSettings] = ZhimaSettings

    def bridge(self, account: VendorAccount, app_id: str, *, down: bool) -> Bridge | None:
        settings = self._settings(account)
        if settings.app_id != app_id:
            return None
        return Bridge(
            account=account.account_id,
            vendor=self.kind,
            name=account.name,
            answers_calls=False,
            shows_replies=settings.reply_path == "proxy",
            rates=False,
            takes_events=True,
            passes_originals=True,
            down=down,
            settings=account.bridge,
        )

    def connect(self, account: VendorAccount, http: aiohttp.ClientSession, parts: Connection) -> "ZhimaPort":
        return ZhimaPort(account, self._settings(account), http, parts)

    def limits(self, account: VendorAccount) -> VendorLimits:
        per_second = self._settings(account).calls_per_second
        return VendorLimits(account_per_second=per_second, endpoint_per_second=per_second)

    def read_push(self, account: VendorAccount, request: PushRequest) -> tuple[Pushed, ...]:
        return read_push(account.account_id, self._settings(account), request)

    def acknowledge(self) -> tuple[int, str]:
        return 200, "success"

    def media_hosts(self, account: VendorAccount) -> tuple[str, ...]:
        return self._settings(account).media_hosts

    def _settings(self, account: VendorAccount) -> ZhimaSettings:
        settings: ZhimaSettings = parsed(self, account)
        return settings


class ZhimaPort:
    def __init__(
        self, account: VendorAccount, settings: ZhimaSettings, http: aiohttp.ClientSession, parts: Connection
    ) -> None:
        self._settings = settings
        self._pace = parts.pace
        self._relay = Relay(settings, http, parts.now, account.account_id, answer_seconds=parts.answer_seconds)

    async def introduce(self, customer: Customer, context: tuple[Message, ...], *, wants_person: bool) -> Stood:  # noqa: ARG002 - Zhima hears of a customer by what they do
        return Stood(standing="person")

    async def relay(self, customer: Customer, relayed: Relayed) -> None:
        settings = self._settings
        body = body_of(relayed.message, openid=customer.openid, app_id=settings.app_id, wanted=settings.format)
        await self._pace("push")
        await self._relay.push(body, customer.openid)

    async def ask_place(self, customer: Customer) -> Stood:  # noqa: ARG002 - it tells of no line
        return Stood(standing="person")

    async def leave_line(self, customer: Customer) -> None:
        """There is no line that we know of."""

    async def grade(self, customer: Customer, vendor_session: str, value: int) -> None:  # noqa: ARG002 - as it says
        raise Refused("no_grades", "Zhima takes no grades", NO_GRADES)

    async def probe(self) -> str:
        await self._pace("probe")
        return await self._relay.check()
