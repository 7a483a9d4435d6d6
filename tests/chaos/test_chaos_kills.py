"""Each service is killed with -9 in the middle of conversations, and started again: every book still agrees."""

import asyncio

import pytest

from tests.chaos.crowd import CUSTOMERS, Crowd
from tests.flow.town import Books, Town
from tests.support.waiting import eventually


@pytest.mark.parametrize("service", ["gateway", "router", "sender", "bot", "console"])
async def test_killed_in_mid_conversation_and_started_again(shared_town: Town, service: str) -> None:
    town = shared_town
    crowd = Crowd(town, f"kill-{service}")
    lina = await town.log_in("lina")
    await lina.must("PATCH", "/me", {"auto_accept": True, "capacity": 100})
    over = asyncio.Event()
    answering = asyncio.create_task(crowd.answer(lina, over))
    writing = asyncio.gather(*(crowd.write(openid) for openid in crowd.openids))
    await eventually(lambda: sum(len(texts) for texts in crowd.said.values()) >= CUSTOMERS)
    await town.kill(service)
    await town.start(service)
    await writing
    over.set()
    await answering
    await crowd.calm()
    await Books(town).check(crowd.openids, crowd.said, frozenset(crowd.doubtful))
