"""The people of one test: agents at desks of their own, customers on their phones. All are gone when it ends."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any, Final

from playwright.async_api import Page, ViewportSize

from deploy.local.seed import APP_ID
from shared.conversation.ids import conversation_id
from shared.passwords import hash_password
from shared.store.agents import Agent, AgentStore, Role
from shared.store.logins import LoginStore
from tests.browser.chromium import WIDE
from tests.browser.desk import Desk
from tests.browser.phone import Phone
from tests.browser.visits import Visits, open_phone
from tests.flow.town import Caller, Town
from tests.support.waiting import eventually

PASSWORD: Final = "only for browser tests"
LOGIN_SECONDS: Final = 3600

_numbers = count(1)


@cache
def _password_hash() -> str:
    """Made once: a hash takes a good part of a second."""
    return hash_password(PASSWORD)


@dataclass(frozen=True)
class Staff:
    """An agent of this test's own, logged in once; `caller` acts without a browser."""

    login: str
    name: str
    token: str
    caller: Caller


@dataclass(frozen=True)
class Customer:
    town: Town
    openid: str
    name: str

    @property
    def id(self) -> str:
        """The conversation."""
        return conversation_id(APP_ID, self.openid)

    async def say(self, text: str) -> None:
        await self.town.customer(self.openid, "say", {"text": text})

    async def ask(self) -> None:
        """Ask for an agent; returns when the session waits, or an agent has it."""
        await self.say("人工")
        await eventually(self._is_asking)

    async def sees(self, text: str) -> None:
        await self.town.sees(self.openid, text)

    async def seen(self) -> list[str]:
        """The texts that service sent, in order."""
        return [item["text"] for item in await self.town.phone(self.openid) if item["from"] == "service"]

    async def _is_asking(self) -> bool:
        conversation = await self.town.conversation(self.openid)
        session = conversation.session if conversation else None
        return session is not None and session.state in {"waiting", "agent"}


@dataclass
class Crew:
    town: Town
    visits: Visits
    admin: Caller
    staff: list[Staff] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)
    _after: list[Callable[[], Awaitable[object]]] = field(default_factory=list)

    async def agent(self, name: str, role: Role = "agent", *, auto_accept: bool = False, capacity: int = 20) -> Staff:
        """Hired, online and logged in."""
        agents, login = AgentStore(self.town.database), f"b{next(_numbers)}"
        await agents.add(
            Agent(
                id=login,
                name=name,
                role=role,
                presence="online",
                auto_accept=auto_accept,
                capacity=capacity,
                password_hash=_password_hash(),
            )
        )
        stored = await agents.get(login)
        assert stored is not None
        token, _ = await LoginStore(self.town.database).begin(stored, LOGIN_SECONDS)
        hired = Staff(login, name, token, Caller(self.town.plan.url("console"), self.town.session, token))
        self.staff.append(hired)
        return hired

    async def customer(self, name: str, *, asks: bool = True) -> Customer:
        """Known to the sandbox and, by name, to the desk."""
        number = next(_numbers)
        made = Customer(self.town, f"o-browser-{number}", f"{name}{number:02}")
        self.customers.append(made)
        await self.town.sandbox("POST", f"/apps/{APP_ID}/customers", {"openid": made.openid, "name": made.name})
        await self.admin.must("PUT", f"/apps/{APP_ID}/customers/{made.openid}", {"name": made.name})
        if asks:
            await made.ask()
        return made

    async def served(self, name: str, by: Staff) -> Customer:
        """A customer whose session this agent has accepted."""
        made = await self.customer(name)
        await by.caller.must("POST", f"/conversations/{made.id}/accept")
        return made

    async def desk(self, who: Staff, path: str = "/mine", size: ViewportSize = WIDE, **options: Any) -> Desk:
        """A browser of this agent's own, its cookie in place, with the desk open."""
        page = await self.visits.page(size, **options)
        await page.context.add_cookies([{"name": "wxdesk", "value": who.token, "url": self.town.plan.url("console")}])
        desk = Desk(page, self.town.plan.url("console"))
        await desk.goto(path)
        return desk

    async def second_tab(self, desk: Desk, path: str = "/mine") -> Desk:
        """Another page of the same browser."""
        tab = Desk(await desk.page.context.new_page(), desk.url)
        await tab.goto(path)
        return tab

    async def phone(self, customer: Customer) -> Phone:
        page = await self.visits.page()
        await open_phone(page, self.town, customer.openid)
        return Phone(page, customer.name)

    async def faults(self, **fault: Any) -> None:
        """WeChat's send call goes wrong like this, and no other; none without arguments."""
        api = [{"path": "/cgi-bin/message/custom/send", **fault}] if fault else []
        await self.town.sandbox("PUT", "/faults", {"api": api})

    async def clock(self, offset: timedelta) -> None:
        """Move WeChat's clock this far from the machine's; returns when console and router follow it."""
        await self.town.sandbox("POST", "/clock", {"at": (datetime.now(UTC) + offset).isoformat()})

        async def followed() -> bool:
            # Nobody's customer, and each time another: within one conversation time never goes back.
            openid = f"o-clock-{next(_numbers)}"
            await self.admin.must("PUT", f"/apps/{APP_ID}/customers/{openid}", {"name": "probe"})
            conversation = await self.town.conversation(openid)
            decided = conversation.decided_at if conversation else None
            return decided is not None and abs(datetime.now(UTC) + offset - decided) < timedelta(minutes=5)

        await eventually(followed)

    def after(self, undo: Callable[[], Awaitable[object]]) -> None:
        self._after.append(undo)

    async def leave(self) -> None:
        """Close what is open, let the agents go, and put the sandbox right. The pages are to be closed by then."""
        await self.faults()
        clock = await self.town.sandbox("GET", "/clock")
        if abs(clock["offset_seconds"]) > 1:
            await self.clock(timedelta())
        for undo in reversed(self._after):
            await undo()
        await asyncio.gather(*(self._close(customer) for customer in self.customers))
        agents = AgentStore(self.town.database)
        for one in self.staff:
            await agents.update(one.login, enabled=False, presence="offline")

    async def _close(self, customer: Customer) -> None:
        conversation = await self.town.conversation(customer.openid)
        if conversation is not None and conversation.session and conversation.session.state != "closed":
            await self.admin.call("POST", f"/conversations/{customer.id}/close", {"reason": "end of the test"})


async def drop_files(page: Page, selector: str, way: str, *files: tuple[str, str, bytes]) -> None:
    """Paste or drop files (name, type, bytes) where the selector says, as the browser hands them to a page."""
    script = """(element, [way, files]) => {
        const moved = new DataTransfer();
        for (const [name, type, bytes] of files) moved.items.add(new File([new Uint8Array(bytes)], name, {type}));
        element.dispatchEvent(way === 'paste'
            ? new ClipboardEvent('paste', {clipboardData: moved, bubbles: true, cancelable: true})
            : new DragEvent('drop', {dataTransfer: moved, bubbles: true, cancelable: true}));
    }"""
    told = json.loads(json.dumps([[name, kind, list(data)] for name, kind, data in files]))
    await page.locator(selector).evaluate(script, [way, told])
