"""Who changed what, for good: administration leaves an entry here for every change, and secrets never come along."""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Collection as Names
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, TypeVar

import orjson
from pydantic_core import to_jsonable_python

from shared.conversation.content import Frozen
from shared.store.agents import Agent
from shared.store.driver import Collection, Database, Doc

Result = TypeVar("Result")

LONGEST_VALUE: Final = 8_000
"""Characters of JSON; of a longer value the beginning is kept."""

Changes = Mapping[str, Sequence[Any]]
"""By field: what it was, and what it is now."""


class Author(Frozen):
    """Who did it. `system`: nobody who logged in, `id` and `name` then say which part of wxdesk."""

    kind: Literal["agent", "token", "system"]
    id: str
    name: str

    @classmethod
    def of(cls, agent: Agent) -> "Author":
        return cls(kind="agent", id=agent.id, name=agent.name)


SYSTEM: Final = Author(kind="system", id="system", name="system")
COMMAND_LINE: Final = Author(kind="system", id="wxdesk", name="wxdesk")


class AuditChange(Frozen):
    field: str
    before: Any = None
    after: Any = None


class AuditEntry(Frozen):
    """One change. `target` is the id of what was changed, `action` is `noun.verb_past`."""

    id: str
    at: datetime
    by: Author
    action: str
    target: str
    changes: tuple[AuditChange, ...] = ()


class AuditPlace(NamedTuple):
    """Where a page ended."""

    at: datetime
    id: str


class AuditLog:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._audit: Collection = database["audit"]

    async def together(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """What `work` changes and notes, whole or not at all: so no change is without its entry, whatever happens.

        As `Database.together`: `work` may run several times, and does nothing but read and write the store.
        """
        return await self._database.together(work)

    async def note(
        self,
        by: Author,
        action: str,
        target: str,
        changes: Changes | None,
        at: datetime,
        *,
        once: str | None = None,
    ) -> None:
        """Keep it for good. No value in `changes` may be a secret: `changes_between` masks them.

        `once` names the entry: noted again under the same name, it stays one.
        """
        told = [
            {"field": field, "before": _kept(before), "after": _kept(after)}
            for field, (before, after) in (changes or {}).items()
        ]
        doc = {"at": at, "by": by.model_dump(), "action": action, "target": target, "changes": told}
        await self._audit.update_one({"_id": once or uuid.uuid4().hex}, {"$setOnInsert": doc}, upsert=True)

    async def page(
        self,
        *,
        target: str | None = None,
        by: str | None = None,
        action: str | None = None,
        after: AuditPlace | None = None,
        limit: int = 50,
    ) -> tuple[list[AuditEntry], AuditPlace | None]:
        """Newest first; with where it ended, None after the last.

        `by` is an author's id; an `action` without its verb, as `app`, means all of that noun.
        """
        named = {"target": target, "by.id": by, "action": _actions(action) if action else None}
        where: Doc = {field: value for field, value in named.items() if value is not None}
        if after is not None:
            where["$or"] = [{"at": {"$lt": after.at}}, {"at": after.at, "_id": {"$lt": after.id}}]
        docs = await self._audit.find(where, sort=[("at", -1), ("_id", -1)], limit=limit + 1)
        entries = [AuditEntry.model_validate({**doc, "id": doc["_id"]}) for doc in docs[:limit]]
        more = len(docs) > limit
        return entries, AuditPlace(entries[-1].at, entries[-1].id) if more and entries else None


def changes_between(
    before: Mapping[str, Any], after: Mapping[str, Any], *, secrets: Names[str] = ()
) -> dict[str, tuple[Any, Any]]:
    """The fields of `after` that differ; of a secret only whether it was set, and that it is now another."""
    changed = {field: (before.get(field), value) for field, value in after.items() if before.get(field) != value}
    return {field: _masked(*pair) if field in secrets else pair for field, pair in changed.items()}


def _actions(action: str) -> str | Doc:
    # `/` comes right after `.`
    return action if "." in action else {"$gte": f"{action}.", "$lt": f"{action}/"}


def _masked(before: Any, after: Any) -> tuple[str | None, str | None]:
    was = "set" if before else None
    return was, (("changed" if was else "set") if after else None)


def _kept(value: Any) -> Any:
    """As JSON has it; a long one is cut, so that a page of entries stays small."""
    plain = to_jsonable_python(value)
    text = orjson.dumps(plain).decode()
    return plain if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]} …"
