"""Everything WeChat remembers: apps, their customers, media and tokens. In memory, for as long as the sandbox runs."""

import hashlib
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from services.sandbox.chance import Chance
from services.sandbox.wechat.agents import Agents
from services.sandbox.wechat.config import AppConfig
from services.sandbox.wechat.console import ConsoleSession
from services.sandbox.wechat.lanes import Lane
from services.sandbox.wechat.media import MediaShelf
from services.sandbox.wechat.phone import Phone
from services.sandbox.wechat.pushbook import KEPT_PUSHES, PushRecord
from services.sandbox.wechat.quotas import CallCounters
from services.sandbox.wechat.rids import RidBook
from services.sandbox.wechat.tokens import Tokens
from services.sandbox.wechat.windows import Window
from shared.clock import Clock
from shared.wechat.push import CallbackSettings

TYPING_PERIOD: Final = timedelta(seconds=15)


@dataclass(slots=True)
class Customer:
    openid: str
    name: str | None
    window: Window = field(default_factory=Window)
    last_interaction_at: datetime | None = None
    typing_until: datetime | None = None
    last_content: tuple[bytes, datetime] | None = None
    console: ConsoleSession = field(default_factory=ConsoleSession)
    phone: Phone = field(default_factory=Phone)
    lane: Lane = field(default_factory=Lane)
    pushes: deque[PushRecord] = field(default_factory=lambda: deque(maxlen=KEPT_PUSHES))

    def is_shown_typing(self, now: datetime) -> bool:
        return self.typing_until is not None and now < self.typing_until


class App:
    """One mini program. A new configuration takes effect at once and keeps everything else."""

    def __init__(self, appid: str, config: AppConfig) -> None:
        self.appid = appid
        self.configure(config)
        self.forget()

    def configure(self, config: AppConfig) -> None:
        self.config = config
        self.callback = CallbackSettings(
            app_id=self.appid,
            token=config.token,
            aes_key=config.aes_key or None,
            mode=config.mode,
            format=config.format,
        )
        self.gh_id = config.gh_id or original_id(self.appid)

    def forget(self) -> None:
        """Lose everything but the configuration."""
        self.customers: dict[str, Customer] = {}
        self.media = MediaShelf()
        self.counters = CallCounters()
        self.agents = Agents()


class World:
    """All apps, and what is WeChat's rather than one app's. `life` names the time since the last start or reset."""

    def __init__(self, clock: Clock, chance: Chance) -> None:
        self.clock = clock
        self.chance = chance
        self.base_url = ""
        self.apps: dict[str, App] = {}
        self._last_msg_id = 0
        self.forget()

    def forget(self) -> None:
        """Lose everything that happened; the apps' configurations stay."""
        self.life = self.chance.text(8)
        self.tokens = Tokens()
        self.rids = RidBook()
        self.let_go()
        for app in self.apps.values():
            app.forget()

    def let_go(self) -> None:
        """Answer everyone who waits at a phone."""
        for app in self.apps.values():
            for customer in app.customers.values():
                customer.phone.let_go()

    def touch_all(self) -> None:
        """Tell those who watch phones that time itself has moved."""
        for app in self.apps.values():
            for customer in app.customers.values():
                customer.phone.touch()

    def new_msg_id(self) -> int:
        """Unique, increasing, and above 2^53 like WeChat's own."""
        self._last_msg_id = max(self._last_msg_id + 1, time.time_ns() // 100)
        return self._last_msg_id


def original_id(appid: str) -> str:
    """The gh_ id that stands for the app in pushes, made from the appid so that it stays the same."""
    return "gh_" + hashlib.sha256(appid.encode()).hexdigest()[:12]
