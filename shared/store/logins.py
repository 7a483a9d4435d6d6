"""Browser and script logins: opaque tokens, kept as hashes, ended at once; and the counts that slow a guesser."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from shared.clock import real_now
from shared.conversation.content import Frozen
from shared.store.agents import Agent
from shared.store.driver import Collection, Database, Doc

TOKEN_BYTES: Final = 32


class Login(Frozen):
    """One login of one agent. `id` is the token's hash: who reads the database cannot use it."""

    id: str
    agent_id: str
    password_mark: str
    next_password_mark: str = ""
    """Of a password about to be set from this very login, which is to outlive the old one."""
    created_at: datetime
    expires_at: datetime

    def stands(self, agent: Agent | None) -> bool:
        """Whether it still lets this agent in: not expired, the agent enabled, the password as it should be."""
        return (
            agent is not None
            and agent.enabled
            and agent.id == self.agent_id
            and self.expires_at > real_now()
            and password_mark(agent) in {self.password_mark, self.next_password_mark}
        )


def login_id(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def password_mark(agent: Agent) -> str:
    """Changes with the password, so that a new password ends every login made with the old one."""
    return hashlib.sha256(agent.password_hash.encode()).hexdigest()[:16]


class LoginStore:
    def __init__(self, database: Database) -> None:
        self._logins: Collection = database["logins"]

    async def begin(self, agent: Agent, lasts_seconds: float) -> tuple[str, Login]:
        """A new login; the token is told this once and stored nowhere."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        now = real_now()
        login = Login(
            id=login_id(token),
            agent_id=agent.id,
            password_mark=password_mark(agent),
            created_at=now,
            expires_at=now + timedelta(seconds=lasts_seconds),
        )
        await self._logins.insert_one({"_id": login.id, **login.model_dump(exclude={"id"})})
        return token, login

    async def get(self, login: str) -> Login | None:
        doc = await self._logins.find_one({"_id": login})
        return _login(doc) if doc else None

    async def several(self, ids: Iterable[str]) -> dict[str, Login]:
        docs = await self._logins.find({"_id": {"$in": list(ids)}})
        return {doc["_id"]: _login(doc) for doc in docs}

    async def outlive_password(self, login: str, before: Agent, after: Agent) -> None:
        """Let this login stand with the password of either; the one of `after` is to be stored next."""
        marks = {"password_mark": password_mark(before), "next_password_mark": password_mark(after)}
        await self._logins.update_one({"_id": login}, {"$set": marks})

    async def end(self, login: str) -> None:
        await self._logins.delete_one({"_id": login})

    async def end_all_of(self, agent_id: str) -> None:
        await self._logins.delete_many({"agent_id": agent_id})

    async def end_others(self, login: Login) -> None:
        """Every login of the same agent but this one."""
        await self._logins.delete_many({"agent_id": login.agent_id, "_id": {"$ne": login.id}})


class Limit(NamedTuple):
    """At most so many attempts under one name within one span of time."""

    name: str
    most: int


class LoginAttempts:
    """Counts attempts by account and by address, for all replicas together."""

    def __init__(self, database: Database, *, span_seconds: float = 300.0) -> None:
        self._attempts: Collection = database["login_attempts"]
        self._span_seconds = span_seconds

    async def retry_seconds(self, limits: Sequence[Limit]) -> float:
        """Count one attempt under every name; 0 where it may be made, else after how long to come back.

        It is counted before it is made, so that many at once do not slip through.
        """
        waits = [await self._count(limit) for limit in limits]
        return max(waits, default=0.0)

    async def forget(self, name: str) -> None:
        """What was counted under this name was no guessing."""
        await self._attempts.delete_one({"_id": name})

    async def take_back(self, name: str) -> None:
        """One attempt under this name was none."""
        await self._attempts.update_one({"_id": name, "count": {"$gt": 0}}, {"$inc": {"count": -1}})

    async def _count(self, limit: Limit) -> float:
        now = real_now()
        until = now + timedelta(seconds=self._span_seconds)
        running = {"$gt": ["$until", now]}
        doc = await self._attempts.find_one_and_update(
            {"_id": limit.name},
            [
                {
                    "$set": {
                        "count": {"$cond": [running, {"$add": ["$count", 1]}, 1]},
                        "until": {"$cond": [running, "$until", until]},
                    }
                }
            ],
            upsert=True,
        )
        if doc is None or doc["count"] <= limit.most:
            return 0.0
        return max(1.0, float((doc["until"] - now).total_seconds()))


def _login(doc: Doc) -> Login:
    return Login.model_validate({**doc, "id": doc["_id"]})
