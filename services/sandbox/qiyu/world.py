"""All accounts with Qiyu, and what they share: the files, the pushing, and time."""

from aiohttp import ClientSession

from services.sandbox.chance import Chance
from services.sandbox.changes import Changes
from services.sandbox.clock import SandboxClock
from services.sandbox.qiyu.config import AccountConfig
from services.sandbox.qiyu.files import Files
from services.sandbox.qiyu.floor import Floor
from services.sandbox.qiyu.pushing import QiyuPusher
from services.sandbox.qiyu.state import Account


class Qiyu:
    """`base_url` is where its files are shown."""

    def __init__(self, session: ClientSession, clock: SandboxClock, chance: Chance) -> None:
        self.clock = clock
        self.chance = chance
        self.base_url = ""
        self.changes = Changes()
        self.files = Files()
        self.floors: dict[str, Floor] = {}
        self._pusher = QiyuPusher(session, clock, self.changes.touch)

    def configure(self, app_key: str, config: AccountConfig) -> Floor:
        """A new account, or other settings for one that is there, which keeps all else."""
        floor = self.floors.get(app_key)
        if floor is None:
            floor = self.floors[app_key] = Floor(Account(app_key, config), self.clock, self.chance, self._pusher)
        else:
            floor.account.config = config
            floor.sessions.staff_changed()
        return floor

    def settle(self) -> None:
        """Bring about what is due by now."""
        for floor in self.floors.values():
            floor.sessions.tick()

    async def stop(self) -> None:
        """No more pushes, and nobody waits any longer."""
        self.changes.let_go()
        await self._pusher.cancel_all()

    async def reset(self) -> None:
        """Forget everything that happened; only the accounts' configurations stay."""
        await self._pusher.cancel_all()
        self.files.clear()
        for floor in self.floors.values():
            floor.account.forget()
        self.changes.touch()
