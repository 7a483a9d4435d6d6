"""What one customer sees in the chat, item by item, and the waiting for the next one or for any other change."""

import asyncio
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

KEPT_ITEMS: Final = 2_000
SERVICE_FAILURE: Final = "该小程序提供的服务出现故障，请稍后再试"

Sender = Literal["customer", "service", "notice"]


@dataclass(frozen=True, slots=True)
class Card:
    title: str
    path: str
    app_id: str
    media_id: str | None


@dataclass(frozen=True, slots=True)
class Link:
    title: str
    description: str
    url: str
    thumb_url: str


@dataclass(frozen=True, slots=True)
class Content:
    """What one item shows; `type` is WeChat's MsgType."""

    type: str
    text: str | None = None
    media_id: str | None = None
    card: Card | None = None
    link: Link | None = None
    ai_label: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    n: int
    at: datetime
    sender: Sender
    content: Content
    msg_id: str | None


class Phone:
    """Items are numbered from 1; the newest `KEPT_ITEMS` are kept. `revision` counts every change of what is shown."""

    def __init__(self) -> None:
        self.revision = 0
        self.items: deque[Item] = deque(maxlen=KEPT_ITEMS)
        self._shown = 0
        self._waiters: dict[asyncio.Future[None], int] = {}
        self._watchers: set[asyncio.Future[None]] = set()

    def show(self, at: datetime, sender: Sender, content: Content, msg_id: str | None = None) -> Item:
        self._shown += 1
        item = Item(self._shown, at, sender, content, msg_id)
        self.items.append(item)
        self._wake(item.n)
        self.touch()
        return item

    def touch(self) -> None:
        """Tell those who watch that something has changed: an item, the typing notice, the window, a push."""
        self.revision += 1
        _end_waiting(self._watchers)

    def after(self, n: int) -> list[Item]:
        return [item for item in self.items if item.n > n]

    def item(self, n: int) -> Item | None:
        return next((item for item in self.items if item.n == n), None)

    async def wait_after(self, n: int, seconds: float) -> None:
        """Return when there is an item after `n`, when `seconds` of real time have passed, or when let go."""
        if self._shown > n or seconds <= 0:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = n
        try:
            await asyncio.wait([waiter], timeout=seconds)
        finally:
            del self._waiters[waiter]

    def let_go(self) -> None:
        """Answer everyone who waits, item or not."""
        self._wake(None)
        _end_waiting(self._watchers)

    def _wake(self, shown: int | None) -> None:
        for waiter, n in self._waiters.items():
            if not waiter.done() and (shown is None or shown > n):
                waiter.set_result(None)

    def watched_by(self, watcher: asyncio.Future[None]) -> None:
        self._watchers.add(watcher)

    def left_by(self, watcher: asyncio.Future[None]) -> None:
        self._watchers.discard(watcher)


async def wait_for_any(phones: Collection[Phone], seconds: float) -> None:
    """Return when one of these has changed or let go, or when `seconds` of real time have passed."""
    watcher: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    for phone in phones:
        phone.watched_by(watcher)
    try:
        await asyncio.wait([watcher], timeout=seconds)
    finally:
        for phone in phones:
            phone.left_by(watcher)


def _end_waiting(watchers: Collection[asyncio.Future[None]]) -> None:
    for watcher in watchers:
        if not watcher.done():
            watcher.set_result(None)


def item_view(item: Item, base_url: str) -> dict[str, Any]:
    content = item.content
    return {
        "n": item.n,
        "at": item.at,
        "from": item.sender,
        "type": content.type,
        "text": content.text,
        "media_url": media_url(base_url, content.media_id),
        "card": _card_view(content.card, base_url),
        "link": _link_view(content.link),
        "ai_label": content.ai_label,
        "msg_id": item.msg_id,
    }


def media_url(base_url: str, media_id: str | None) -> str | None:
    """Where the sandbox itself serves a picture, as WeChat's PicUrl does."""
    return f"{base_url}/mmbiz/{media_id}/0" if media_id else None


def _card_view(card: Card | None, base_url: str) -> dict[str, Any] | None:
    if card is None:
        return None
    return {
        "title": card.title,
        "path": card.path,
        "app_id": card.app_id,
        "media_url": media_url(base_url, card.media_id),
    }


def _link_view(link: Link | None) -> dict[str, Any] | None:
    if link is None:
        return None
    return {"title": link.title, "description": link.description, "url": link.url, "thumb_url": link.thumb_url}
