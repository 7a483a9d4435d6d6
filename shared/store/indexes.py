"""Every index, in one table. Made at start by whichever process comes first; making them again does nothing."""

from typing import Final

from pymongo import ASCENDING, DESCENDING, IndexModel

from shared.store.driver import Database

DAY_SECONDS: Final = 86_400

INDEXES: Final[dict[str, list[IndexModel]]] = {
    "conversations": [
        IndexModel([("changed_at", ASCENDING)]),
        IndexModel([("due_at", ASCENDING)], partialFilterExpression={"due_at": {"$type": "date"}}),
        IndexModel([("session.state", ASCENDING), ("updated_at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("session.responder.id", ASCENDING), ("updated_at", DESCENDING)], sparse=True),
        IndexModel([("session.claim", ASCENDING)], sparse=True),
        IndexModel([("app_id", ASCENDING), ("updated_at", DESCENDING)]),
    ],
    "messages": [
        IndexModel([("conversation", ASCENDING), ("seq", ASCENDING)], unique=True),
        IndexModel([("changed_at", ASCENDING)]),
    ],
    "agents": [
        IndexModel([("claims.id", ASCENDING)], unique=True, partialFilterExpression={"claims.id": {"$exists": True}}),
    ],
    "sessions": [IndexModel([("conversation", ASCENDING), ("number", DESCENDING)])],
    "decisions": [
        IndexModel([("conversation", ASCENDING), ("recorded_at", ASCENDING)]),
        IndexModel([("recorded_at", ASCENDING)], expireAfterSeconds=30 * DAY_SECONDS),
    ],
    "dead": [IndexModel([("state", ASCENDING), ("at", ASCENDING)])],
    "taking": [IndexModel([("at", ASCENDING)], expireAfterSeconds=7 * DAY_SECONDS)],
}


async def ensure_indexes(database: Database) -> None:
    for collection, indexes in INDEXES.items():
        await database[collection].create_indexes(indexes)
