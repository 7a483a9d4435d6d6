"""Tokens of ours that a vendor uses in place of WeChat's: good for one account's proxy alone, kept as hashes."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from shared.store.driver import Collection, Database

TOKEN_BYTES: Final = 48
LASTS: Final = timedelta(hours=2)
"""As long as WeChat's own, which is what whoever gets one expects."""


class BridgeTokens:
    def __init__(self, database: Database) -> None:
        self._tokens: Collection = database["bridge_tokens"]

    async def make(self, account: str, now: datetime) -> str:
        """A new one; those made before stay good until their own end. Told this once, and stored nowhere."""
        text = secrets.token_urlsafe(TOKEN_BYTES)
        await self._tokens.insert_one({"_id": _hash(text), "account": account, "expires_at": now + LASTS})
        return text

    async def stands(self, text: str, account: str, now: datetime) -> bool:
        """Whether this is one of the account's, and not over yet."""
        where = {"_id": _hash(text), "account": account, "expires_at": {"$gt": now}}
        return await self._tokens.find_one(where, {"_id": 1}) is not None


def _hash(text: str) -> str:
    """Plain: of 384 random bits nothing can be guessed, however fast the hash."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
