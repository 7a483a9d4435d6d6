"""A client of the live socket that keeps what it is told, as the desk does."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from pydantic import TypeAdapter

from services.console import frames
from tests.console.house import Caller, Customer
from tests.support.waiting import eventually

READ_SECONDS = 20.0


FRAME: TypeAdapter[Any] = TypeAdapter(
    frames.ReadyFrame
    | frames.ResetFrame
    | frames.PongFrame
    | frames.ConversationFrame
    | frames.MessageFrame
    | frames.CommandFrame
    | frames.PresenceFrame
    | frames.SeenFrame
    | frames.SettingsFrame
)
"""Every frame must be one the document describes."""


class Screen:
    """What one agent has before them: the newest of each conversation and message, and all else that was said."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.cursor: str | None = None
        self.conversations: dict[str, Any] = {}
        self.messages: dict[str, Any] = {}
        self.others: list[Any] = []
        self.told: Counter[tuple[str, int]] = Counter()
        self.resets = 0
        self.closed: int | None = None

    @asynccontextmanager
    async def connected(self, **more: Any) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A socket that has said hello and is read in the background until it is closed."""
        self.closed = None
        async with self.caller.live(**more) as socket:
            await socket.send_json({"type": "hello", "cursor": self.cursor})
            reader = asyncio.create_task(self._read(socket))
            try:
                yield socket
            finally:
                reader.cancel()
                await asyncio.gather(reader, return_exceptions=True)

    @asynccontextmanager
    async def ready(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """The same, once it has been told everything it missed."""
        before = sum(one["type"] == "ready" for one in self.others)
        async with self.connected() as socket:
            await eventually(lambda: sum(one["type"] == "ready" for one in self.others) > before)
            yield socket

    async def glance(self, frames_read: int) -> None:
        """Connect, read at most so many frames, and be cut off."""
        async with self.caller.live() as socket:
            await socket.send_json({"type": "hello", "cursor": self.cursor})
            for _ in range(frames_read):
                try:
                    frame = await socket.receive_json(timeout=1.0)
                except TimeoutError:
                    break
                self.take(frame)
            await _cut(socket)

    def take(self, frame: Any) -> None:
        assert FRAME.validate_python(frame).model_dump(mode="json").keys() == frame.keys()
        self.cursor = frame.get("cursor", self.cursor)
        match frame["type"]:
            case "conversation":
                self._keep(self.conversations, frame["conversation"], "version")
            case "message":
                assert frame["message"]["id"].startswith(frame["conversation_id"])
                self._keep(self.messages, frame["message"], "revision")
            case "reset":
                self.resets += 1
            case _:
                self.others.append(frame)

    def of(self, customer: Customer) -> list[Any]:
        """The messages of one conversation, in order."""
        return sorted((one for name, one in self.messages.items() if name.startswith(customer.id)), key=_seq)

    def delivery(self, message: Any) -> Any:
        """How a message's delivery stands here; None where the message was not told yet."""
        return self.messages.get(message["id"], {}).get("delivery")

    def said(self, kind: str) -> list[Any]:
        return [frame for frame in self.others if frame["type"] == kind]

    def _keep(self, kept: dict[str, Any], told: Any, newer: str) -> None:
        self.told[told["id"], told[newer]] += 1
        if told["id"] not in kept or kept[told["id"]][newer] < told[newer]:
            kept[told["id"]] = told

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            self.take(message.json())
        self.closed = socket.close_code


async def _cut(socket: aiohttp.ClientWebSocketResponse) -> None:
    """As when the network goes: no close frame, nothing."""
    writer = socket._writer
    writer.transport.abort()


def _seq(message: Any) -> int:
    return int(message["seq"])
