"""Sends that were started or had to wait: their place in the conversation's order, their attempts, their outcome.

A call to a vendor is a send, too. What goes to one customer by one way is a *line*: one at a time, in order. WeChat is
one way, each vendor account another, and they do not wait for each other.

A row leaves by the TTL index only once it is settled, a week after it expired: what has no outcome never vanishes.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import Field
from pymongo import InsertOne, UpdateOne

from shared.clock import real_now
from shared.contracts import vendor_lane
from shared.conversation.commands import CallVendor, Relay, SendMessage
from shared.conversation.content import Frozen
from shared.conversation.quota import Outcome
from shared.conversation.vendor_facts import CallKind, Stood
from shared.store.driver import DUPLICATE_KEY, Collection, Database, Doc

KEPT: Final = timedelta(days=7)
CLAIM_SECONDS: Final = 60
ATTENDED: Final[Doc] = {"due_at": {"$type": "date"}}
"""Rows that somebody must come back to; the partial indexes hold these alone."""

SendState = Literal["started", "deferred", "settled"]
Outgoing = Annotated[SendMessage | CallVendor, Field(discriminator="kind")]
"""What goes out by way of the collection: to the customer, or to a vendor on their behalf."""


class Attempt(Frozen):
    """One try. `at` is by the clock, as WeChat's times are; after `deadline`, by real time, it is unknown."""

    id: str
    at: datetime
    deadline: datetime


class Settlement(Frozen):
    """How a send ended, or that nobody can know. `stood` and `down` are as in VendorAnswered."""

    outcome: Outcome
    at: datetime
    code: str | None = None
    reason: str | None = None
    window_closed: bool = False
    down: bool = False
    stood: Stood | None = None


class Called(Frozen):
    """Which vendor account is called, and what for: as much of the command as its answer has to name."""

    vendor: str
    account: str
    call: CallKind
    bridging: int
    message_id: str | None = None


class StoredSend(Frozen):
    """One send. `due_at` is when to come back to it, None once nothing is left to do.

    It is by the clock for a deferred send, and by real time for a started one (its attempt's deadline) and for a
    settled one, whose outcome may not have been published. `why` names what a deferred one waits for; only that one
    keeps the `command`. `called` is there for a call to a vendor.
    """

    id: str
    conversation: str
    app_id: str
    place: tuple[int, int]
    state: SendState
    expires_at: datetime
    trace_id: str
    due_at: datetime | None = None
    why: str | None = None
    tries: int = 0
    attempt: Attempt | None = None
    settlement: Settlement | None = None
    command: Outgoing | None = None
    called: Called | None = None

    @property
    def lane(self) -> str | None:
        """The vendor's lane; None for a message to the customer, which goes through its app's."""
        return vendor_lane(self.called.vendor, self.called.account) if self.called else None

    @property
    def line(self) -> str:
        return line_of(self.conversation, self.lane)

    @property
    def reached(self) -> bool:
        """Whether the other side has it, or may have it."""
        return self.settlement is not None and self.settlement.outcome in {"sent", "unknown"}

    @property
    def unsettled(self) -> bool:
        return self.state != "settled"

    @property
    def guard(self) -> Doc:
        """What holds for as long as nobody has changed the row's state."""
        guard: Doc = {"_id": self.id, "state": self.state, "due_at": self.due_at}
        return guard | {"attempt.id": self.attempt.id} if self.attempt else guard


class Begin(NamedTuple):
    """A row of its own for a send that has none. `settled_until` is as in Settle."""

    send: StoredSend
    forget_at: datetime | None = None


class Start(NamedTuple):
    """The next attempt of a send that stands as `guard` says."""

    guard: Doc
    attempt: Attempt


class Defer(NamedTuple):
    guard: Doc
    due_at: datetime
    why: str
    tries: int
    command: Outgoing


class Settle(NamedTuple):
    """`tell_by`: nobody else holds the message any more, so come back then unless the outcome was told."""

    guard: Doc
    settlement: Settlement
    tell_by: datetime | None
    forget_at: datetime


class Told(NamedTuple):
    """This outcome has been published; nothing is left to do, unless there is another one by now."""

    send_id: str
    outcome: Outcome


Write = Begin | Start | Defer | Settle | Told


class Standing(NamedTuple):
    """A question: this send, and whatever stands unsettled or untold in its line."""

    line: str
    send_id: str | None = None


class DueSend(NamedTuple):
    send_id: str
    conversation: str
    app_id: str
    trace_id: str
    lane: str | None


class SendStore:
    def __init__(self, database: Database) -> None:
        self._sends: Collection = database["sends"]

    async def get(self, send_id: str) -> StoredSend | None:
        doc = await self._sends.find_one({"_id": send_id})
        return _stored(doc) if doc else None

    async def settled_calls(self, conversation: str, account: str, bridging: int) -> list[StoredSend]:
        """The calls of one stay with a vendor that have their outcome, in order."""
        docs = await self._sends.find(
            {
                "conversation": conversation,
                "called.account": account,
                "called.bridging": bridging,
                "state": "settled",
            }
        )
        return sorted((_stored(doc) for doc in docs), key=lambda row: row.place)

    async def standing(self, asked: Sequence[Standing]) -> list[list[StoredSend]]:
        """What stands there for each question, in the order of its line."""
        ids = [one.send_id for one in asked if one.send_id is not None]
        conversations = list({_conversation(one.line) for one in asked})
        where = {"$or": [{"_id": {"$in": ids}}, {"conversation": {"$in": conversations}, **ATTENDED}]}
        found: dict[str, list[StoredSend]] = {}
        for doc in await self._sends.find(where):
            row = _stored(doc)
            found.setdefault(row.line, []).append(row)
        for rows in found.values():
            rows.sort(key=lambda row: row.place)
        return [
            [row for row in found.get(one.line, ()) if row.due_at is not None or row.id == one.send_id] for one in asked
        ]

    async def write(self, writes: Sequence[Write]) -> list[bool]:
        """Apply all in one go; says of each Begin and Start whether it took effect.

        A Begin fails where the send has a row, a Start where its guard no longer holds, and both where another
        attempt of the line is under way.
        """
        refusals = await self._sends.bulk_write([_operation(write) for write in writes])
        for refusal in refusals:
            if refusal.code != DUPLICATE_KEY:
                raise RuntimeError(f"MongoDB refused to write a send: code {refusal.code}")
        lost = {refusal.place for refusal in refusals}
        starts = [write.guard["_id"] for write in writes if isinstance(write, Start)]
        won = await self._attempts_of(starts) if starts else set()
        return [
            write.attempt.id in won if isinstance(write, Start) else place not in lost
            for place, write in enumerate(writes)
        ]

    async def claim_due(self, now: datetime, limit: int = 500) -> list[DueSend]:
        """Rows to come back to that nobody is seeing to. A claim lasts a real minute, then twice as long.

        It names the `due_at` it was made for, and so ends when the row is put off again.
        """
        real = real_now()
        docs = await self._sends.find(
            {
                "$or": [
                    {"state": "deferred", "due_at": {"$lte": now}},
                    {"state": {"$in": ["started", "settled"]}, "due_at": {"$lte": real}},
                ],
                "$and": [_unclaimed(real)],
            },
            {"_id": 1},
            sort=[("due_at", 1)],
            limit=limit,
        )
        return await self._claim([doc["_id"] for doc in docs], real) if docs else []

    async def release_due(self, claimed: Sequence[DueSend]) -> None:
        """They could not be announced after all; let them be claimed again at once."""
        ids = [due.send_id for due in claimed]
        await self._sends.update_many({"_id": {"$in": ids}}, {"$unset": {"claim": ""}})

    async def _attempts_of(self, ids: Sequence[str]) -> set[str]:
        docs = await self._sends.find({"_id": {"$in": list(ids)}, "state": "started"}, {"attempt.id": 1})
        return {doc["attempt"]["id"] for doc in docs}

    async def _claim(self, ids: Sequence[str], real: datetime) -> list[DueSend]:
        """One write claims what is still free, under a name by which it is then found."""
        name = uuid.uuid4().hex
        again = {"$eq": ["$claim.due_at", "$due_at"]}
        seconds = {"$cond": [again, {"$multiply": ["$claim.seconds", 2]}, CLAIM_SECONDS]}
        claim = {"by": name, "due_at": "$due_at", "seconds": seconds}
        until = {"$add": [real, {"$multiply": ["$claim.seconds", 1000]}]}
        await self._sends.update_many(
            {"_id": {"$in": list(ids)}, **_unclaimed(real), **ATTENDED},
            [{"$set": {"claim": claim}}, {"$set": {"claim.until": until}}],
        )
        docs = await self._sends.find({"_id": {"$in": list(ids)}, "claim.by": name})
        rows = [_stored(doc) for doc in docs]
        return [DueSend(row.id, row.conversation, row.app_id, row.trace_id, row.lane) for row in rows]


def line_of(conversation: str, lane: str | None) -> str:
    """The line of what goes to this customer: by a vendor's lane, or to them (None)."""
    return conversation if lane is None else f"{conversation}@{lane.partition(':')[2]}"


def lane_of(command: SendMessage | CallVendor) -> str | None:
    """The vendor's lane; None for a message to the customer."""
    return vendor_lane(command.vendor, command.account) if isinstance(command, CallVendor) else None


def row_of(command: SendMessage | CallVendor) -> StoredSend:
    """A row for what has none yet; its state is the caller's to set."""
    return StoredSend(
        id=id_of(command),
        conversation=command.conversation_id,
        app_id=command.app_id,
        place=command.place,
        state="deferred",
        expires_at=command.expires_at,
        trace_id=command.trace_id,
        called=_called(command) if isinstance(command, CallVendor) else None,
    )


def id_of(command: SendMessage | CallVendor) -> str:
    return command.call_id if isinstance(command, CallVendor) else command.send_id


def forget_at(expires_at: datetime, now: datetime) -> datetime:
    """When a settled row may go: a week after it expires, by real time as the server's is. `now` is the clock's."""
    return real_now() + max(expires_at - now, timedelta()) + KEPT


def _operation(write: Write) -> Any:
    match write:
        case Begin(send, forget):
            doc = send.model_dump(exclude_none=True, exclude={"id"})
            return InsertOne({"_id": send.id, "line": send.line, **doc, **({"forget_at": forget} if forget else {})})
        case Start(guard, attempt):
            fields = {"state": "started", "due_at": attempt.deadline, "attempt": attempt.model_dump()}
            return UpdateOne(guard, {"$set": fields, "$unset": {"why": ""}})
        case Defer(guard, due_at, why, tries, command):
            fields = {"state": "deferred", "due_at": due_at, "why": why, "tries": tries}
            fields["command"] = command.model_dump(exclude_none=True)
            return UpdateOne(guard, {"$set": fields, "$unset": {"attempt": ""}})
        case Settle(guard, settlement, tell_by, forget):
            fields = {"state": "settled", "settlement": settlement.model_dump(exclude_none=True), "forget_at": forget}
            gone = {"command": "", "why": ""}
            if tell_by is None:
                return UpdateOne(guard, {"$set": fields, "$unset": {**gone, "due_at": ""}})
            return UpdateOne(guard, {"$set": {**fields, "due_at": tell_by}, "$unset": gone})
        case Told(send_id, outcome):
            return UpdateOne({"_id": send_id, "settlement.outcome": outcome}, {"$unset": {"due_at": ""}})


def _unclaimed(real: datetime) -> Doc:
    """Nobody sees to it, or they were to see to it when it was due before."""
    renewed = {"$expr": {"$ne": ["$claim.due_at", "$due_at"]}}
    return {"$or": [{"claim": None}, {"claim.until": {"$lte": real}}, renewed]}


def _called(command: CallVendor) -> Called:
    return Called(
        vendor=command.vendor,
        account=command.account,
        call=command.call.call,
        bridging=command.bridging,
        message_id=command.call.message_id if isinstance(command.call, Relay) else None,
    )


def _conversation(line: str) -> str:
    return line.partition("@")[0]


def _stored(doc: Doc) -> StoredSend:
    return StoredSend.model_validate({**doc, "id": doc["_id"]})
