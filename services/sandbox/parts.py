"""What the sandbox is made of, for those who serve it and those who look inside."""

from dataclasses import dataclass

from aiohttp import web

from services.sandbox.calls import CallBook
from services.sandbox.clock import SandboxClock
from services.sandbox.faults import FaultBox
from services.sandbox.wechat.inbound import Inbound
from services.sandbox.wechat.pushes import Pusher
from services.sandbox.wechat.state import World


@dataclass(frozen=True, slots=True)
class Parts:
    clock: SandboxClock
    faults: FaultBox
    book: CallBook
    world: World
    pusher: Pusher
    inbound: Inbound

    async def reset(self) -> None:
        """Forget everything that happened; only the apps' configurations stay. Raises Outage as the clock does."""
        await self.clock.move(0)
        await self.pusher.cancel_all()
        self.faults.clear()
        self.book.clear()
        self.world.forget()


PARTS = web.AppKey("parts", Parts)
