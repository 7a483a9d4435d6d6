"""What every vendor of the sandbox needs to be tried: the sandbox itself, and our side of its pushes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from aiohttp import web

from services.sandbox.app import RunningSandbox, sandbox
from services.sandbox.settings import SandboxSettings
from services.sandbox.wechat.pushes import PushTiming
from shared.clock import FixedClock
from shared.conversation.vendor_facts import VendorEvent
from shared.observe.http import listen
from shared.refusals import Forged
from shared.store.vendor_accounts import VendorAccount
from shared.vendors.port import Pushed, PushRequest, Vendor
from tests.support.waiting import eventually
from tests.vendors.qiyu_house import NOW

Event = TypeVar("Event", bound=VendorEvent)


@dataclass
class Pushes:
    """What arrived from a vendor, proved and read. `answers` replace the proper answer of the next pushes."""

    vendor: Vendor
    account: VendorAccount
    uid: str
    url: str = ""
    read: list[Pushed] = field(default_factory=list)
    forged: int = 0
    answers: list[str] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        pushed = PushRequest(query=dict(request.query), headers={}, body=await request.read(), received_at=NOW)
        try:
            self.read += self.vendor.read_push(self.account, pushed)
        except Forged:
            self.forged += 1
            return web.Response(status=403)
        status, body = self.vendor.acknowledge()
        return web.Response(status=status, text=self.answers.pop(0) if self.answers else body)

    def of(self, kind: type[Event]) -> list[Event]:
        """Those of this kind about our customer."""
        return [one.event for one in self.read if isinstance(one.event, kind) and one.uid == self.uid]

    async def one(self, kind: type[Event]) -> Event:
        """The last of this kind, once there is one."""
        await eventually(lambda: bool(self.of(kind)))
        return self.of(kind)[-1]


@asynccontextmanager
async def listening(pushes: Pushes) -> AsyncIterator[None]:
    """Take pushes at `pushes.url`."""
    app, path = web.Application(), f"/vendors/{pushes.vendor.kind}/{pushes.account.account_id}"
    app.router.add_post(path, pushes.take)
    async with listen(app, "127.0.0.1", 0, "the port of our side") as port:
        pushes.url = f"http://127.0.0.1:{port}{path}"
        yield


@asynccontextmanager
async def standing_sandbox() -> AsyncIterator[RunningSandbox]:
    """A sandbox whose clock stands until it is moved."""
    settings = SandboxSettings(host="127.0.0.1", sandbox_port=0, ops_port=0, mongo_url=None)
    timing = PushTiming(timeout_seconds=5.0, resend_pauses_seconds=(0.0, 0.0, 0.0), overtake_wait_seconds=0.01)
    async with sandbox(settings, timing, FixedClock(NOW)) as running:
        yield running
