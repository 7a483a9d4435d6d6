"""Every index, in one table. Made by `wxdesk prepare`, or at start; making them again does nothing."""

from typing import Final

from pymongo import ASCENDING, DESCENDING, IndexModel

from shared.store import customer_search, search
from shared.store.driver import Database
from shared.store.sends import ATTENDED

DAY_SECONDS: Final = 86_400

INDEXES: Final[dict[str, list[IndexModel]]] = {
    "conversations": [
        IndexModel([("changed_at", ASCENDING)]),
        IndexModel([("due_at", ASCENDING)], partialFilterExpression={"due_at": {"$type": "date"}}),
        IndexModel(
            [("session.state", ASCENDING), ("session.waiting_since", ASCENDING), ("_id", ASCENDING)],
            name="waiting",
            partialFilterExpression={"session.state": "waiting"},
        ),
        IndexModel(
            [("session.responder.id", ASCENDING), ("updated_at", DESCENDING), ("_id", DESCENDING)],
            name="with_agents",
            partialFilterExpression={"session.state": "agent"},
        ),
        IndexModel(
            [("session.state", ASCENDING), ("updated_at", DESCENDING), ("_id", DESCENDING)],
            name="closed",
            partialFilterExpression={"session.state": "closed"},
        ),
        IndexModel(
            [("session.attention.since", ASCENDING), ("_id", ASCENDING)],
            name="attention",
            partialFilterExpression={"session.attention.since": {"$type": "date"}},
        ),
        IndexModel([("session.claim", ASCENDING)], sparse=True),
        IndexModel([("app_id", ASCENDING), ("updated_at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("updated_at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel(
            [("app_id", ASCENDING), ("described_at", ASCENDING)],
            name="described",
            partialFilterExpression={"described_at": {"$type": "date"}},
        ),
        *customer_search.INDEXES,
    ],
    "messages": [
        IndexModel([("conversation", ASCENDING), ("seq", ASCENDING)], unique=True),
        IndexModel(
            [("conversation", ASCENDING), ("seq", DESCENDING)],
            name="notes",
            partialFilterExpression={"content.type": "note"},
        ),
        IndexModel([("changed_at", ASCENDING)]),
    ],
    "agents": [
        IndexModel([("claims.id", ASCENDING)], unique=True, partialFilterExpression={"claims.id": {"$exists": True}}),
    ],
    "audit": [
        IndexModel([*field, ("at", DESCENDING), ("_id", DESCENDING)])
        for field in ([], [("target", ASCENDING)], [("by.id", ASCENDING)], [("action", ASCENDING)])
    ],
    "canned_replies": [IndexModel([("owner", ASCENDING), ("app_id", ASCENDING), ("shortcut", ASCENDING)], unique=True)],
    "sessions": [
        IndexModel([("conversation", ASCENDING), ("number", DESCENDING)]),
        IndexModel([("closed_at", ASCENDING), ("opened_at", ASCENDING), ("app_id", ASCENDING)], name="reports"),
    ],
    "decisions": [
        IndexModel([("conversation", ASCENDING), ("recorded_at", ASCENDING)]),
        IndexModel([("recorded_at", ASCENDING)], expireAfterSeconds=30 * DAY_SECONDS),
    ],
    "logins": [
        IndexModel([("agent_id", ASCENDING)]),
        IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0),
    ],
    "api_tokens": [IndexModel([("hash", ASCENDING)], unique=True)],
    "login_attempts": [IndexModel([("until", ASCENDING)], expireAfterSeconds=0)],
    "commands": [
        IndexModel([("at", DESCENDING)], name="unsettled", partialFilterExpression={"open": True}),
        IndexModel([("agent_id", ASCENDING), ("changed_at", ASCENDING)]),
        IndexModel([("at", ASCENDING)], expireAfterSeconds=DAY_SECONDS),
    ],
    "sends": [
        IndexModel([("conversation", ASCENDING)], name="of_conversation"),
        IndexModel(
            [("line", ASCENDING)],
            name="one_started",
            unique=True,
            partialFilterExpression={"state": "started", "line": {"$exists": True}},
        ),
        IndexModel([("conversation", ASCENDING), ("due_at", ASCENDING)], partialFilterExpression=ATTENDED),
        IndexModel([("state", ASCENDING), ("due_at", ASCENDING)], partialFilterExpression=ATTENDED),
        IndexModel([("forget_at", ASCENDING)], expireAfterSeconds=0, sparse=True),
    ],
    "media": [
        IndexModel([("due_at", ASCENDING)], partialFilterExpression={"due_at": {"$type": "date"}}),
        IndexModel([("conversation", ASCENDING)], sparse=True),
        IndexModel([("sent_to.conversation", ASCENDING)], sparse=True),
        IndexModel(
            [("app_id", ASCENDING), ("theirs", ASCENDING)], partialFilterExpression={"theirs": {"$type": "string"}}
        ),
        IndexModel([("unsent_until", ASCENDING)], expireAfterSeconds=0, sparse=True),
    ],
    "uploads": [IndexModel([("forget_at", ASCENDING)], expireAfterSeconds=0)],
    "webhook_deliveries": [
        IndexModel(
            [("webhook", ASCENDING), ("next_at", ASCENDING)],
            name="waiting",
            partialFilterExpression={"state": "waiting"},
        ),
        IndexModel([("webhook", ASCENDING), ("noted_at", DESCENDING)]),
        IndexModel([("conversation", ASCENDING)], sparse=True),
        IndexModel([("forget_at", ASCENDING)], expireAfterSeconds=0),
    ],
    "notified": [
        IndexModel([("notifier", ASCENDING)]),
        IndexModel([("forget_at", ASCENDING)], expireAfterSeconds=0),
    ],
    "vendor_pushes": [IndexModel([("at", ASCENDING)], expireAfterSeconds=30 * DAY_SECONDS)],
    "vendor_sends": [IndexModel([("until", ASCENDING)], expireAfterSeconds=0)],
    "bridge_tokens": [IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0)],
    "handovers": [IndexModel([("at", ASCENDING)], expireAfterSeconds=7 * DAY_SECONDS)],
    "pages_open": [IndexModel([("at", ASCENDING)], expireAfterSeconds=600)],
    "search": search.INDEXES,
    "spool": [IndexModel([("at", ASCENDING), ("n", ASCENDING)]), IndexModel([("conversation", ASCENDING)])],
    "dead": [
        IndexModel([("state", ASCENDING), ("at", ASCENDING)]),
        IndexModel([("conversation_id", ASCENDING)], sparse=True),
    ],
    "taking": [IndexModel([("at", ASCENDING)], expireAfterSeconds=7 * DAY_SECONDS)],
}


async def ensure_indexes(database: Database) -> None:
    """Those of former releases that forbid what is right now go by a change (see migrations)."""
    for collection, indexes in INDEXES.items():
        await database[collection].create_indexes(indexes)
