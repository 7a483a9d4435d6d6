"""What changed in MongoDB, told to the feed: at once where a hint says so, within seconds where none came.

A hint names what was written. Hints that arrive within a few milliseconds are looked up together, once for all
sockets. Behind them a sweep asks MongoDB itself what changed since it last asked: a lost hint is late, never missing.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

import structlog

from services.console import frames
from services.console.api import shapes
from services.console.feed import Feed
from services.console.frames import Change
from shared.contracts.hints import ConversationChanged
from shared.conversation.model import Conversation, Message
from shared.observe import metrics
from shared.outage import Outage
from shared.store.changes import Changes, Stamp, Standing, Touched
from shared.store.conversation_lists import ConversationLists
from shared.store.history import overlaid
from shared.store.unsettled import UnsettledCommands

log = structlog.get_logger()

COLLECT_SECONDS: Final = (0.003, 0.05)
"""How long hints are collected: at least, and at most; in between as long as the last look-up took."""
NOTED_AT_MOST: Final = 20_000
"""Changes that wait to be looked up; beyond that the sweep finds them."""
REMEMBERED: Final = 100_000
SWEPT_AT_MOST: Final = 100_000
"""After a long outage there may be more; then everyone is better off loading again."""
SLACK_SECONDS: Final = 3
"""A change may become visible this much after its own time and still be found by the next sweep …"""
DEEP_SLACK_SECONDS: Final = 30
"""… and this much, by every DEEP_EVERY-th; the same slack as a replay has."""
DEEP_EVERY: Final = 10


class Told:
    """At which revision each thing was last told; the oldest are forgotten, which only means telling them twice."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._revisions: OrderedDict[str, int] = OrderedDict()

    def knows(self, name: str, revision: int) -> bool:
        return self._revisions.get(name, -1) >= revision

    def note(self, name: str, revision: int) -> bool:
        """False where this revision, or a newer one, was told before."""
        if self.knows(name, revision):
            return False
        self._revisions.pop(name, None)
        self._revisions[name] = revision
        if len(self._revisions) > self._most:
            self._revisions.popitem(last=False)
        return True


class Watch:
    def __init__(
        self,
        feed: Feed,
        changes: Changes,
        unsettled: UnsettledCommands,
        lists: ConversationLists,
        shown: Callable[[Conversation], shapes.Conversation],
        now: Callable[[], datetime],
    ) -> None:
        self._now = now
        self._feed = feed
        self._changes = changes
        self._unsettled = unsettled
        self._lists = lists
        self._shown = shown
        self._told = Told()
        self._conversations: set[str] = set()
        self._messages: set[str] = set()
        self._something = asyncio.Event()
        self._look = asyncio.Event()
        self._begun = asyncio.Event()
        self._sweeps = 0
        self._swept_at: float | None = None

    def hear(self, hint: ConversationChanged) -> None:
        """Note what to look up. Never waits."""
        if not self._feed.wants(hint.app_id):
            return
        if len(self._conversations) + len(self._messages) > NOTED_AT_MOST:
            self._look.set()
            return
        if not self._told.knows(hint.conversation_id, hint.version):
            self._conversations.add(hint.conversation_id)
        self._messages.update(hint.message_ids)
        self._something.set()

    async def look_now(self) -> None:
        """Hints may have been missed: sweep without waiting."""
        self._look.set()

    def fresh(self, within_seconds: float) -> bool:
        """Whether the last sweep that succeeded is no older than this."""
        return self._swept_at is not None and asyncio.get_running_loop().time() - self._swept_at < within_seconds

    async def first_sweep(self) -> None:
        """Return once there is a horizon: a cursor given out before would mean nothing."""
        await self._begun.wait()

    async def follow_hints(self) -> None:
        """Run until cancelled."""
        least, most = COLLECT_SECONDS
        loop = asyncio.get_running_loop()
        took = 0.0
        while True:
            await self._something.wait()
            await asyncio.sleep(min(most, max(least, took)))
            began = loop.time()
            try:
                await self._tell_noted()
            except Outage as outage:
                log.warning("feed_delayed", reason=str(outage))
                self._look.set()
            took = loop.time() - began

    async def sweep_forever(self, every_seconds: float) -> None:
        """Run until cancelled."""
        while True:
            try:
                await self.sweep()
            except Outage as outage:
                log.warning("feed_delayed", reason=str(outage), retry_seconds=every_seconds)
            else:
                self._swept_at = asyncio.get_running_loop().time()
                self._begun.set()
            self._look.clear()
            try:
                async with asyncio.timeout(every_seconds):
                    await self._look.wait()
            except TimeoutError:
                continue

    async def sweep(self) -> None:
        """Tell what no hint told. Only then does the horizon move: what is told meanwhile carries the old cursor."""
        until = await self._changes.now()
        if self._feed.horizon == Stamp(0, 0):
            self._feed.horizon = until
        self._sweeps += 1
        slack = DEEP_SLACK_SECONDS if self._sweeps % DEEP_EVERY == 0 else SLACK_SECONDS
        since = self._feed.horizon.earlier(slack)
        touched = await self._changes.touched_conversations(since, SWEPT_AT_MOST)
        written = await self._changes.touched_messages(since, SWEPT_AT_MOST)
        if max(len(touched), len(written)) < SWEPT_AT_MOST:
            await self._tell_untold(self._untold(touched), self._untold(written))
        else:
            self._feed.tell_everyone(frames.RESET)
        await self._tell_settled(since)
        self._feed.horizon = until

    async def _tell_untold(self, conversations: list[str], messages: list[str]) -> None:
        standing = await self._changes.conversations(conversations, pending=True)
        await self._tell(standing, [*messages, *_pending_ids(standing)])

    async def _tell_noted(self) -> None:
        self._something.clear()
        conversations, self._conversations = self._conversations, set()
        messages, self._messages = self._messages, set()
        standing = await self._changes.conversations(conversations)
        await self._tell(standing, messages)
        self._measure_lag(standing)

    async def _tell(self, standing: list[Standing], message_ids: Iterable[str]) -> None:
        """Messages first: whoever hears that a conversation has five finds all five."""
        entries = [entry for one in standing for entry in one.pending]
        stored = await self._changes.messages(dict.fromkeys(message_ids))
        messages = overlaid(stored, entries) if entries else sorted(stored, key=lambda message: message.seq)
        changes = [frames.message_change(message) for message in messages if self._told_first(message)]
        for conversation, _ in standing:
            if self._told.note(conversation.id, conversation.version):
                changes += self._change(conversation)
        self._feed.tell_changes(changes)

    def _measure_lag(self, standing: list[Standing]) -> None:
        now = self._now()
        for conversation, _ in standing:
            if conversation.decided_at is not None:
                metrics.console_feed_lag_seconds.observe(max(0.0, (now - conversation.decided_at).total_seconds()))

    def _told_first(self, message: Message) -> bool:
        return self._told.note(message.id, message.revision) and self._feed.wants(message.app_id)

    def _change(self, conversation: Conversation) -> list[Change]:
        if conversation.deleted_at is not None:
            # A deleted customer must go from every screen; the frames have no word for that but to load again.
            self._feed.tell_app(conversation.app_id, frames.RESET)
            return []
        if conversation.updated_at is None:
            return []
        return [frames.conversation_change(conversation.app_id, self._shown(conversation))]

    def _untold(self, touched: list[Touched]) -> list[str]:
        return [
            one.id for one in touched if not self._told.knows(one.id, one.revision) and self._feed.wants(one.app_id)
        ]

    async def _tell_settled(self, since: Stamp) -> None:
        """Commands answered 202: note the verdicts that are there now, and tell them to whoever asked."""
        for command in await self._unsettled.unsettled():
            verdict = await self._lists.verdict(command.conversation, command.command_id)
            if verdict is not None:
                await self._unsettled.settle(command.command_id, verdict)
        agents = {listener.agent_id for listener in self._feed.listeners}
        for command in await self._unsettled.settled_since(since, agents) if agents else []:
            if command.verdict is not None and self._told.note(f"command:{command.command_id}", 0):
                self._feed.tell_agent(command.agent_id, frames.command(command.verdict))


def _pending_ids(standing: list[Standing]) -> list[str]:
    return [message.id for one in standing for entry in one.pending for message in entry.messages]
