"""Conversations: loaded together, committed in one write, fenced on the version each was read at."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from pydantic import Field, TypeAdapter
from pymongo import UpdateOne

from shared.clock import real_now
from shared.conversation.commands import AnyCommand
from shared.conversation.content import Frozen
from shared.conversation.model import COMMITS_KEPT, Conversation, Message, MessageChange
from shared.conversation.searchable import grams_of_names
from shared.store.driver import DUPLICATE_KEY, Collection, Database, Doc

STAMP: Final = {"changed_at": {"$type": "timestamp"}}
TIMER_CLAIM_SECONDS: Final = 60


class Entry(Frozen):
    """What follows from one committed fact, until it has been carried out. `version` is that fact's own."""

    cause: str
    version: int
    messages: tuple[Message, ...] = ()
    changes: tuple[MessageChange, ...] = ()
    commands: tuple[AnyCommand, ...] = Field(())


class Loaded(NamedTuple):
    """A conversation as stored, with what was still to be carried out when it was written."""

    conversation: Conversation
    pending: dict[str, Entry]


class Commit(NamedTuple):
    """`facts` of one conversation, decided from the state at version `since`, leading to `conversation`."""

    since: int
    conversation: Conversation
    facts: tuple[str, ...]
    entries: tuple[Entry, ...]


class DueTimer(NamedTuple):
    conversation_id: str
    app_id: str
    due_at: datetime


_entries: TypeAdapter[list[Entry]] = TypeAdapter(list[Entry])


class Quiet(NamedTuple):
    """A conversation in which nothing was said since `at`."""

    conversation_id: str
    at: datetime


class ConversationStore:
    def __init__(self, database: Database) -> None:
        self._conversations: Collection = database["conversations"]

    async def load(self, ids: Sequence[str]) -> dict[str, Loaded]:
        docs = await self._conversations.find({"_id": {"$in": list(ids)}})
        return {doc["_id"]: opened(doc) for doc in docs}

    async def get(self, conversation: str) -> Conversation | None:
        doc = await self._conversations.find_one({"_id": conversation}, {"pending": 0})
        return opened(doc).conversation if doc else None

    async def commit(self, commits: Sequence[Commit]) -> list[int]:
        """Write all; returns the indexes of those that lost to another writer and were not written.

        The upsert is what names the loser: where the version moved on, it tries to insert and meets the `_id`.
        """
        operations = [
            UpdateOne(
                {"_id": commit.conversation.id, "version": commit.since},
                {"$set": _fields(commit), "$currentDate": STAMP},
                upsert=True,
            )
            for commit in commits
        ]
        refusals = await self._conversations.bulk_write(operations)
        return [refusal.place for refusal in refusals if refusal.code == DUPLICATE_KEY]

    async def claim_due(self, now: datetime, limit: int = 200) -> list[DueTimer]:
        """Timers that are due and that nobody is publishing. A claim lasts a real minute, then twice as long."""
        real = real_now()
        unclaimed = [
            {"timer": None},
            {"timer.until": {"$lte": real}},
            {"$expr": {"$ne": ["$timer.due_at", "$due_at"]}},
        ]
        docs = await self._conversations.find(
            {"due_at": {"$lte": now}, "$or": unclaimed},
            {"app_id": 1, "due_at": 1, "timer": 1},
            sort=[("due_at", 1)],
            limit=limit,
        )
        claimed = [doc for doc in docs if await self._claim_timer(doc, real)]
        return [DueTimer(doc["_id"], doc["app_id"], doc["due_at"]) for doc in claimed]

    async def release_timer(self, conversation: str, due_at: datetime) -> None:
        """The timer could not be published after all; let it be claimed again at once."""
        await self._conversations.update_one(
            {"_id": conversation, "timer.due_at": due_at}, {"$set": {"timer.until": real_now()}}
        )

    async def showing_claims(self, ids: Iterable[str]) -> set[str]:
        """Which of these claims some conversation shows."""
        docs = await self._conversations.find({"session.claim": {"$in": list(ids)}}, {"session.claim": 1})
        return {doc["session"]["claim"] for doc in docs}

    async def quiet(self, app_id: str, before: datetime, limit: int) -> list[Quiet]:
        """Conversations of the app that say nothing newer than `before`, those quiet for longest first.

        Of a customer who never wrote, the last description counts.
        """
        never_wrote = {"app_id": app_id, "deleted_at": None, "updated_at": None}
        asked: list[tuple[str, Doc]] = [
            ("updated_at", {"app_id": app_id, "deleted_at": None, "updated_at": {"$lt": before}}),
            ("described_at", {**never_wrote, "described_at": {"$lt": before, "$type": "date"}}),
        ]
        found: list[Quiet] = []
        for field, where in asked:
            if len(found) < limit:
                docs = await self._conversations.find(where, {field: 1}, sort=[(field, 1)], limit=limit - len(found))
                found += [Quiet(doc["_id"], doc[field]) for doc in docs]
        return found

    async def _claim_timer(self, doc: Doc, real: datetime) -> bool:
        earlier = doc.get("timer") or {}
        again = earlier.get("due_at") == doc["due_at"]
        seconds = earlier.get("seconds", TIMER_CLAIM_SECONDS) * 2 if again else TIMER_CLAIM_SECONDS
        claim = {"due_at": doc["due_at"], "until": real + timedelta(seconds=seconds), "seconds": seconds}
        return (
            await self._conversations.update_one(
                {"_id": doc["_id"], "due_at": doc["due_at"], "timer": doc.get("timer")}, {"$set": {"timer": claim}}
            )
            == 1
        )


def opened(doc: Doc) -> Loaded:
    """A stored document as a conversation and its pending entries."""
    entries = _entries.validate_python(doc.get("pending") or [])
    conversation = Conversation.model_validate({**doc, "id": doc["_id"]})
    return Loaded(conversation, {entry.cause: entry for entry in entries})


def _fields(commit: Commit) -> dict[str, Any]:
    """Named fields only: what others keep in the document (the timer's claim) stays as it is."""
    after = commit.conversation
    commits = (*after.commits, commit.facts)[-COMMITS_KEPT:] if commit.facts else after.commits
    fields = after.model_dump(exclude={"id", "commits"})
    fields["commits"] = commits
    fields["found_by"] = grams_of_names((after.name, *after.tags))
    fields["pending"] = [_entry_doc(entry) for entry in commit.entries]
    return fields


def _entry_doc(entry: Entry) -> Doc:
    return entry.model_dump(exclude_none=True)
