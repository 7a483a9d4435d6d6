"""What reports are made of: sessions that have ended and those that still run, as little of each as is needed."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from shared.conversation.ids import session_id
from shared.store.driver import Collection as Stored
from shared.store.driver import Database, Doc

MOST_SESSIONS: Final = 500_000
"""In one report; more would hold up everybody else at the same console."""
PIECE: Final = 5000

FIELDS: Final = (
    "responder",
    "group",
    "served_group",
    "opened_at",
    "asked_at",
    "assigned_at",
    "first_answer_at",
    "closed_at",
    "agent_messages",
    "rated",
)


class ReportedSession(NamedTuple):
    """One session as reports count it. `holder`: who has it, or had it when it ended; none: it is, or was, in line."""

    app_id: str
    opened_at: datetime
    closed_at: datetime | None = None
    asked_at: datetime | None = None
    assigned_at: datetime | None = None
    first_answer_at: datetime | None = None
    holder: str | None = None
    """The kind of party: agent, bot, official …"""
    agent_id: str | None = None
    agent_name: str | None = None
    group: str | None = None
    """In whose line it stands, ended, or last found its agent."""
    agent_messages: int = 0
    asked_rating: bool = False
    score: int | None = None


class TooManySessions(Exception):
    """More than MOST_SESSIONS."""


class Reports:
    def __init__(self, database: Database) -> None:
        self._sessions: Stored = database["sessions"]
        self._conversations: Stored = database["conversations"]
        self.turn: Final = asyncio.Lock()
        """For whoever reads much: two at once would each take twice as long."""

    async def sessions(
        self, since: datetime, until: datetime, *, apps: Collection[str] | None = None, earlier: bool = False
    ) -> AsyncGenerator[list[ReportedSession], None]:
        """Those that began in [since, until), piece by piece; `apps` none: of all.

        `earlier`: also those that began before and went on into it. Raises TooManySessions, StoreUnavailable.
        """
        began: Doc = {"$lt": until} if earlier else {"$gte": since, "$lt": until}
        of_apps: Doc = {} if apps is None else {"app_id": {"$in": sorted(apps)}}
        # The running ones first: one that ends meanwhile is then met twice, never missed.
        running = await self._running(began, of_apps)
        room = MOST_SESSIONS
        where = {"closed_at": {"$gte": since}, "opened_at": began, **of_apps}
        async for docs in self._sessions.batches(where, dict.fromkeys(("app_id", *FIELDS), 1), size=PIECE):
            room -= len(docs)
            if room < 0:
                raise TooManySessions
            for doc in docs:
                running.pop(doc["_id"], None)
            yield [_reported(doc["app_id"], doc) for doc in docs]
        if len(running) > room:
            raise TooManySessions
        yield list(running.values())

    async def _running(self, began: Doc, of_apps: Doc) -> dict[str, ReportedSession]:
        """By the session's id. Every open session has something due, so the index of what is due leads to them."""
        docs = await self._conversations.find(
            {"due_at": {"$type": "date"}, "session.state": {"$ne": "closed"}, "session.opened_at": began, **of_apps},
            {"app_id": 1, "session.number": 1, **{f"session.{name}": 1 for name in FIELDS}},
            limit=MOST_SESSIONS,
            hint="due_at_1",
        )
        return {
            session_id(doc["_id"], doc["session"]["number"]): _reported(doc["app_id"], doc["session"]) for doc in docs
        }


def _reported(app_id: str, session: Mapping[str, Any]) -> ReportedSession:
    """From what is stored; sessions of before these fields were kept have none of them."""
    get = session.get
    holder, rated = get("responder") or {}, get("rated") or {}
    kind = holder.get("kind")
    by_agent = kind == "agent"
    return ReportedSession(
        app_id=app_id,
        opened_at=session["opened_at"],
        closed_at=get("closed_at"),
        asked_at=get("asked_at"),
        assigned_at=get("assigned_at"),
        first_answer_at=get("first_answer_at"),
        holder=kind,
        agent_id=holder.get("id") if by_agent else None,
        agent_name=holder.get("name") if by_agent else None,
        group=get("served_group") if by_agent else get("group"),
        agent_messages=get("agent_messages") or 0,
        asked_rating=rated.get("state") in {"asked", "answered"},
        score=rated.get("score"),
    )
