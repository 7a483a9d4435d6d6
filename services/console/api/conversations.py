"""Conversations: in lists, one by one, and why their sessions went where they did."""

from collections.abc import Iterable
from typing import Final

from aiohttp import web
from pydantic import Field

from services.console import page_cursor
from services.console.api import shapes
from services.console.api.decision_shapes import Decision, DecisionList
from services.console.operations import Call, Input, Operation, answer
from services.console.page_cursor import BadCursor
from services.console.problem import Refused
from shared.store.conversation_lists import Place, View


class ListQuery(Input):
    view: View = "all"
    app: str | None = Field(None, description="only conversations of this app")
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=500, description="`next` of the page before")


async def list_conversations(call: Call) -> web.Response:
    """Who waits, or needs attention, for longest first; in the other views, what changed last first."""
    query = call.query(ListQuery)
    apps = asked_apps(call, query.app)
    after = _read_cursor(query.cursor, query.view) if query.cursor else None
    lists = call.parts.lists
    conversations, last = await lists.page(query.view, call.author.id, apps, after=after, limit=query.limit)
    counts = await lists.counts(call.author.id, apps)
    shape = shapes.ConversationList(
        items=[call.shown(conversation) for conversation in conversations],
        next=_cursor(query.view, last) if last else None,
        counts=shapes.ConversationList.Counts(**counts),
    )
    return answer(shape)


async def read_conversation(call: Call) -> web.Response:
    return answer(call.shown(await call.conversation()))


async def list_decisions(call: Call) -> web.Response:
    conversation = await call.conversation()
    docs = await call.parts.decisions.of_conversation(conversation.id)
    return answer(DecisionList(items=[Decision.of(doc) for doc in docs]))


def asked_apps(call: Call, app_id: str | None) -> Iterable[str] | None:
    """The apps a list is of; None: of every app. Raises Refused."""
    if app_id is None:
        return call.access.apps
    if not call.access.sees(app_id):
        raise Refused("not_found", "There is no such app.")
    return (app_id,)


def _cursor(view: View, place: Place) -> str:
    return page_cursor.written(view, place.at, place.id)


def _read_cursor(cursor: str, view: View) -> Place:
    try:
        told, at, name = page_cursor.read(cursor, 3)
        place = Place(page_cursor.instant(at), str(name))
    except BadCursor:
        raise Refused("invalid", "cursor: take `next` of the page before, as it is.") from None
    if told != view:
        raise Refused("invalid", "cursor: belongs to another view.")
    return place


OPERATIONS: Final = (
    Operation(
        "GET",
        "/conversations",
        list_conversations,
        "A page of conversations, with how many each view has",
        {200: shapes.ConversationList},
        problems=("not_found",),
        query=ListQuery,
        scope="read",
    ),
    Operation(
        "GET",
        "/conversations/{id}",
        read_conversation,
        "One conversation",
        {200: shapes.Conversation},
        problems=("not_found",),
        scope="read",
    ),
    Operation(
        "GET",
        "/conversations/{id}/decisions",
        list_decisions,
        "Why its sessions were routed, offered and assigned as they were, of the last 30 days",
        {200: DecisionList},
        problems=("not_found",),
        scope="read",
    ),
)
