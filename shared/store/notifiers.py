"""Notifiers: the chat robots of groups, told when customers wait and nobody is there. Their addresses are secrets."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import structlog
from pydantic import SecretStr

from shared.conversation.content import Frozen
from shared.lately import COMPLAIN_SECONDS, Lately
from shared.store.driver import Collection, Database, Doc
from shared.store.sealing import Sealer
from shared.store.webhooks import UNREADABLE, LastCall, noted

log = structlog.get_logger()

NotifierKind = Literal["wecom", "feishu", "dingtalk"]

QUIET_SECONDS: Final = 60
"""A notifier says something at most this often."""
REMEMBERED_FOR: Final = timedelta(days=30)
"""How long it is known that a waiting customer was told of."""

SEALED: Final = ("url", "secret")


class Notifier(Frozen):
    """Told of customers of these apps (none named: of all) who wait longer than `after_seconds`."""

    id: str
    name: str
    kind: NotifierKind
    url: SecretStr
    secret: SecretStr | None = None
    app_ids: tuple[str, ...] = ()
    after_seconds: int
    enabled: bool = True
    created_at: datetime
    last: LastCall | None = None
    failures: int = 0
    """Calls that failed since one last succeeded."""
    quiet_until: datetime | None = None
    unreadable: tuple[str, ...] = ()
    """Of `url` and `secret` what was sealed with a key that is not here; empty instead, and nothing is said."""

    @property
    def readable(self) -> bool:
        return not self.unreadable

    def minds(self, app_id: str) -> bool:
        return not self.app_ids or app_id in self.app_ids


class NotifierStore:
    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._notifiers: Collection = database["notifiers"]
        self._told: Collection = database["notified"]
        self._sealer = sealer
        self._complaints = Lately(COMPLAIN_SECONDS)

    async def everything(self) -> list[Notifier]:
        return [self._opened(doc) for doc in await self._notifiers.find({}, sort=[("created_at", 1), ("_id", 1)])]

    async def enabled(self) -> list[Notifier]:
        """Those that can say something: one that cannot be read is left out, and said to be now and then."""
        found = [self._opened(doc) for doc in await self._notifiers.find({"enabled": True}, sort=[("_id", 1)])]
        for notifier in found:
            if not notifier.readable and self._complaints.due(notifier.id):
                log.error("notifier_unreadable", notifier_id=notifier.id, reason=UNREADABLE)
        return [notifier for notifier in found if notifier.readable]

    async def get(self, notifier: str) -> Notifier | None:
        doc = await self._notifiers.find_one({"_id": notifier})
        return self._opened(doc) if doc else None

    async def add(self, notifier: Notifier) -> None:
        doc = notifier.model_dump(exclude={"id", "unreadable", *SEALED})
        await self._notifiers.insert_one({"_id": notifier.id, **doc, **self._sealed(notifier.id, _secrets(notifier))})

    async def change(self, notifier: str, fields: dict[str, Any]) -> Notifier | None:
        """Set named fields, `url` and `secret` as text; the notifier as it is then, None where there is none."""
        told = {**fields, **self._sealed(notifier, {name: fields[name] for name in SEALED if name in fields})}
        doc = await self._notifiers.find_one_and_update({"_id": notifier}, {"$set": told})
        return self._opened(doc) if doc else None

    async def remove(self, notifier: str) -> bool:
        await self._told.delete_many({"notifier": notifier})
        return await self._notifiers.delete_one({"_id": notifier}) == 1

    async def take_turn(self, notifier: str, now: datetime) -> bool:
        """Whether this process, and no other, may let the notifier speak now."""
        may = {"_id": notifier, "enabled": True, "$or": [{"quiet_until": None}, {"quiet_until": {"$lte": now}}]}
        until = now + timedelta(seconds=QUIET_SECONDS)
        return await self._notifiers.update_one(may, {"$set": {"quiet_until": until}}) == 1

    async def note_call(self, notifier: str, call: LastCall, quiet_until: datetime | None = None) -> None:
        """Keep how the last call ended. `quiet_until`: no other before."""
        failures = {"$add": [{"$ifNull": ["$failures", 0]}, 1]} if call.failure is not None else 0
        fields: Doc = {"failures": failures} | ({"quiet_until": quiet_until} if quiet_until else {})
        await self._notifiers.update_one({"_id": notifier}, [*noted(call), {"$set": fields}])

    async def untold(self, notifier: str, waits: Iterable[str]) -> set[str]:
        """Which of these waits the notifier was not told of."""
        wanted = set(waits)
        docs = await self._told.find({"_id": {"$in": [_told_id(notifier, wait) for wait in wanted]}}, {"wait": 1})
        return wanted - {doc["wait"] for doc in docs}

    async def note_told(self, notifier: str, waits: Iterable[str], now: datetime) -> None:
        forget_at = now + REMEMBERED_FOR
        docs = [
            {"_id": _told_id(notifier, wait), "notifier": notifier, "wait": wait, "forget_at": forget_at}
            for wait in waits
        ]
        if docs:
            await self._told.insert_many(docs)

    def _sealed(self, notifier: str, values: dict[str, str | None]) -> dict[str, str | None]:
        return {field: value and self._sealer.seal(value, notifier, field) for field, value in values.items()}

    def _opened(self, doc: Doc) -> Notifier:
        opened, unreadable = self._sealer.open_each(doc, doc["_id"], SEALED)
        lost = dict.fromkeys(unreadable, "")
        return Notifier.model_validate({**doc, **opened, **lost, "id": doc["_id"], "unreadable": unreadable})


def _told_id(notifier: str, wait: str) -> str:
    return f"{notifier}:{wait}"


def _secrets(notifier: Notifier) -> dict[str, str | None]:
    secret = notifier.secret.get_secret_value() if notifier.secret else None
    return {"url": notifier.url.get_secret_value(), "secret": secret}
