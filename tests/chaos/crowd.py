"""Customers who keep writing and an agent who keeps answering, whatever is killed meanwhile."""

import asyncio
from collections import defaultdict
from itertools import count

import aiohttp

from tests.flow.town import Caller, Town
from tests.support.waiting import eventually

CUSTOMERS = 6
ROUNDS = 5


class Crowd:
    """Customers who keep writing, and an agent who keeps answering whoever is theirs."""

    def __init__(self, town: Town, prefix: str) -> None:
        self.town = town
        self.openids = [f"o-{prefix}-{n}" for n in range(CUSTOMERS)]
        self.said: dict[str, list[str]] = defaultdict(list)
        self.doubtful: set[str] = set()
        """Taken without an answer, or not at all: they may be in the history, once."""

    async def write(self, openid: str) -> None:
        """Every push is repeated by WeChat until it is taken; what never was, the customer says in other words."""
        await self.town.create_customer(openid)
        for number in range(ROUNDS):
            for attempt in count():
                text = f"{'人工' if number == 0 else openid} 说 {number}.{attempt}"
                if (await self.town.customer(openid, "say", {"text": text}))["accepted"]:
                    self.said[openid].append(text)
                    break
                self.doubtful.add(text)

    async def calm(self) -> None:
        """Wait until everything accepted is in the history and nothing is under way."""
        for openid in self.openids:
            await eventually(lambda openid=openid: self._calm(openid), within_seconds=120)  # type: ignore[misc] # bound now

    async def _calm(self, openid: str) -> bool:
        history = await self.town.history(openid)
        there = {getattr(message.content, "text", None) for message in history}
        return there.issuperset(self.said[openid]) and await self.town.settled(openid)

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
