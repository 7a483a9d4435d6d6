"""A router's parts on a real database and broker, and the books they leave behind."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from services.router.batch import Batch
from services.router.carrying import Carrier
from services.router.offers import Offers
from shared.bus.connection import linked
from shared.bus.publisher import Publisher
from shared.bus.topology import Topology, declare
from shared.conversation.model import Conversation, Message
from shared.conversation.policy import Policy
from shared.steps import Step, no_step
from shared.store.agents import Agent, AgentStore, Presence
from shared.store.apps import App
from shared.store.attendance import Attendance
from shared.store.conversations import ConversationStore
from shared.store.dead import DeadStore
from shared.store.driver import Database
from shared.store.indexes import ensure_indexes
from shared.store.messages import MessageStore
from tests.support.facts import NOON

SMALL = Topology(router_partitions=2, sender_partitions=2)


class Stopped(Exception):
    """The process ends here."""


class StopAt:
    """A step that ends the process the first time it comes to one name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.stopped = False

    async def __call__(self, name: str) -> None:
        if name == self._name and not self.stopped:
            self.stopped = True
            raise Stopped(name)


class Workshop:
    """Makes batches as a fresh process would, and reads what they wrote."""

    def __init__(self, database: Database, publisher: Publisher) -> None:
        self.database = database
        self.publisher = publisher
        self.conversations = ConversationStore(database)
        self.messages = MessageStore(database)
        self.agents = AgentStore(database)
        self.attendance = Attendance(database)
        self.dead = DeadStore(database)
        self.policy = Policy(bot_turn_seconds=300)
        self.apps: list[App] = []
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def batch(self, step: Step = no_step) -> Batch:
        carrier = Carrier(self.database, self.publisher, step)
        return Batch(self.conversations, self.messages, carrier, lambda _: self.policy, self.now, step)

    def offers(self, step: Step = no_step) -> Offers:
        return Offers(self.database, self.publisher, lambda _: self.policy, lambda: self.apps, self.now, step)

    async def create_agent(self, login: str, *, capacity: int = 5, presence: Presence = "online", **more: Any) -> Agent:
        agent = Agent(id=login, name=login.title(), capacity=capacity, presence=presence, **more)
        await self.agents.add(agent)
        return agent

    async def conversation(self, name: str) -> Conversation:
        conversation = await self.conversations.get(name)
        assert conversation is not None
        return conversation

    async def history(self, name: str) -> list[Message]:
        """The messages in order; fails unless `seq` counts 1, 2, 3 without gap or repeat."""
        messages = await self.messages.page(name, after_seq=0, limit=10_000)
        assert [message.seq for message in messages] == list(range(1, len(messages) + 1))
        assert not [name for name, times in Counter(m.id for m in messages).items() if times > 1]
        return messages


@asynccontextmanager
async def workshop(database: Database, amqp_url: str) -> AsyncIterator[Workshop]:
    await ensure_indexes(database)
    async with linked(amqp_url, "test") as link:
        await declare(link, SMALL)
        yield Workshop(database, Publisher(link, SMALL))
