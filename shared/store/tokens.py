"""Access tokens, shared by all processes: sealed at rest, renewed under a lease, fenced by its number."""

from datetime import datetime, timedelta
from typing import Final

import structlog
from pymongo.errors import DuplicateKeyError

from shared.clock import real_now
from shared.store.driver import Collection, Database
from shared.store.sealing import SealBroken, Sealer
from shared.wechat.tokens import StoredToken

log = structlog.get_logger()

FIELD: Final = "access_token"


class MongoTokenStore:
    """Implements `shared.wechat.tokens.TokenStore`."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._tokens: Collection = database["tokens"]
        self._sealer = sealer

    async def read(self, app_id: str) -> StoredToken | None:
        """The token in force; None too where its seal is of a key we no longer have: a new one heals that."""
        doc = await self._tokens.find_one({"_id": app_id, "value": {"$exists": True}})
        if doc is None:
            return None
        try:
            value = self._sealer.open(doc["value"], app_id, FIELD)
        except SealBroken as broken:
            log.warning("token_unreadable", app_id=app_id, reason=str(broken))
            return None
        return StoredToken(value, doc["expires_at"], doc["fence"], doc.get("forced_at"))

    async def lease(self, app_id: str, holder: str, seconds: float) -> int | None:
        now = real_now()
        free_or_ours = {"_id": app_id, "$or": [{"holder": holder}, {"leased_until": {"$lt": now}}]}
        lease = {"$set": {"holder": holder, "leased_until": now + timedelta(seconds=seconds)}, "$inc": {"leases": 1}}
        try:
            doc = await self._tokens.find_one_and_update(free_or_ours, lease, upsert=True)
        except DuplicateKeyError:
            return None
        return None if doc is None else int(doc["leases"])

    async def save(self, app_id: str, fence: int, value: str, expires_at: datetime, forced_at: datetime | None) -> bool:
        """As the protocol says. A new value ends the lease; noting that one is about to be forced does not."""
        before = await self.read(app_id)
        sealed = self._sealer.seal(value, app_id, FIELD)
        token = {"value": sealed, "expires_at": expires_at, "fence": fence, "forced_at": forced_at}
        if before is None or before.value != value:
            token["leased_until"] = real_now()
        return await self._tokens.update_one({"_id": app_id, "leases": fence}, {"$set": token}) == 1
