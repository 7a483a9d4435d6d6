"""Every session in line, however many: each is read once, and again only where it has changed."""

from collections.abc import Mapping
from typing import Final

from shared.conversation.model import Conversation
from shared.pieces import pieces
from shared.store.driver import Collection, Database, Doc

IN_LINE: Final = {"session.state": "waiting", "session.handover": None}
ASKED: Final[Doc] = {"version": 1, "app_id": 1, "openid": 1, "session": 1, "ledger": 1}
PIECE: Final = 500


class WaitingLine:
    """Keeps what it has read: thousands may wait for hours while somebody looks along the line every second."""

    def __init__(self, database: Database) -> None:
        self._conversations: Collection = database["conversations"]
        self._known: dict[str, Conversation] = {}

    async def read(self) -> Mapping[str, Conversation]:
        """The conversations by id, as of now; of each only what assignment asks. Raises StoreUnavailable."""
        versions: dict[str, int] = {}
        async for docs in self._conversations.batches(IN_LINE, {"version": 1}, size=PIECE):
            versions |= {doc["_id"]: doc["version"] for doc in docs}
        known = {name: one for name, one in self._known.items() if versions.get(name) == one.version}
        news = [name for name in versions if name not in known]
        for some in pieces(news, PIECE):
            docs = await self._conversations.find({"_id": {"$in": some}, **IN_LINE}, ASKED)
            known |= {doc["_id"]: Conversation.model_validate({**doc, "id": doc["_id"]}) for doc in docs}
        self._known = known
        return known
