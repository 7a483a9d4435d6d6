"""Customers, an agent and desks that go on through a roll, each keeping the books of what it saw."""

import asyncio
import math
from typing import Any, Final

import aiohttp

from shared.conversation.model import Message
from tests.chaos.crowd import Crowd
from tests.console import house
from tests.console.screen import Screen
from tests.flow.town import Caller, Town
from tests.support.waiting import eventually

PACE_SECONDS: Final = 0.2
LOOK_SECONDS: Final = 0.05
DONE: Final = frozenset({200, 201})
SETTLING: Final = 202


class Passers(Crowd):
    """Customers who keep writing until it is over, at an even pace."""

    async def keep_writing(self, openid: str, until: asyncio.Event, *, first: str) -> None:
        await self.town.create_customer(openid)
        number, text = 0, first
        while not until.is_set():
            accepted = (await self.town.customer(openid, "say", {"text": text}))["accepted"]
            if accepted:
                self.said[openid].append(text)
            else:
                self.doubtful.add(text)
            number += 1
            text = f"什么时候发货 {number}"
            await asyncio.sleep(PACE_SECONDS)  # the load, not a wait


class Scribe:
    """An agent's script that answers whoever is theirs, and asks for all of it twice with one key, as in doubt."""

    def __init__(self, agent: Caller) -> None:
        self._agent = agent
        self.asked: dict[str, tuple[str, set[int]]] = {}
        """By text, which is the key as well: the conversation, and the statuses of the answers."""

    async def write(self, until: asyncio.Event) -> None:
        while not until.is_set():
            mine = await self._agent.must("GET", "/conversations?view=mine")
            for item in mine["items"]:
                key = f"答 {len(self.asked)}"
                body = {"client_id": key, "type": "text", "text": key}
                path = f"/conversations/{item['id']}/messages"
                statuses = {(await self._agent.call("POST", path, body))[0] for _ in range(2)}
                self.asked[key] = (item["id"], statuses)
            await asyncio.sleep(PACE_SECONDS)  # the load, not a wait

    def wrong(self, history: list[Message]) -> list[str]:
        """Where a command of these conversations was not carried out exactly once, or one refused was carried out."""
        found = [(m.conversation, getattr(m.content, "text", None)) for m in history if m.direction == "outbound"]
        return [
            f"{key}: {sorted(statuses)}, there {found.count((name, key))} times"
            for key, (name, statuses) in self.asked.items()
            if found.count((name, key)) != (1 if statuses & (DONE | {SETTLING}) else 0)
        ]


class Watcher:
    """A desk whose live socket is always open: ended, it comes back with the cursor it has, and asks nothing else."""

    def __init__(self, town: Town, url: str, token: str) -> None:
        caller = house.Caller(url, town.session, {})
        caller.headers = {"Authorization": f"Bearer {token}"}
        self.screen = Screen(caller)
        self.ends: list[int] = []
        """The code with which each of its sockets was ended."""
        self.refused: list[str] = []

    async def watch(self, until: asyncio.Event) -> None:
        while not until.is_set():
            try:
                async with self.screen.connected():
                    await eventually(lambda: self._ended() or until.is_set(), math.inf, LOOK_SECONDS)
            except aiohttp.ClientError as failure:
                self.refused.append(type(failure).__name__)
                await asyncio.sleep(LOOK_SECONDS)
            if self.screen.closed is not None:
                self.ends.append(self.screen.closed)

    def _ended(self) -> bool:
        return self.screen.closed is not None

    def missing(self, history: list[Message]) -> list[Any]:
        """The messages of which the desk does not have the newest state."""
        seen = self.screen.messages
        return [m.id for m in history if m.id not in seen or seen[m.id]["revision"] < m.revision]
