"""What agents see of conversations in lists: who waits, mine, who needs attention …; in pages, and counted."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal, NamedTuple, get_args

from shared.conversation.model import Conversation, Verdict
from shared.store.conversations import opened
from shared.store.driver import Collection, Database, Doc

View = Literal["waiting", "mine", "attention", "all", "closed"]
VIEWS: Final[tuple[View, ...]] = get_args(View)

COUNTED_AT_MOST: Final = 1000
"""Counting further costs more than it tells."""

SHOWN: Final[Doc] = {"pending": 0, "commits": 0, "unasked": 0, "verdicts": 0, "found_by": 0}
"""A list needs nothing of this; of what is held it tells how much."""

_PLACE: Final[dict[View, tuple[str, int]]] = {
    "waiting": ("session.waiting_since", 1),
    "mine": ("updated_at", -1),
    "attention": ("session.attention.since", 1),
    "all": ("updated_at", -1),
    "closed": ("updated_at", -1),
}
"""The field a view is sorted by: who waits, or needs attention, for longest comes first, else what changed last."""


class Place(NamedTuple):
    """Where a page ended: the sorting field's value and the id of its last conversation."""

    at: datetime
    id: str


class Wait(NamedTuple):
    """One episode of waiting: a session that waits since an instant. A session may wait more than once."""

    conversation: str
    app_id: str
    session: int
    since: datetime

    @property
    def id(self) -> str:
        return f"{self.conversation}.{self.session}@{int(self.since.timestamp() * 1000)}"


class ConversationLists:
    def __init__(self, database: Database) -> None:
        self._conversations: Collection = database["conversations"]

    async def page(
        self, view: View, agent_id: str, app_ids: Iterable[str] | None, *, after: Place | None, limit: int
    ) -> tuple[list[Conversation], Place | None]:
        """One page, and where the next one begins (None: there is none). `app_ids` None: of every app."""
        field, direction = _PLACE[view]
        where = _where(view, agent_id, app_ids)
        if after is not None:
            beyond = "$gt" if direction == 1 else "$lt"
            where["$or"] = [
                {field: {beyond: after.at}},
                {field: after.at, "_id": {beyond: after.id}},
            ]
        docs = await self._conversations.find(
            where, SHOWN, sort=[(field, direction), ("_id", direction)], limit=limit + 1
        )
        conversations = [opened(doc).conversation for doc in docs[:limit]]
        last = _place(view, conversations[-1]) if len(docs) > limit else None
        return conversations, last

    async def counts(self, agent_id: str, app_ids: Iterable[str] | None) -> dict[View, int]:
        """How many each view has, counted up to COUNTED_AT_MOST."""
        apps = None if app_ids is None else list(app_ids)
        numbers = await asyncio.gather(
            *(self._conversations.count(_where(view, agent_id, apps), COUNTED_AT_MOST) for view in VIEWS)
        )
        return dict(zip(VIEWS, numbers, strict=True))

    async def waits(self, before: datetime, limit: int) -> list[Wait]:
        """Who waits since this instant or longer, longest first; not who is on the way to WeChat's own console."""
        where: Doc = {
            "session.state": "waiting",
            "session.waiting_since": {"$lte": before},
            "session.handover": None,
            "deleted_at": None,
        }
        fields = {"app_id": 1, "session.number": 1, "session.waiting_since": 1}
        docs = await self._conversations.find(
            where, fields, sort=[("session.waiting_since", 1), ("_id", 1)], limit=limit
        )
        return [Wait(d["_id"], d["app_id"], d["session"]["number"], d["session"]["waiting_since"]) for d in docs]

    async def several(self, ids: Iterable[str]) -> dict[str, Conversation]:
        """Those of these that are there and not deleted, as a list shows them."""
        docs = await self._conversations.find({"_id": {"$in": list(ids)}, "deleted_at": None}, SHOWN)
        return {doc["_id"]: opened(doc).conversation for doc in docs}

    async def verdict(self, conversation: str, command_id: str) -> Verdict | None:
        """How a command ended, if it has and is not forgotten."""
        doc = await self._conversations.find_one(
            {"_id": conversation, "verdicts.command_id": command_id}, {"verdicts.$": 1}
        )
        return Verdict.model_validate(doc["verdicts"][0]) if doc else None


def _where(view: View, agent_id: str, app_ids: Iterable[str] | None) -> Doc:
    # One who was only described, or came back so, has never said anything that a list could show.
    where: Doc = {"deleted_at": None, "updated_at": {"$type": "date"}}
    if app_ids is not None:
        where["app_id"] = {"$in": list(app_ids)}
    match view:
        case "waiting":
            where["session.state"] = "waiting"
        case "mine":
            where["session.state"] = "agent"
            where["session.responder.id"] = agent_id
        case "attention":
            where["session.attention.since"] = {"$type": "date"}
        case "closed":
            where["session.state"] = "closed"
        case "all":
            pass
    return where


def _place(view: View, last: Conversation) -> Place | None:
    session, at = last.session, last.updated_at
    if view == "waiting" and session is not None:
        at = session.waiting_since
    elif view == "attention" and session is not None and session.attention is not None:
        at = session.attention.since
    return Place(at, last.id) if at else None
