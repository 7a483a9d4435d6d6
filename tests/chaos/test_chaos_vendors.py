"""A vendor is dead for ten minutes of load, by the controllable clock: nobody waits for it, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.local.seed import APP_ID
from shared.conversation.content import Event
from shared.conversation.model import Message
from shared.store.vendor_accounts import BreakerStore
from tests.chaos.crowd import Crowd
from tests.flow.qiyu_desk import ACCOUNT, PATIENCE_SECONDS, QiyuDesk, switch
from tests.flow.town import Books, Town, town
from tests.support.services import KEYS
from tests.support.waiting import NeverHeld, eventually

STEP_SECONDS = 20
OUTAGE_STEPS = 30
"""Ten minutes, by the clock of the sandbox."""
ALLOWED_SECONDS = 20 + 2 * STEP_SECONDS
"""The account's patience, and what the clock may jump before its end and before what follows is decided."""


class Bridged(Crowd):
    """Customers of an app that Qiyu serves, who go on writing whatever happens there."""

    def __init__(self, town: Town, prefix: str) -> None:
        super().__init__(town, prefix)
        self.qiyu = QiyuDesk(town)

    async def say(self, openid: str, number: int) -> None:
        text = f"{openid} 说 {number}"
        assert (await self.town.customer(openid, "say", {"text": text}))["accepted"]
        self.said[openid].append(text)

    async def everyone_says(self, number: int) -> None:
        await asyncio.gather(*(self.say(openid, number) for openid in self.openids))

    async def told(self, openid: str) -> None:
        """Everything they wrote before has reached Qiyu."""
        await self.qiyu.hears(openid, self.said[openid][-1])

    async def goes_to_qiyu_again(self, newcomers: list[str]) -> bool:
        """Whether one more customer does; the first may come before every router has heard of the recovery."""
        newcomers.append(await self.town.create_customer(f"o-outage-newcomer-{len(newcomers)}"))
        await self.say(newcomers[-1], 0)
        with suppress(NeverHeld):
            return await eventually(lambda: _is_with(self.town, newcomers[-1], "vendor"), within_seconds=3)
        return False

    async def fell_back_within(self, openid: str) -> float:
        """How long, by the clock, their first message that Qiyu did not take had to wait."""
        history = await self.town.history(openid)
        left = next(m for m in history if _event(m) == "session_unbridged")
        before = [m for m in history if m.seq < left.seq and m.direction == "inbound" and m.delivery is not None]
        untaken = next(m for m in before if m.delivery is not None and m.delivery.state != "sent")
        return (left.at - untaken.at).total_seconds()


@pytest.fixture
async def vendor_town(amqp_url: str, mongo_url: str, mongo_db: str, tmp_path: Path) -> AsyncIterator[Town]:
    servers = {"AMQP_URL": amqp_url, "MONGO_URL": mongo_url, "MONGO_DB": mongo_db, "WXDESK_SECRET_KEYS": KEYS}
    async with town(servers, tmp_path) as made:
        await QiyuDesk(made).set_up(await made.log_in("admin", presence=None))
        yield made


@pytest.mark.timeout(300)
async def test_a_vendor_is_dead_for_ten_minutes(vendor_town: Town) -> None:
    town, crowd = vendor_town, Bridged(vendor_town, "outage")
    admin, lina = await town.log_in("admin", presence=None), await town.log_in("lina")
    await lina.must("PATCH", "/me", {"auto_accept": True, "capacity": 100})
    await switch(admin, "vendor", ACCOUNT)
    for openid in crowd.openids:
        await town.create_customer(openid)
    await crowd.everyone_says(0)
    await asyncio.gather(*(crowd.told(openid) for openid in crowd.openids))
    await crowd.calm()

    await crowd.qiyu.call("PUT", "/faults", {"api": [{"path": "/openapi/", "dead": True}]})
    over = asyncio.Event()
    answering = asyncio.create_task(crowd.answer(lina, over))
    await crowd.everyone_says(1)
    await eventually(lambda: _breaker_is(town, "open"), PATIENCE_SECONDS)
    for step in range(2, OUTAGE_STEPS + 1):
        await crowd.everyone_says(step)
        await town.sandbox("POST", "/clock", {"advance_seconds": STEP_SECONDS})
    for openid in crowd.openids:
        await eventually(lambda openid=openid: _is_with(town, openid, "agent"), PATIENCE_SECONDS)  # type: ignore[misc] # bound now
    assert await _breaker(town) in {"open", "half_open"}
    over.set()
    await answering

    await crowd.qiyu.call("DELETE", "/faults")
    await town.sandbox("POST", "/clock", {"advance_seconds": 60})
    await eventually(lambda: _breaker_is(town, "closed"), PATIENCE_SECONDS)
    newcomers: list[str] = []
    await eventually(lambda: crowd.goes_to_qiyu_again(newcomers), PATIENCE_SECONDS, every_seconds=0.5)
    await crowd.qiyu.hears(newcomers[-1], crowd.said[newcomers[-1]][-1])

    crowd.openids.extend(newcomers)
    await crowd.calm()
    await Books(town).check(crowd.openids, crowd.said)
    for openid in set(crowd.openids) - set(newcomers):
        heard = await crowd.qiyu.heard(openid)
        assert heard == [text for text in crowd.said[openid] if text in heard], "in order, each once"
        assert await crowd.fell_back_within(openid) <= ALLOWED_SECONDS


async def _breaker(town: Town) -> str | None:
    found = await BreakerStore(town.database).get(APP_ID, ACCOUNT)
    return found.state if found else None


async def _breaker_is(town: Town, state: str) -> bool:
    return await _breaker(town) == state


async def _is_with(town: Town, openid: str, state: str) -> bool:
    conversation = await town.conversation(openid)
    return conversation is not None and conversation.session is not None and conversation.session.state == state


def _event(message: Message) -> str | None:
    return message.content.name if isinstance(message.content, Event) else None
