"""Zhima put together."""

from dataclasses import dataclass, field

from aiohttp import ClientSession, web

from services.sandbox.calls import CallBook
from services.sandbox.chance import Chance
from services.sandbox.clock import SandboxClock
from services.sandbox.deliveries import Deliverer
from services.sandbox.faults import FaultBox
from services.sandbox.zhima.desk import ZhimaDesk
from services.sandbox.zhima.events import Events
from services.sandbox.zhima.receiver import Receiver
from services.sandbox.zhima.speaking import Speaking
from services.sandbox.zhima.state import ZhimaWorld
from services.sandbox.zhima.tokens import ZhimaTokens


@dataclass(frozen=True, slots=True)
class Zhima:
    world: ZhimaWorld
    events: Events
    desk: ZhimaDesk
    routes: list[web.RouteDef] = field(repr=False)

    async def reset(self) -> None:
        await self.events.cancel_all()
        self.world.forget()


def build_zhima(session: ClientSession, clock: SandboxClock, chance: Chance, faults: FaultBox, book: CallBook) -> Zhima:
    world = ZhimaWorld(clock, chance)
    deliverer = Deliverer(session, clock, world.changes.touch)
    events = Events(world, deliverer)
    speaking = Speaking(world, session, ZhimaTokens(world, session))
    desk = ZhimaDesk(world, events, speaking, deliverer.spawn)
    return Zhima(world, events, desk, Receiver(world, desk, faults, book).routes())
