"""Each vendor of the sandbox, tried in the same words. A new vendor adds its place at the end."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

import aiohttp
from aiohttp import DummyCookieJar
from typing_extensions import override

from services.sandbox.app import RunningSandbox
from shared.conversation import ids
from shared.conversation.content import Text
from shared.store.vendor_accounts import VendorAccount
from shared.vendors.port import Connection, Customer, Port, Relayed
from shared.vendors.registry import VENDORS
from tests.vendors.our_side import Pushes, listening, standing_sandbox
from tests.vendors.qiyu_house import CUSTOMER_OF_OURS, NOW, SEND, UID, Pace, message
from tests.vendors.qiyu_sandbox import QiyuSandbox, qiyu_sandbox
from tests.vendors.zhima_receiver import APP_ID, zhima_account

ACCESS_KEY: Final = "hidden-access-key"
DEVELOPER_TOKEN: Final = "developer-token"
OPENID: Final = "o9AgO5Kd5ggOC-bXrbNODIiE3bGY"


class Place(ABC):
    """A vendor with one person of its staff, and one customer of ours whom it does not know yet."""

    kind: str
    port: Port
    pushes: Pushes
    customer: Customer

    async def relay(self, text: str, number: int = 1) -> None:
        """The customer's message of this number."""
        theirs: dict[str, Any] = {"conversation": self.customer.uid, "app_id": self.customer.app_id}
        said = message(
            Text(text=text), id=f"m{number}", seq=number, msg_id=str(24_912_345_678_901_234 + number), **theirs
        )
        await self.port.relay(self.customer, Relayed(said))

    @abstractmethod
    async def heard(self) -> list[str]:
        """What its people see of what the customer wrote; nothing for who never came."""

    @abstractmethod
    async def take(self) -> None:
        """Somebody there takes the customer who has written."""

    @abstractmethod
    async def close(self) -> None:
        """They end the session."""

    @abstractmethod
    async def fault(self, **fault: Any) -> None:
        """What the next message meets with: `drop_answer`, `dead` or `http`."""

    @abstractmethod
    async def repeat_pushes(self) -> None:
        """Every push is made twice from now on."""

    @abstractmethod
    async def forget_us(self) -> None:
        """It knows other secrets than we do now, for both ways."""

    @abstractmethod
    async def told(self) -> list[bool | None]:
        """Of each of its pushes, whether it was taken; None: not settled."""


class QiyuAtTheSandbox(Place):
    kind = "qiyu"

    def __init__(self, there: QiyuSandbox) -> None:
        self._there = there
        self.port, self.pushes, self.customer = there.port, there.pushes, CUSTOMER_OF_OURS

    @override
    async def heard(self) -> list[str]:
        return await self._there.heard() if UID in (await self._there.state())["customers"] else []

    @override
    async def take(self) -> None:
        """By itself: a message finds somebody who has room."""

    @override
    async def close(self) -> None:
        await self._there.staff("close")

    @override
    async def fault(self, **fault: Any) -> None:
        await self._there.fault(path=SEND, times=1, **fault)

    @override
    async def repeat_pushes(self) -> None:
        await self._there.spoil(duplicate=1)

    @override
    async def forget_us(self) -> None:
        await self._there.configure(app_secret="another")

    @override
    async def told(self) -> list[bool | None]:
        return [push["accepted"] for push in (await self._there.state())["pushes"]]


class ZhimaAtTheSandbox(Place):
    kind = "zhima"

    def __init__(
        self, running: RunningSandbox, http: aiohttp.ClientSession, pushes: Pushes, port: Port, customer: Customer
    ) -> None:
        self._running = running
        self._http = http
        self.port, self.pushes, self.customer = port, pushes, customer

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        async with self._http.request(method, f"{self._running.url}/sandbox/api{path}", json=body) as response:
            assert response.status < 300, await response.text()
            return await response.json()

    async def configure(self, **changes: Any) -> None:
        developer = {"developer_url": self.pushes.url, "developer_auth": "wechat_sig"}
        fields = {"app_id": APP_ID, "developer_token": DEVELOPER_TOKEN, **developer}
        await self.control("PUT", f"/zhima/products/{ACCESS_KEY}", fields | changes)

    @override
    async def heard(self) -> list[str]:
        customers = (await self._product())["customers"].values()
        return [item["text"] for one in customers for item in one["items"] if item["sender"] == "customer"]

    @override
    async def take(self) -> None:
        await self.control("POST", f"/zhima/products/{ACCESS_KEY}/customers/{OPENID}/accept", {})

    @override
    async def close(self) -> None:
        await self.control("POST", f"/zhima/products/{ACCESS_KEY}/customers/{OPENID}/close", {})

    @override
    async def fault(self, **fault: Any) -> None:
        await self._spoil(push=[{"times": 1, **fault}])

    @override
    async def repeat_pushes(self) -> None:
        await self._spoil(events={"duplicate": 1})

    @override
    async def forget_us(self) -> None:
        await self.configure(push_token="another", developer_token="another")

    @override
    async def told(self) -> list[bool | None]:
        return [push["accepted"] for push in (await self._product())["events"]]

    async def _spoil(self, **faults: Any) -> None:
        await self.control("PUT", f"/zhima/products/{ACCESS_KEY}/faults", faults)

    async def _product(self) -> Any:
        return await self.control("GET", f"/zhima/products/{ACCESS_KEY}")


@asynccontextmanager
async def _qiyu() -> AsyncIterator[Place]:
    async with qiyu_sandbox() as there:
        yield QiyuAtTheSandbox(there)


@asynccontextmanager
async def _zhima() -> AsyncIterator[Place]:
    customer = Customer(uid=ids.conversation_id(APP_ID, OPENID), app_id=APP_ID, app_name="店铺", openid=OPENID)
    async with (
        standing_sandbox() as running,
        aiohttp.ClientSession(cookie_jar=DummyCookieJar()) as http,
    ):
        account = _zhima_account(f"{running.url}/push_pwd/mini_program/{ACCESS_KEY}")
        pushes = Pushes(VENDORS["zhima"], account, customer.uid)
        parts = Connection(now=lambda: NOW, pace=Pace(), answer_seconds=10)
        port = VENDORS["zhima"].connect(account, http, parts)
        async with listening(pushes):
            place = ZhimaAtTheSandbox(running, http, pushes, port, customer)
            await place.configure()
            yield place


def _zhima_account(push_url: str) -> VendorAccount:
    settings, secrets = {"developer_auth": "wechat_sig"}, {"developer_token": DEVELOPER_TOKEN}
    return zhima_account(push_url, settings=settings, secrets=secrets)


PLACES: Final[dict[str, Callable[[], AbstractAsyncContextManager[Place]]]] = {"qiyu": _qiyu, "zhima": _zhima}
