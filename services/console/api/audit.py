"""Who changed what."""

from datetime import datetime
from typing import Any, Final, Literal

from aiohttp import web
from pydantic import Field

from services.console import page_cursor
from services.console.api.shape import Shape
from services.console.operations import Call, Input, Operation, answer
from services.console.page_cursor import BadCursor
from services.console.problem import Refused
from shared.store import audit
from shared.store.audit import AuditPlace


class AuditQuery(Input):
    target: str | None = Field(None, max_length=200, description="only about this id: of an app, an agent, …")
    by: str | None = Field(None, max_length=200, description="only what this author did, by id")
    action: str | None = Field(None, max_length=80, description="as in `app.changed`; `app` means all of `app.…`")
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=500, description="`next` of the page before")


class Author(Shape):
    kind: Literal["agent", "token", "system"]
    id: str
    name: str


class AuditChange(Shape):
    field: str
    before: Any
    after: Any


class AuditEntry(Shape):
    """Of a secret no more is told than `set` and `changed`."""

    id: str
    at: datetime
    by: Author
    action: str
    target: str
    changes: list[AuditChange]

    @classmethod
    def of(cls, entry: audit.AuditEntry) -> "AuditEntry":
        return cls.model_validate(entry.model_dump())


class AuditPage(Shape):
    items: list[AuditEntry]
    next: str | None = Field(description="the cursor of the next page; null: this was the last")


async def list_audit(call: Call) -> web.Response:
    query = call.query(AuditQuery)
    entries, last = await call.parts.audit.page(
        target=query.target,
        by=query.by,
        action=query.action,
        after=_read_cursor(query.cursor) if query.cursor else None,
        limit=query.limit,
    )
    return answer(AuditPage(items=[AuditEntry.of(entry) for entry in entries], next=_cursor(last)))


def _cursor(place: AuditPlace | None) -> str | None:
    return page_cursor.written(place.at, place.id) if place else None


def _read_cursor(cursor: str) -> AuditPlace:
    try:
        at, name = page_cursor.read(cursor, 2)
        return AuditPlace(page_cursor.instant(at), str(name))
    except BadCursor:
        raise Refused("invalid", "cursor: take `next` of the page before, as it is.") from None


OPERATIONS: Final = (
    Operation(
        "GET",
        "/audit",
        list_audit,
        "What was changed, by whom, newest first",
        {200: AuditPage},
        query=AuditQuery,
        role="admin",
    ),
)
