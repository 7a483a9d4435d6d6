"""Online without a page of the desk for longer than one allows oneself: away."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.router.attending import EVERY, Attending
from shared.bus.connection import linked
from shared.bus.live import listen
from shared.clock import real_now
from shared.contracts.hints import LiveHint, PresenceChanged
from shared.lifecycle import Background
from shared.store.agents import Agent
from shared.store.pages_open import PagesOpen
from tests.router.workshop import Workshop
from tests.support.waiting import eventually


class Watch:
    """A sweep whose clock stands still between looks; each look may be a fresh process."""

    def __init__(self, shop: Workshop) -> None:
        self.shop = shop
        self.at = real_now() + timedelta(hours=1)
        self.pages = PagesOpen(shop.database)

    def now(self) -> datetime:
        return self.at

    async def look(self, *with_pages: str) -> None:
        await self.pages.say("console-1", with_pages, self.at)
        await Attending(self.shop.database, self.shop.publisher, self.now).look()

    async def after(self, seconds: float, *with_pages: str) -> None:
        self.at += timedelta(seconds=seconds)
        await self.look(*with_pages)

    async def presence(self, login: str) -> str:
        return (await self.agent(login)).presence

    async def agent(self, login: str) -> Agent:
        agent = await self.shop.agents.get(login)
        assert agent is not None
        return agent


@pytest.fixture
def watch(shop: Workshop) -> Watch:
    return Watch(shop)


async def create(watch: Watch, login: str = "lina", **fields: Any) -> None:
    given = {"away_after_seconds": 60, "presence_at": watch.at, "absent_since": watch.at, **fields}
    await watch.shop.create_agent(login, **given)


async def test_who_closed_their_last_page_is_away_after_as_long_as_they_said(watch: Watch) -> None:
    await create(watch)
    await watch.look("lina")
    await watch.after(1000, "lina")
    await watch.after(10)
    await watch.after(59)
    assert await watch.presence("lina") == "online"
    await watch.after(1)
    assert await watch.presence("lina") == "away"
    assert (await watch.agent("lina")).presence_at == watch.at.replace(microsecond=watch.at.microsecond // 1000 * 1000)


async def test_a_page_opened_again_in_time_begins_the_count_anew(watch: Watch) -> None:
    await create(watch)
    await watch.look("lina")
    await watch.after(10)
    await watch.after(50, "lina")
    await watch.after(10)
    await watch.after(55)
    assert await watch.presence("lina") == "online"


async def test_who_never_opened_a_page_counts_from_when_they_went_online(watch: Watch) -> None:
    await create(watch)
    await watch.after(59)
    assert await watch.presence("lina") == "online"
    await watch.after(1)
    assert await watch.presence("lina") == "away"
    await watch.shop.agents.update("lina", presence="online")
    absent_since = (await watch.agent("lina")).absent_since
    assert absent_since is not None
    watch.at = absent_since + timedelta(seconds=59)
    await watch.look()
    assert await watch.presence("lina") == "online"


async def test_only_who_asked_for_it_and_is_online_becomes_away(watch: Watch) -> None:
    await create(watch, "never", away_after_seconds=None)
    await create(watch, "gone", presence="offline")
    await create(watch, "out", enabled=False)
    await watch.after(100_000)
    assert [await watch.presence(login) for login in ("never", "gone", "out")] == ["online", "offline", "online"]


async def test_a_time_in_which_nobody_looked_counts_against_no_one_who_had_a_page(watch: Watch) -> None:
    await create(watch)
    await watch.look("lina")
    await watch.after(10_000)
    assert await watch.presence("lina") == "online"
    await watch.after(60)
    assert await watch.presence("lina") == "away"


async def test_while_no_console_is_up_nobody_is_blamed(watch: Watch) -> None:
    await create(watch)
    await watch.look("lina")
    await watch.pages.withdraw("console-1")
    for _ in range(3):
        watch.at += timedelta(seconds=100)
        await Attending(watch.shop.database, watch.shop.publisher, watch.now).look()
    assert await watch.presence("lina") == "online"
    await watch.after(0)
    await watch.after(59)
    assert await watch.presence("lina") == "online"
    await watch.after(1)
    assert await watch.presence("lina") == "away"


async def test_who_was_stored_before_any_of_this_counts_from_now(watch: Watch) -> None:
    await create(watch)
    await watch.shop.database["agents"].update_one({"_id": "lina"}, {"$unset": {"presence_at": 1, "absent_since": 1}})
    await watch.look()
    assert await watch.presence("lina") == "online"
    assert (await watch.agent("lina")).presence_at is not None
    await watch.after(60)
    assert await watch.presence("lina") == "away"


async def test_it_looks_only_every_few_seconds(watch: Watch) -> None:
    await create(watch)
    await watch.pages.say("console-1", (), watch.at)
    attending = Attending(watch.shop.database, watch.shop.publisher, watch.now)
    await attending.look()
    watch.at += EVERY * 0.9
    await watch.shop.database["agents"].update_one(
        {"_id": "lina"}, {"$set": {"absent_since": watch.at - timedelta(hours=1)}}
    )
    await attending.look()
    assert await watch.presence("lina") == "online"
    watch.at += EVERY * 0.1
    await attending.look()
    assert await watch.presence("lina") == "away"


async def test_everybody_hears_of_it(watch: Watch, amqp_url: str) -> None:
    heard: list[LiveHint] = []
    background = Background()
    async with linked(amqp_url, "listener") as link:
        background.spawn(listen(link, ("presence_changed",), heard.append), "listener")
        try:
            await create(watch)
            hello = PresenceChanged(agent_id="x", name="x", presence="online")

            async def connected() -> bool:
                await watch.shop.publisher.hint(hello)
                return hello in heard

            await eventually(connected)
            await watch.after(60)
            away = PresenceChanged(agent_id="lina", name="Lina", presence="away")
            await eventually(lambda: away in heard)
        finally:
            await background.stop()
