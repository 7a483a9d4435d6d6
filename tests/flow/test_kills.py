"""Each service is killed with -9 in the middle of conversations, and started again: every book still agrees."""

import asyncio
from collections import defaultdict

import aiohttp
import pytest

from tests.flow.town import Books, Caller, Town
from tests.support.waiting import eventually

CUSTOMERS = 6
ROUNDS = 5


class Crowd:
    """Customers who keep writing, and an agent who keeps answering whoever is theirs."""

    def __init__(self, town: Town, prefix: str) -> None:
        self.town = town
        self.openids = [f"o-{prefix}-{n}" for n in range(CUSTOMERS)]
        self.said: dict[str, list[str]] = defaultdict(list)

    async def write(self, openid: str) -> None:
        """Every push is repeated by WeChat until it is taken; one that never was is said again by the customer."""
        await self.town.create_customer(openid)
        for number in range(ROUNDS):
            text = "人工" if number == 0 else f"{openid} 说 {number}"
            while not (await self.town.customer(openid, "say", {"text": text}))["accepted"]:
                await self.forget_untaken(openid, text)
            self.said[openid].append(text)

    async def forget_untaken(self, openid: str, text: str) -> None:
        """Refused for good, or taken without an answer: then it may be there, and counts as said."""
        history = await self.town.history(openid)
        if [getattr(m.content, "text", "") for m in history].count(text) > self.said[openid].count(text):
            self.said[openid].append(text)

    async def answer(self, agent: Caller, until: asyncio.Event) -> None:
        """Answer each conversation that is ours, as a script would that does not give up."""
        turn = 0
        while not until.is_set():
            turn += 1
            try:
                mine = await agent.must("GET", "/conversations?view=mine")
                for item in mine["items"]:
                    body = {"client_id": f"t{turn}", "type": "text", "text": f"答 {item['id'][:4]} {turn}"}
                    await agent.call("POST", f"/conversations/{item['id']}/messages", body)
            except (AssertionError, OSError, aiohttp.ClientError):
                await asyncio.sleep(0.2)
            await asyncio.sleep(0.3)


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
    for openid in crowd.openids:
        await eventually(lambda openid=openid: town.settled(openid), within_seconds=90)  # type: ignore[misc] # bound now
    await eventually(lambda: all_said(crowd), within_seconds=60)
    await Books(town).check(crowd.openids, crowd.said)


async def all_said(crowd: Crowd) -> bool:
    """Every accepted text has reached the history."""
    for openid in crowd.openids:
        history = await crowd.town.history(openid)
        if sum(m.direction == "inbound" for m in history) < len(crowd.said[openid]):
            return False
    return True
