"""Sessions that are open, by who has them: what an operator moves all at once, or watches going."""

from collections.abc import AsyncGenerator, Collection
from typing import Final, NamedTuple

from shared.conversation.model import SessionState
from shared.store.driver import Collection as Stored
from shared.store.driver import Database, Doc

OPEN: Final[tuple[SessionState, ...]] = ("bot", "waiting", "agent", "vendor", "official")
PIECE: Final = 500

_FIELDS: Final[Doc] = {
    "session.state": 1,
    "session.bridging.account": 1,
    "session.bridging.kept": 1,
    "session.bridging.given": 1,
    "session.handover.number": 1,
}


class OpenSession(NamedTuple):
    """`account`: of the vendor that has it. `to_official`: the customer's next message goes to WeChat's console.

    `owed`: how many messages the vendor has not taken yet.
    """

    conversation: str
    state: SessionState
    account: str | None = None
    to_official: bool = False
    owed: int = 0


class OpenSessions:
    def __init__(self, database: Database) -> None:
        self._conversations: Stored = database["conversations"]

    async def of_app(
        self, app_id: str, states: Collection[SessionState] = OPEN
    ) -> AsyncGenerator[list[OpenSession], None]:
        """Piece by piece, as they are at that moment. Raises StoreUnavailable."""
        for state in states:
            # Every open session has something due, and the index of what is due has no closed ones.
            where = {"due_at": {"$type": "date"}, "app_id": app_id, "session.state": state, "deleted_at": None}
            async for docs in self._conversations.batches(where, _FIELDS, size=PIECE):
                yield [_opened(doc) for doc in docs]

    async def with_vendor(self, app_id: str, account: str) -> dict[str, OpenSession]:
        """Those of the app that the account has now, by their conversations. Raises StoreUnavailable."""
        where = {
            "due_at": {"$type": "date"},
            "app_id": app_id,
            "session.state": "vendor",
            "session.bridging.account": account,
        }
        return {doc["_id"]: _opened(doc) for doc in await self._conversations.find(where, _FIELDS)}


def _opened(doc: Doc) -> OpenSession:
    session = doc["session"]
    bridging = session.get("bridging") or {}
    return OpenSession(
        doc["_id"],
        session["state"],
        bridging.get("account"),
        session.get("handover") is not None,
        len(bridging.get("kept") or ()) + len(bridging.get("given") or ()),
    )
