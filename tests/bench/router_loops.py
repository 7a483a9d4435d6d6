"""Two loops the router is measured against, in a process like its own.

`plain`: one fact at a time, each step awaited: what one writes first. `raw`: batches of the same durable writes with
nothing decided: what the machine could do. `python -m tests.bench.router_loops plain|raw`
"""

import asyncio
import os
import sys
from collections.abc import Sequence

import uvloop

from services.router.together import Together
from shared.bus.connection import linked
from shared.bus.partition_consumer import PartitionConsumer, Received
from shared.bus.topology import Topology
from shared.clock import real_now
from shared.contracts import decode_fact
from shared.conversation.content import Text
from shared.conversation.decide import decide
from shared.conversation.facts import AnyFact, MessageReceived
from shared.conversation.ids import message_id
from shared.conversation.model import CUSTOMER, Conversation, Message
from shared.conversation.policy import Policy
from shared.store.conversations import Commit, ConversationStore, Entry
from shared.store.driver import Database
from shared.store.messages import MessageStore

POLICY = Policy(entry="agents")


class Loops:
    def __init__(self, database: Database) -> None:
        self.conversations = ConversationStore(database)
        self.messages = MessageStore(database)
        self._together = Together(self._write)

    async def plain(self, batch: list[Received]) -> None:
        for one in batch:
            await self._one(decode_fact(one.body))

    async def _one(self, fact: AnyFact) -> None:
        loaded = await self.conversations.load([fact.conversation_id])
        if await self.messages.existing([message_id(fact.conversation_id, fact.cause)]):
            return
        before = loaded[fact.conversation_id].conversation if loaded else _new(fact)
        decision = decide(before, fact, policy=POLICY, now=real_now())
        await self.conversations.commit([Commit(before.version, decision.conversation, (fact.id,), ())])
        await self.messages.insert(decision.messages)

    async def raw(self, batch: list[Received]) -> None:
        await self._together.settle([decode_fact(one.body) for one in batch])

    async def _write(self, facts: Sequence[AnyFact]) -> None:
        """As many conversation writes and message inserts as the router makes of the same facts, and as large."""
        names = {fact.conversation_id for fact in facts}
        loaded = await self.conversations.load(list(names))
        commits = []
        for name in names:
            stored = loaded[name].conversation
            made = tuple(_entry(fact) for fact in facts if fact.conversation_id == name)
            after = stored.but(version=stored.version + len(made), last_seq=stored.last_seq + len(made))
            commits.append(Commit(stored.version, after, tuple(entry.cause for entry in made), made))
        await self.conversations.commit(commits)
        await self.messages.insert(
            [message for commit in commits for entry in commit.entries for message in entry.messages]
        )


def _entry(fact: AnyFact) -> Entry:
    message = Message(
        id=message_id(fact.conversation_id, fact.cause),
        conversation=fact.conversation_id,
        app_id=fact.app_id,
        seq=hash(fact.cause) & 0x7FFFFFFF,
        revision=1,
        direction="inbound",
        sender=CUSTOMER,
        content=fact.content if isinstance(fact, MessageReceived) else Text(text=""),
        at=fact.occurred_at,
        cause=fact.cause,
    )
    return Entry(cause=fact.cause, version=1, messages=(message,))


def _new(fact: AnyFact) -> Conversation:
    return Conversation(id=fact.conversation_id, app_id=fact.app_id, openid=getattr(fact, "openid", ""))


async def run(which: str) -> None:
    database = Database(os.environ["MONGO_URL"], os.environ["MONGO_DB"])
    loops = Loops(database)
    handle = loops.plain if which == "plain" else loops.raw
    async with linked(os.environ["AMQP_URL"], which) as link:
        consumers = [
            PartitionConsumer(link, queue, handle, database.alive, prefetch=400)
            for queue in Topology().queues()
            if queue.startswith("router")
        ]
        await asyncio.gather(*(consumer.run() for consumer in consumers))


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1]))
