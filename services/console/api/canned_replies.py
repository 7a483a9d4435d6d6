"""Replies kept ready. The desk fills in `{customer}` and the like when one is used."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from aiohttp import web
from pydantic import Field

from services.console.administering.faults import Fault, named, require
from services.console.api.shape import Shape
from services.console.operations import HIGHEST_WHOLE, Call, Input, Operation, answer
from services.console.problem import Refused
from shared.conversation.texts import sendable
from shared.store import canned_replies as stored
from shared.store.audit import changes_between
from shared.store.canned_replies import Scope, ShortcutTaken, new_reply_id

LONGEST_SHORTCUT: Final = 30
LONGEST_TITLE: Final = 60
MOST_REPLIES: Final = 1000
"""Of one owner, and shared."""

Result = TypeVar("Result")

VARIABLES: Final = ("customer", "agent", "app", "source", "time")
_VARIABLE: Final = re.compile(r"\{([A-Za-z_]+)((?:\.[^{}]*)?)\}")
_FIELDS: Final = ("shortcut", "title", "text", "app_id")


class NewCannedReplyBody(Input):
    shortcut: str = Field(description="what an agent types to find it; no white space")
    title: str
    text: str = Field(description="may hold {customer} {agent} {app} {source} {time} {profile.NAME}; 2048 bytes")
    scope: Scope = "personal"
    app_id: str | None = Field(None, description="only for this app; null: for every app")


class CannedReplyBody(Input):
    """What is left out stays; so does what is null, but `app_id`: null makes it one for every app."""

    version: int | None = Field(
        None, le=HIGHEST_WHOLE, description="the version this is a change of; another one by now: 409"
    )
    shortcut: str | None = None
    title: str | None = None
    text: str | None = None
    app_id: str | None = None


class CannedReply(Shape):
    id: str
    shortcut: str
    title: str
    text: str
    scope: Scope
    app_id: str | None
    version: int

    @classmethod
    def of(cls, reply: stored.CannedReply) -> "CannedReply":
        return cls(scope=reply.scope, **reply.model_dump(exclude={"owner"}))


class CannedReplyList(Shape):
    items: list[CannedReply]
    next: None = None


async def list_canned_replies(call: Call) -> web.Response:
    replies = await call.parts.canned_replies.for_agent(call.agent.id, call.access.apps)
    return answer(CannedReplyList(items=[CannedReply.of(reply) for reply in replies]))


async def add_canned_reply(call: Call) -> web.Response:
    body = await call.body(NewCannedReplyBody)
    owner = call.agent.id if body.scope == "personal" else None
    asked = stored.CannedReply(id=new_reply_id(), owner=owner, **{field: getattr(body, field) for field in _FIELDS})
    _require_right(call, asked)
    reply = _checked(call, asked)

    async def add() -> None:
        if await call.parts.canned_replies.count(owner) >= MOST_REPLIES:
            raise Refused("conflict", f"There are {MOST_REPLIES} of them already; remove some first.")
        await call.parts.canned_replies.add(reply)
        await _note(call, "canned_reply.added", reply, changes_between({}, _audited(reply)))

    await _together(call, add, owner)
    return answer(CannedReply.of(reply), status=201)


async def change_canned_reply(call: Call) -> web.Response:
    body = await call.body(CannedReplyBody)
    given = {field: getattr(body, field) for field in _FIELDS if field in body.model_fields_set}
    fields = {field: value for field, value in given.items() if value is not None or field == "app_id"}
    before = await _existing(call)
    if not fields:
        _require_version(body, before)
        return answer(CannedReply.of(before))

    async def change() -> stored.CannedReply:
        before = await _existing(call)
        _require_version(body, before)
        wanted = _checked(call, before.but(**fields))
        update = {field: getattr(wanted, field) for field in fields}
        reply = await call.parts.canned_replies.change(before.id, before.version, **update)
        if reply is None:
            raise _changed_meanwhile(before.version + 1)
        await _note(call, "canned_reply.changed", reply, changes_between(_audited(before), _audited(reply)))
        return reply

    return answer(CannedReply.of(await _together(call, change, before.owner)))


async def remove_canned_reply(call: Call) -> web.Response:
    owner = (await _existing(call)).owner

    async def remove() -> None:
        reply = await _existing(call)
        await call.parts.canned_replies.remove(reply.id)
        await _note(call, "canned_reply.removed", reply, {"title": (reply.title, None)})

    await _together(call, remove, owner)
    return web.Response(status=204)


async def _together(call: Call, work: Callable[[], Awaitable[Result]], owner: str | None) -> Result:
    """Do it, and tell whoever has the reply: everybody, or its owner's other tabs. Raises Refused."""
    try:
        result = await call.together(work)
    except ShortcutTaken:
        raise _taken() from None
    await call.announce("canned-replies", to=owner)
    return result


def _require_version(body: CannedReplyBody, before: stored.CannedReply) -> None:
    if body.version not in {None, before.version}:
        raise _changed_meanwhile(before.version)


async def _existing(call: Call) -> stored.CannedReply:
    """The one named in the path, if the caller may change it; raises Refused."""
    reply = await call.parts.canned_replies.get(call.request.match_info["id"])
    if reply is None or reply.owner not in {None, call.agent.id} or not _seen(call, reply.app_id):
        raise Refused("not_found", "There is no such canned reply.")
    _require_right(call, reply)
    return reply


def _require_right(call: Call, reply: stored.CannedReply) -> None:
    if reply.owner is None and not call.agent.supervises:
        raise Refused("forbidden", "Only a login of role supervisor may change what is shared.")


def _seen(call: Call, app_id: str | None) -> bool:
    return app_id is None or call.access.sees(app_id)


def _checked(call: Call, reply: stored.CannedReply) -> stored.CannedReply:
    """The reply, trimmed; raises FieldsRefused."""
    known = reply.app_id is None or (call.parts.backbone.apps.get(reply.app_id) and call.access.sees(reply.app_id))
    require(
        named("shortcut", reply.shortcut, LONGEST_SHORTCUT) or _shortcut_fault(reply.shortcut.strip()),
        named("title", reply.title, LONGEST_TITLE),
        _text_fault(reply.text),
        None if known else Fault(("app_id",), "there is no such app"),
    )
    return reply.but(shortcut=reply.shortcut.strip(), title=reply.title.strip())


def _shortcut_fault(shortcut: str) -> Fault | None:
    return None if shortcut.split() == [shortcut] else Fault(("shortcut",), "must be without white space")


def _text_fault(text: str) -> Fault | None:
    try:
        sendable(text)
    except ValueError as refused:
        return Fault(("text",), str(refused))
    for name, field in _VARIABLE.findall(text):
        if not (name in VARIABLES and not field) and not (name == "profile" and len(field) > 1):
            return Fault(("text",), f"there is no variable {{{name}{field}}}")
    return None


def _audited(reply: stored.CannedReply) -> dict[str, Any]:
    return {field: getattr(reply, field) for field in _FIELDS}


async def _note(call: Call, action: str, reply: stored.CannedReply, changes: dict[str, tuple[Any, Any]]) -> None:
    """What an agent keeps for themselves is no administration."""
    if reply.owner is None:
        await call.note(action, reply.id, changes)


def _taken() -> Refused:
    return Refused("conflict", "There is another reply of this shortcut.")


def _changed_meanwhile(version: int) -> Refused:
    return Refused("conflict", "Somebody else changed or removed this reply meanwhile.", version=version)


OPERATIONS: Final = (
    Operation(
        "GET",
        "/canned-replies",
        list_canned_replies,
        "The shared ones of the apps I see, and my own",
        {200: CannedReplyList},
    ),
    Operation(
        "POST",
        "/canned-replies",
        add_canned_reply,
        "Keep a reply ready; shared ones take a supervisor",
        {201: CannedReply},
        problems=("conflict",),
        body=NewCannedReplyBody,
    ),
    Operation(
        "PATCH",
        "/canned-replies/{id}",
        change_canned_reply,
        "Change one of my own; a shared one as a supervisor",
        {200: CannedReply},
        problems=("not_found", "conflict"),
        body=CannedReplyBody,
    ),
    Operation(
        "DELETE",
        "/canned-replies/{id}",
        remove_canned_reply,
        "Remove one of my own; a shared one as a supervisor",
        {204: None},
        problems=("not_found",),
    ),
)
