"""What an agent does with a session: accept, decline, transfer, close."""

from typing import Final, Literal

from aiohttp import web
from pydantic import Field, model_validator

from services.console.administering.members import members
from services.console.api import session_shapes, shapes
from services.console.asking import ask, client_key
from services.console.operations import Call, Input, Operation, answer
from services.console.problem import Refused
from shared.conversation.bridges import Bridge
from shared.conversation.facts import AcceptSession, CloseSession, DeclineOffer, TransferSession
from shared.conversation.model import Conversation
from shared.conversation.policy import bridge_of

NO_OFFICIAL: Final = (
    "to.official: this app hands nothing over to WeChat's console; "
    "its settings allow it by official.agents_may_transfer."
)


class AcceptBody(Input):
    """Nothing to say."""


class DeclineBody(Input):
    """Nothing to say."""


class Target(Input):
    """Exactly one of these."""

    agent: str | None = Field(None, min_length=1, description="a colleague, by login")
    group: str | None = Field(None, min_length=1, description="back in line, for agents of this group")
    bot: Literal[True] | None = None
    vendor: str | None = Field(None, min_length=1, description="a vendor account of `GET /bridges`")
    official: Literal[True] | None = Field(None, description="WeChat's own console, with the customer's next message")

    @model_validator(mode="after")
    def _is_one(self) -> "Target":
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("name exactly one of agent, group, bot, vendor, official")
        return self


class TransferBody(Input):
    to: Target
    note: str | None = Field(None, min_length=1, max_length=2000, description="for colleagues only")


class CloseBody(Input):
    reason: str | None = Field(None, min_length=1, max_length=200)


async def list_sessions(call: Call) -> web.Response:
    """The current one as the conversation has it, unless it has ended and its record says who held it last."""
    conversation = await call.conversation()
    ended = await call.parts.sessions.ended(conversation.id)
    current = conversation.session
    unrecorded = [current] if current is not None and not any(one.number == current.number for one in ended) else []
    items = [session_shapes.SessionRecord.of(conversation.id, session) for session in (*unrecorded, *ended)]
    return answer(session_shapes.SessionList(items=items))


async def accept(call: Call) -> web.Response:
    """Again by the holder: 200."""
    conversation = await call.conversation()
    await call.body(AcceptBody)
    await ask(call, conversation, AcceptSession, client_key(call))
    return await _as_it_is(call)


async def decline(call: Call) -> web.Response:
    """What is offered to the caller goes on to the next agent."""
    conversation = await call.conversation()
    await call.body(DeclineBody)
    await ask(call, conversation, DeclineOffer, client_key(call))
    return await _as_it_is(call)


async def transfer(call: Call) -> web.Response:
    """To a colleague who has room, a group's line, the bot, a vendor, or WeChat's console where the app allows it."""
    conversation = await call.conversation()
    body = await call.body(TransferBody)
    await ask(
        call,
        conversation,
        TransferSession,
        client_key(call),
        first=lambda: _check(call, conversation, body.to),
        to_agent=body.to.agent,
        to_group=body.to.group,
        to_bot=bool(body.to.bot),
        to_official=bool(body.to.official),
        to_vendor=body.to.vendor,
        note=body.note,
    )
    return await _as_it_is(call)


async def close(call: Call) -> web.Response:
    conversation = await call.conversation()
    body = await call.body(CloseBody)
    await ask(call, conversation, CloseSession, client_key(call), reason=body.reason)
    return await _as_it_is(call)


async def _as_it_is(call: Call) -> web.Response:
    return answer(call.shown(await call.conversation()))


async def _check(call: Call, conversation: Conversation, to: Target) -> None:
    """Whoever is named must be able to take it: a group nobody is in would keep the customer waiting for ever."""
    app = call.parts.backbone.apps.get(conversation.app_id)
    if to.vendor is not None:
        _check_vendor(bridge_of(call.parts.backbone.apps.policy(conversation.app_id), to.vendor))
    if to.official and not (app is not None and app.policy.may_hand_over):
        raise Refused("invalid", NO_OFFICIAL)
    if to.agent is not None:
        agent = await call.parts.agents.get(to.agent)
        if agent is None or not agent.enabled:
            raise Refused("invalid", "to.agent: there is no such agent.")
        if app is not None and not agent.may_serve(app.policy):
            raise Refused("invalid", "to.agent: does not serve this app.")
    if to.group is not None:
        staff = [member for member in await members(call.parts.agents) if to.group in member.groups]
        if not any(member.enabled for member in staff):
            raise Refused("invalid", "to.group: nobody is in this group.")
        if app is not None and not any(member.serves(app.policy) for member in staff):
            raise Refused("invalid", "to.group: nobody in this group serves this app.")


def _check_vendor(bridge: Bridge | None) -> None:
    if bridge is None:
        raise Refused("invalid", "to.vendor: no such vendor account serves this app; see GET /bridges.")
    if bridge.down:
        raise Refused("conflict", f"{bridge.name} cannot be reached at this moment; choose somebody else.")


OPERATIONS: Final = (
    Operation(
        "GET",
        "/conversations/{id}/sessions",
        list_sessions,
        "The sessions of a conversation, the current one first",
        {200: session_shapes.SessionList},
        problems=("not_found",),
        scope="read",
    ),
    Operation(
        "POST",
        "/conversations/{id}/accept",
        accept,
        "Take the session: from the line, an offer, the bot, a vendor or WeChat's console",
        {200: shapes.Conversation},
        problems=("not_found", "taken", "at_capacity", "conflict"),
        body=AcceptBody,
        command=True,
    ),
    Operation(
        "POST",
        "/conversations/{id}/decline",
        decline,
        "Let what is offered to me go on to the next agent",
        {200: shapes.Conversation},
        problems=("not_found", "conflict"),
        body=DeclineBody,
        command=True,
    ),
    Operation(
        "POST",
        "/conversations/{id}/transfer",
        transfer,
        "Give the session to an agent, a group, the bot, a vendor or WeChat's console; a supervisor takes it over so",
        {200: shapes.Conversation},
        problems=("not_found", "not_yours", "taken", "at_capacity", "conflict"),
        body=TransferBody,
        command=True,
    ),
    Operation(
        "POST",
        "/conversations/{id}/close",
        close,
        "End the session; it opens again when the customer writes",
        {200: shapes.Conversation},
        problems=("not_found", "not_yours", "conflict"),
        body=CloseBody,
        command=True,
    ),
)
