"""Everything Zhima remembers of its products: customers, sessions with staff, its token, what it has seen and told."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from services.sandbox.chance import Chance
from services.sandbox.changes import Changes
from services.sandbox.clock import SandboxClock
from services.sandbox.deliveries import Delivery
from services.sandbox.wechat.lanes import Lane
from services.sandbox.zhima.config import ProductConfig, StaffMember
from services.sandbox.zhima.faults import ZhimaFaults

KEPT_ITEMS: Final = 500
KEPT_IDS: Final = 200_000
KEPT_EVENTS: Final = 5_000
KEPT_RECEIVED: Final = 5_000
KEPT_FETCHES: Final = 500

Sender = Literal["customer", "staff", "machine", "notice"]
ChatState = Literal["idle", "waiting", "serving"]


@dataclass(slots=True)
class Item:
    """One line of a conversation as staff see it.

    `errcode` is what WeChat's API, or what stands for it, said of a reply; None while it has not. `msg_id` is WeChat's.
    """

    n: int
    at: datetime
    sender: Sender
    name: str | None
    type: str
    text: str | None = None
    url: str | None = None
    msg_id: str | None = None
    errcode: int | None = None
    error: str | None = None


@dataclass(slots=True)
class Customer:
    """`said` counts what the customer wrote; `chat_session` is the number of the last session with staff."""

    openid: str
    state: ChatState = "idle"
    session_from: str = ""
    chat_session: int | None = None
    staff_id: int | None = None
    items: deque[Item] = field(default_factory=lambda: deque(maxlen=KEPT_ITEMS))
    shown: int = 0
    said: int = 0
    lane: Lane = field(default_factory=Lane)


@dataclass(frozen=True, slots=True)
class Received:
    """One push that was taken; `is_new` is false of a repeat."""

    at: datetime
    openid: str
    kind: str
    msg_id: str | None
    is_new: bool


@dataclass(slots=True, kw_only=True)
class Event(Delivery):
    """One push of developer mode. `kind` is its Event, or its message's type."""

    n: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TokenFetch:
    """`error` says why none was got."""

    at: datetime
    error: str | None


@dataclass(frozen=True, slots=True)
class HeldToken:
    """`usable_until`: fetched anew from then on, 5 minutes before it ends."""

    value: str
    fetched_at: datetime
    usable_until: datetime


class Product:
    def __init__(self, access_key: str, config: ProductConfig) -> None:
        self.access_key = access_key
        self.configure(config)
        self.forget()

    def configure(self, config: ProductConfig) -> None:
        """Who is online is as `config` says; what has happened stays."""
        self.config = config
        self.online = {member.id for member in config.staff if member.online}
        self.token: HeldToken | None = None

    def forget(self) -> None:
        """Lose everything but the configuration."""
        self.configure(self.config)
        self.faults = ZhimaFaults()
        self.customers: dict[str, Customer] = {}
        self.received: deque[Received] = deque(maxlen=KEPT_RECEIVED)
        self.events: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self.told = 0
        self.token_fetches: deque[TokenFetch] = deque(maxlen=KEPT_FETCHES)
        self._seen: OrderedDict[str, None] = OrderedDict()

    def customer(self, openid: str) -> Customer:
        return self.customers.setdefault(openid, Customer(openid))

    def member(self, staff_id: int | None) -> StaffMember | None:
        return next((member for member in self.config.staff if member.id == staff_id), None)

    def first_online(self) -> StaffMember | None:
        return next((member for member in self.config.staff if member.id in self.online), None)

    def load(self, staff_id: int) -> int:
        """How many customers this member of the staff has."""
        return sum(one.state == "serving" and one.staff_id == staff_id for one in self.customers.values())

    def is_new(self, push_id: str) -> bool:
        """Whether a push of this id is seen for the first time; it is not any more."""
        if push_id in self._seen:
            return False
        self._seen[push_id] = None
        if len(self._seen) > KEPT_IDS:
            self._seen.popitem(last=False)
        return True


class ZhimaWorld:
    """All products. `base_url` is where the sandbox answers."""

    def __init__(self, clock: SandboxClock, chance: Chance) -> None:
        self.clock = clock
        self.chance = chance
        self.base_url = ""
        self.products: dict[str, Product] = {}
        self.changes = Changes()
        self._last_chat_session = 0

    def forget(self) -> None:
        for product in self.products.values():
            product.forget()
        self.changes.touch()

    def new_chat_session(self) -> int:
        """Numbers begin with the time: after a restart or a reset they are not those of other sessions."""
        self._last_chat_session = max(self._last_chat_session + 1, int(self.clock.now().timestamp()))
        return self._last_chat_session

    def show(self, customer: Customer, sender: Sender, type_: str, *, name: str | None = None, **what: Any) -> Item:
        customer.shown += 1
        customer.said += sender == "customer"
        item = Item(customer.shown, self.clock.now(), sender, name, type_, **what)
        customer.items.append(item)
        self.changes.touch()
        return item
