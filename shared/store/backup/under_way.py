"""What was under way when a backup was made, once it is restored and before anybody serves from it.

Between the backup and the day it is restored, WeChat was very likely given what the backup shows as still to be sent,
and nobody can know. So nothing of it is sent: it is `unknown`, which agents see and may send again by hand.

- What facts still had to add to the history is added; customers who were to be erased are.
- Messages `held` until the customer writes: unknown, and held no longer.
- Sends that waited, or whose command was on its way in RabbitMQ: settled as unknown; the sender tells the conversations
  when it starts, so that their quotas and sessions follow. Attempts under way end so by themselves.
- Outcomes that were on their way to the conversation: told again.
- A change of the topology that had begun: called off, so that gateways publish.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from pymongo import InsertOne

from shared.conversation.commands import CallVendor, EraseCustomer, RecordDecision, RecordSession, SendMessage
from shared.conversation.model import RANKS
from shared.store.conversations import STAMP, Entry, opened
from shared.store.driver import Collection, Database, Doc
from shared.store.erasing import Eraser
from shared.store.messages import MessageStore
from shared.store.records import DecisionRecords, SessionRecords
from shared.store.sends import KEPT, Settlement, id_of, row_of
from shared.store.topology import lift_hold

CODE: Final = "restored"
REASON: Final = "系统从备份恢复，无法知道这条消息是否已发出。"
_AT_ONCE: Final = 500
_SHOWN: Final[Doc] = {"conversation": 1, "app_id": 1, "revision": 1, "direction": 1}
_UNFINISHED: Final = {"$or": [{"pending.0": {"$exists": True}}, {"held.0": {"$exists": True}}]}


class Settled(NamedTuple):
    """How much was under way: messages now unknown, and conversations whose books were closed."""

    unknown: int
    conversations: int


class UnderWay:
    """Each step may be done again. `now` is real time."""

    def __init__(self, database: Database, now: datetime) -> None:
        self._database = database
        self._conversations: Collection = database["conversations"]
        self._messages: Collection = database["messages"]
        self._sends: Collection = database["sends"]
        self._now = now
        self._settlement = Settlement(outcome="unknown", at=now, code=CODE, reason=REASON)
        self._unknown = {
            "state": "unknown",
            "rank": RANKS["unknown"],
            "at": now,
            "code": CODE,
            "reason": REASON,
        }

    async def settle(self) -> Settled:
        unknown = conversations = 0
        async for docs in self._conversations.batches(_UNFINISHED, size=_AT_ONCE):
            for doc in docs:
                unknown += await self._close_books(doc)
            conversations += len(docs)
        unknown += await self._settle_deferred()
        await lift_hold(self._database)
        return Settled(unknown + await self._settle_messages(), conversations)

    async def _close_books(self, doc: Doc) -> int:
        """One conversation: what followed from its last facts is carried out, and what it held is let go.

        How many messages are unknown by this.
        """
        loaded = opened(doc)
        found = 0
        for entry in sorted(loaded.pending.values(), key=lambda entry: entry.version):
            found += await self._carry_out(entry)
        held = [one.message_id for one in loaded.conversation.held]
        unknown = {"$set": {"delivery": self._unknown}, "$currentDate": STAMP}
        found += await self._messages.update_many({"_id": {"$in": held}, "delivery.state": "held"}, unknown)
        done = {"$set": {"pending": [], "held": []}, "$currentDate": STAMP}
        await self._conversations.update_one({"_id": doc["_id"]}, done)
        return found

    async def _carry_out(self, entry: Entry) -> int:
        """As the router does, but for what went out by RabbitMQ; how many sends of it are unknown now."""
        found = 0
        store = MessageStore(self._database)
        await store.insert(entry.messages)
        await store.change(entry.changes)
        for command in entry.commands:
            match command:
                case SendMessage() | CallVendor():
                    found += await self._settle_unstarted(command)
                case RecordSession():
                    await SessionRecords(self._database).save(command)
                case RecordDecision():
                    await DecisionRecords(self._database).save_route(command)
                case EraseCustomer():
                    await Eraser(self._database).erase(command.conversation_id, command.last_seq)
                case _:
                    # Turns, claims, handovers and pictures have deadlines, or somebody who asks again.
                    pass
        return found

    async def _settle_unstarted(self, command: SendMessage | CallVendor) -> int:
        row = row_of(command).but(state="settled", due_at=self._now, settlement=self._settlement)
        return await self._insert(
            [{"_id": id_of(command), "line": row.line, **row.model_dump(exclude_none=True, exclude={"id"})}]
        )

    async def _settle_deferred(self) -> int:
        fields = {"state": "settled", "settlement": self._settled_fields(), "due_at": self._now}
        fields["forget_at"] = self._now + KEPT
        gone = {"command": "", "why": "", "claim": "", "attempt": ""}
        return await self._sends.update_many({"state": "deferred"}, {"$set": fields, "$unset": gone})

    async def _settle_messages(self) -> int:
        """Messages that show as being sent, though nobody has them in hand any more; how many are unknown by this."""
        unknown = 0
        async for docs in self._messages.batches({"delivery.state": "sending"}, _SHOWN, size=_AT_ONCE):
            outbound = [doc for doc in docs if doc["direction"] == "outbound"]
            rows = await self._rows([doc["_id"] for doc in outbound])
            unknown += await self._insert([self._row(doc) for doc in outbound if doc["_id"] not in rows])
            await self._tell_again(rows)
            unknown += await self._settle_relays([doc["_id"] for doc in docs if doc not in outbound])
        return unknown

    async def _settle_relays(self, ids: list[str]) -> int:
        """Customers' messages on their way to a vendor that no row answers for."""
        found = await self._sends.find({"called.message_id": {"$in": ids}}, {"called.message_id": 1})
        await self._tell_again([doc["_id"] for doc in found])
        lost = set(ids) - {doc["called"]["message_id"] for doc in found}
        unknown = {"$set": {"delivery": self._unknown}, "$currentDate": STAMP}
        return await self._messages.update_many({"_id": {"$in": list(lost)}}, unknown)

    async def _tell_again(self, sends: Iterable[str]) -> None:
        """Outcomes that were told, and not heard before the backup was made."""
        told = {"_id": {"$in": list(sends)}, "state": "settled", "due_at": None}
        await self._sends.update_many(told, {"$set": {"due_at": self._now}})

    async def _rows(self, ids: list[str]) -> set[str]:
        return {doc["_id"] for doc in await self._sends.find({"_id": {"$in": ids}}, {"_id": 1})}

    def _row(self, message: Doc) -> Doc:
        """Of a message whose command was in RabbitMQ, and is gone with it."""
        return {
            "_id": message["_id"],
            "line": message["conversation"],
            "conversation": message["conversation"],
            "app_id": message["app_id"],
            "place": [message["revision"], 0],
            "state": "settled",
            "expires_at": self._now,
            "trace_id": CODE,
            "due_at": self._now,
            "settlement": self._settled_fields(),
        }

    async def _insert(self, rows: list[Doc]) -> int:
        """How many; those that have a row keep it."""
        if not rows:
            return 0
        kept = await self._sends.bulk_write([InsertOne(row | {"forget_at": self._now + KEPT}) for row in rows])
        return len(rows) - len(kept)

    def _settled_fields(self) -> dict[str, Any]:
        return self._settlement.model_dump(exclude_none=True)
