"""Customers handed to WeChat's own console and back again, by every service and the sandbox's console."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.seed import APP_ID
from shared.conversation.content import Event
from shared.conversation.model import Session
from tests.flow.town import Books, Town, town
from tests.support.services import KEYS
from tests.support.waiting import eventually

PATIENCE_SECONDS = 90.0
"""A handover that was missed is armed anew after ten seconds, and a busy machine may miss some."""


@pytest.fixture(scope="module")
async def official_town(
    module_amqp_url: str, mongo_url: str, module_mongo_db: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    servers = {
        "AMQP_URL": module_amqp_url,
        "MONGO_URL": mongo_url,
        "MONGO_DB": module_mongo_db,
        "WXDESK_SECRET_KEYS": KEYS,
        "HANDOVER_SECONDS": "2",
    }
    directory: Path = tmp_path_factory.mktemp("official")
    async with town(servers, directory) as made:
        yield made


class Customer:
    """A customer's phone; remembers what was said that must be in the history."""

    def __init__(self, town: Town, openid: str) -> None:
        self.town = town
        self.openid = openid
        self.pushed: list[str] = []

    async def say(self, text: str) -> Any:
        said = await self.town.customer(self.openid, "say", {"text": text})
        if said["attempts"]:
            assert said["accepted"] is True
            self.pushed.append(text)
        return said

    async def say_until_queued(self) -> None:
        """A message that came by while the console was not armed yet is followed by another one."""

        async def queued() -> bool:
            await self.say(f"我要找官方 {len(self.pushed)}")
            return await self.console_state() == "queued"

        await eventually(queued, PATIENCE_SECONDS, every_seconds=0.5)

    async def console(self, action: str, **more: Any) -> Any:
        return await self.town.customer(self.openid, "console", {"action": action, **more})

    async def console_state(self) -> str:
        seen = await self.town.sandbox("GET", f"/apps/{APP_ID}/customers/{self.openid}/phone?after=0")
        return str(seen["console"])

    async def session(self) -> Session | None:
        conversation = await self.town.conversation(self.openid)
        return conversation.session if conversation else None

    async def comes_to(self, state: str) -> Session:
        async def there() -> Session | None:
            session = await self.session()
            return session if session is not None and session.state == state else None

        session = await eventually(there, PATIENCE_SECONDS)
        assert session is not None
        return session

    async def events(self) -> list[str]:
        history = await self.town.history(self.openid)
        return [message.content.name for message in history if isinstance(message.content, Event)]

    async def check_books(self) -> None:
        """What was pushed is in the history, once and in order; what the console alone heard is not."""
        await self.in_history(self.pushed[-1])
        await eventually(lambda: self.town.settled(self.openid), PATIENCE_SECONDS)
        await Books(self.town).check([self.openid], {self.openid: self.pushed})

    async def in_history(self, text: str) -> None:
        async def there() -> bool:
            history = await self.town.history(self.openid)
            return any(getattr(message.content, "text", "") == text for message in history)

        await eventually(there, PATIENCE_SECONDS)


async def settle_on(town: Town, **settings: Any) -> None:
    """The demo app's sessions are served so from now on, or soon: services hear of it one by one."""
    zhou = await town.log_in("zhou", presence=None)
    app = await zhou.must("GET", f"/apps/{APP_ID}")
    body = {"version": app["version"], "settings": {**app["settings"], **settings}}
    await zhou.must("PUT", f"/apps/{APP_ID}/settings", body)


async def armed_customer(town: Town, name: str) -> Customer:
    """A customer whose next message goes to the console: the first who enters once every router knows the settings."""
    made: list[Customer] = []

    async def armed() -> bool:
        made.append(Customer(town, await town.create_customer(f"{name}-{len(made)}")))
        await town.customer(made[-1].openid, "enter")
        session = await eventually(made[-1].session, PATIENCE_SECONDS)
        return session is not None and session.handover is not None

    await eventually(armed, PATIENCE_SECONDS, every_seconds=0.5)
    return made[-1]


async def test_the_official_console_serves_and_gives_back(official_town: Town) -> None:
    town = official_town
    await settle_on(town, entry="official")
    customer = await armed_customer(town, "o-official")

    await customer.say_until_queued()
    assert (await customer.comes_to("official")).claim is None
    assert await customer.console("accept") == {"console": "held"}
    unheard = await customer.say("这句我们听不到")
    assert (unheard["accepted"], unheard["attempts"]) == (False, [])
    await customer.console("say", text="您好，这里是官方客服")
    await town.sees(customer.openid, "您好，这里是官方客服")
    assert await customer.console("close") == {"console": "none"}

    await customer.say("我又来了")
    await customer.in_history("我又来了")
    await customer.say_until_queued()
    assert "session_handed_to_official" in await customer.events()
    await customer.check_books()

    wang = await town.log_in("wang")
    conversation = await town.conversation(customer.openid)
    assert conversation is not None

    async def taken_back() -> bool:
        """A handover that is still on its way to the router wins over the agent."""
        accepted = await wang.must("POST", f"/conversations/{conversation.id}/accept")
        return bool(accepted["session"]["state"] == "agent")

    await eventually(taken_back, PATIENCE_SECONDS)
    answer = {"client_id": "back", "type": "text", "text": "您好，我是王强"}
    await wang.must("POST", f"/conversations/{conversation.id}/messages", answer)
    await town.sees(customer.openid, "您好，我是王强")
    await customer.say("好的，谢谢")
    await customer.in_history("好的，谢谢")
    assert (await customer.comes_to("agent")).handover is None
    await wang.must("PATCH", "/me", {"presence": "offline"})


async def test_where_nobody_is_online_the_official_console_answers(official_town: Town) -> None:
    town = official_town
    fallback = {"when": "nobody_online", "to": {"kind": "official"}, "say": "请再发一条消息，官方客服会回复您"}
    await settle_on(town, entry="agents", fallbacks=[fallback])
    made: list[Customer] = []

    async def fell_back() -> bool:
        made.append(Customer(town, await town.create_customer(f"o-nobody-{len(made)}")))
        await made[-1].say("有人吗")
        await town.sees(made[-1].openid, "请再发一条消息")
        return "session_fell_back" in await made[-1].events()

    await eventually(fell_back, PATIENCE_SECONDS, every_seconds=0.5)
    customer = made[-1]
    await customer.say_until_queued()
    await customer.comes_to("official")
    await customer.check_books()
