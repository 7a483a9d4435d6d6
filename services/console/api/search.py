"""Finding messages by what was said, and customers by who they are."""

from typing import Annotated, Final

from aiohttp import web
from pydantic import AfterValidator, AwareDatetime, Field

from services.console.api import shapes
from services.console.api.conversations import asked_apps
from services.console.operations import Call, Input, Operation, answer
from services.console.problem import Refused
from shared.conversation.searchable import plain
from shared.store.search import NEWEST, Wish

LONGEST_QUERY: Final = 100


def _has_something(query: str) -> str:
    if not plain(query):
        raise ValueError("must be more than white space")
    return query


Query = Annotated[str, Field(min_length=1, max_length=LONGEST_QUERY), AfterValidator(_has_something)]


class MessageQuery(Input):
    q: Query = Field(
        description="what the message holds, as it stands there; case and the width of letters do not matter"
    )
    app: str | None = Field(None, description="only in this app")
    conversation: str | None = Field(None, description="only in this conversation")
    agent: str | None = Field(None, description="only what this agent wrote")
    begin: AwareDatetime | None = Field(None, alias="from", description="only from this instant on")
    end: AwareDatetime | None = Field(None, alias="to", description="only before this instant")
    limit: int = Field(30, ge=1, le=100)
    cursor: str | None = Field(None, max_length=16, description="`next` of the page before")


class CustomerQuery(Input):
    q: Query = Field(description="part of a name or of a tag, or at least four characters an openid begins with")
    app: str | None = Field(None, description="only customers of this app")
    limit: int = Field(30, ge=1, le=100)


async def search_messages(call: Call) -> web.Response:
    """Newest first, with the conversation each belongs to."""
    query = call.query(MessageQuery)
    apps = asked_apps(call, query.app)
    if query.conversation is not None:
        await _require_seen(call, query.conversation)
    wish = Wish(
        query=query.q,
        app_ids=None if apps is None else frozenset(apps),
        conversation=query.conversation,
        agent=query.agent,
        begin=query.begin,
        end=query.end,
    )
    after = _read_cursor(query.cursor) if query.cursor else None
    found = await call.parts.message_search.page(wish, after=after, limit=query.limit)
    around = await call.parts.lists.several({message.conversation for message in found.messages})
    items = [
        shapes.Hit(conversation=call.shown(around[message.conversation]), message=shapes.Message.of(message))
        for message in found.messages
        if message.conversation in around
    ]
    return answer(shapes.HitList(items=items, next=None if found.place is None else f"{found.place:x}"))


async def search_customers(call: Call) -> web.Response:
    """Whoever was active last first."""
    query = call.query(CustomerQuery)
    found = await call.parts.customer_search.find(query.q, asked_apps(call, query.app), query.limit)
    return answer(shapes.CustomerList(items=[call.shown(conversation) for conversation in found]))


async def _require_seen(call: Call, conversation: str) -> None:
    found = (await call.parts.lists.several([conversation])).get(conversation)
    if found is None or not call.access.sees(found.app_id):
        raise Refused("not_found", "There is no such conversation.")


def _read_cursor(cursor: str) -> int:
    try:
        place = int(cursor, 16)
    except ValueError:
        place = 0
    if not 0 < place <= NEWEST:
        raise Refused("invalid", "cursor: take `next` of the page before, as it is.")
    return place


OPERATIONS: Final = (
    Operation(
        "GET",
        "/search/messages",
        search_messages,
        "Messages that hold a text, newest first; a page may be short, or empty, and still not be the last",
        {200: shapes.HitList},
        problems=("not_found",),
        query=MessageQuery,
        scope="read",
    ),
    Operation(
        "GET",
        "/search/customers",
        search_customers,
        "Customers by part of their name, by tag, or by the start of their openid",
        {200: shapes.CustomerList},
        problems=("not_found",),
        query=CustomerQuery,
        scope="read",
    ),
)
