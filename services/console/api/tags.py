"""Tags that are offered for conversations, with their colours."""

from typing import Final

from aiohttp import web

from services.console.administering.faults import named, require
from services.console.api.shape import Shape
from services.console.operations import Call, Input, Operation, answer
from services.console.problem import Refused
from shared.store import tags
from shared.store.audit import changes_between
from shared.store.tags import Color

LONGEST_NAME: Final = 40
MOST_TAGS: Final = 500


class TagBody(Input):
    color: Color


class Tag(Shape):
    name: str
    color: Color


class TagList(Shape):
    items: list[Tag]
    next: None = None


async def list_tags(call: Call) -> web.Response:
    offered = await call.parts.tags.everything()
    return answer(TagList(items=[Tag(name=tag.name, color=tag.color) for tag in offered]))


async def put_tag(call: Call) -> web.Response:
    body = await call.body(TagBody)
    given = call.request.match_info["name"]
    require(named("name", given, LONGEST_NAME))
    tag = tags.Tag(name=given.strip(), color=body.color)

    async def put() -> None:
        everything = {one.name: one for one in await call.parts.tags.everything()}
        before = everything.get(tag.name)
        if before is None and len(everything) >= MOST_TAGS:
            raise Refused("conflict", f"There are {MOST_TAGS} tags already; remove some first.")
        await call.parts.tags.put(tag)
        changes = changes_between({"color": before.color if before else None}, {"color": tag.color})
        await call.note("tag.changed" if before else "tag.added", tag.name, changes)

    await call.together(put)
    await call.announce("tags")
    return answer(Tag(name=tag.name, color=tag.color))


async def remove_tag(call: Call) -> web.Response:
    """Conversations that carry it keep it, without a colour."""
    name = call.request.match_info["name"]

    async def remove() -> None:
        if not await call.parts.tags.remove(name):
            raise Refused("not_found", "There is no such tag.")
        await call.note("tag.removed", name)

    await call.together(remove)
    await call.announce("tags")
    return web.Response(status=204)


OPERATIONS: Final = (
    Operation("GET", "/tags", list_tags, "The tags offered for conversations", {200: TagList}),
    Operation(
        "PUT",
        "/tags/{name:[^/]+}",
        put_tag,
        "Offer a tag, or change its colour",
        {200: Tag},
        problems=("conflict",),
        body=TagBody,
        role="supervisor",
    ),
    Operation(
        "DELETE",
        "/tags/{name:[^/]+}",
        remove_tag,
        "Offer a tag no more; conversations keep it",
        {204: None},
        problems=("not_found",),
        role="supervisor",
    ),
)
