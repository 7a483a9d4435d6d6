"""What the sandbox is made of, for those who serve it and those who look inside."""

from dataclasses import dataclass

from aiohttp import web

from services.sandbox.calls import CallBook
from services.sandbox.clock import SandboxClock
from services.sandbox.faults import FaultBox
from services.sandbox.qiyu.world import Qiyu
from services.sandbox.wechat.inbound import Inbound
from services.sandbox.wechat.pushes import Pusher
from services.sandbox.wechat.state import World
from services.sandbox.zhima.whole import Zhima


@dataclass(frozen=True, slots=True)
class Parts:
    clock: SandboxClock
    faults: FaultBox
    book: CallBook
    world: World
    pusher: Pusher
    inbound: Inbound
    qiyu: Qiyu
    zhima: Zhima

    def answer_at(self, url: str) -> None:
        """This is where the sandbox is reached; what it serves is named so."""
        for world in (self.world, self.qiyu, self.zhima.world):
            world.base_url = url

    def touch_all(self) -> None:
        """Tell those who watch that time itself has moved, and do what is due by it."""
        self.qiyu.settle()
        self.world.touch_all()
        self.qiyu.changes.touch()
        self.zhima.world.changes.touch()

    async def reset(self) -> None:
        """Forget everything that happened; only what was set up stays. Raises Outage as the clock does."""
        await self.clock.move(0)
        await self.pusher.cancel_all()
        self.faults.clear()
        self.book.clear()
        self.world.forget()
        await self.qiyu.reset()
        await self.zhima.reset()


PARTS = web.AppKey("parts", Parts)
