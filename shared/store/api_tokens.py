"""API tokens: how machines that are nobody's login come in, for named purposes, kept as hashes, ended at once."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from shared.conversation.content import Frozen
from shared.store.driver import Collection, Database, Doc

PREFIX: Final = "wxd_"
"""By which people, and scanners for leaked secrets, know one when they see it."""
TOKEN_BYTES: Final = 32
USED_EVERY_SECONDS: Final = 60.0
"""`last_used_at` is no finer than this: a machine that calls often must not write with every call."""

Scope = Literal["customers", "read"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)


class ApiToken(Frozen):
    """What one machine may do. `apps` None: with every app, those added later included."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    apps: tuple[str, ...] | None = None
    created_at: datetime
    last_used_at: datetime | None = None
    expires_at: datetime | None = None

    def stands(self, now: datetime) -> bool:
        return self.expires_at is None or self.expires_at > now


class ApiTokenStore:
    def __init__(self, database: Database) -> None:
        self._tokens: Collection = database["api_tokens"]

    async def make(
        self,
        name: str,
        scopes: Sequence[Scope],
        apps: Sequence[str] | None,
        *,
        now: datetime,
        lasts: timedelta | None,
    ) -> tuple[str, ApiToken]:
        """A new one and its text, which is told this once and stored nowhere."""
        text = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        made = ApiToken(
            id=secrets.token_hex(8),
            name=name,
            scopes=tuple(scopes),
            apps=None if apps is None else tuple(apps),
            created_at=now,
            expires_at=now + lasts if lasts is not None else None,
        )
        await self._tokens.insert_one({"_id": made.id, "hash": _hash(text), **made.model_dump(exclude={"id"})})
        return text, made

    async def by_text(self, text: str, now: datetime) -> ApiToken | None:
        """Whose text this is, if it still lets anyone in; the use is noted."""
        if not text.startswith(PREFIX):
            return None
        doc = await self._tokens.find_one({"hash": _hash(text)})
        token = _token(doc) if doc else None
        if token is None or not token.stands(now):
            return None
        await self._note_use(token, now)
        return token

    async def everything(self) -> list[ApiToken]:
        """Newest first; those that expired stay until they are removed, so that one sees why a machine is shut out."""
        return [_token(doc) for doc in await self._tokens.find({}, sort=[("created_at", -1), ("_id", 1)])]

    async def remove(self, token_id: str) -> ApiToken | None:
        """What was removed; None where there was none."""
        doc = await self._tokens.find_one({"_id": token_id})
        removed = await self._tokens.delete_one({"_id": token_id})
        return _token(doc) if doc and removed else None

    async def _note_use(self, token: ApiToken, now: datetime) -> None:
        before = now - timedelta(seconds=USED_EVERY_SECONDS)
        if token.last_used_at is None or token.last_used_at < before:
            await self._tokens.update_one({"_id": token.id}, {"$set": {"last_used_at": now}})


def _hash(text: str) -> str:
    """Plain: of 256 random bits nothing can be guessed, however fast the hash."""
    return hashlib.sha256(text.encode()).hexdigest()


def _token(doc: Doc) -> ApiToken:
    return ApiToken.model_validate({**doc, "id": doc["_id"]})
