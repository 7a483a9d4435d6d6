"""Customers, by the openid the mini program knows them by: described by its own server, and deleted."""

import asyncio
import re
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field, StringConstraints, field_validator, model_validator

from services.console.api import shapes
from services.console.naming import WITHOUT_CONTROLS
from services.console.operations import Call, Input, Operation, answer
from services.console.problem import Refused
from shared.clock import Milliseconds
from shared.conversation import ids
from shared.conversation.facts import CustomerDeleted, CustomerDescribed
from shared.conversation.model import Conversation, ProfileField
from shared.outage import Outage

_OPENID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
LOOK_SECONDS: Final = (0.02, 0.05, 0.1, 0.2, 0.5)
"""When to look whether a description counts, one pause after another, the last again and again."""
A_MOMENT: Final = timedelta(milliseconds=1)

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40), WITHOUT_CONTROLS]


class ProfileFieldBody(Input):
    name: Name
    value: str = Field(max_length=500)


class CustomerBody(Input):
    """What is left out stays as it is; `null`, or an empty list, takes away what was there."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64), WITHOUT_CONTROLS] | None = None
    profile: list[ProfileFieldBody] = Field(default_factory=list, max_length=20, description="shown in this order")

    @field_validator("profile")
    @classmethod
    def _each_name_once(cls, profile: list[ProfileFieldBody]) -> list[ProfileFieldBody]:
        names = [field.name for field in profile]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"the name {twice} is there twice; a name stands for one value")
        return profile

    @model_validator(mode="after")
    def _says_something(self) -> "CustomerBody":
        if not self.model_fields_set:
            raise ValueError("give name, profile, or both")
        return self


async def describe_customer(call: Call) -> web.Response:
    """Also before the customer ever wrote. 202: it is safe with the broker, and counts once the router has it."""
    app_id, openid = _named(call)
    if not call.access.sees(app_id) or call.parts.backbone.apps.get(app_id) is None:
        raise Refused("not_found", "There is no such app.")
    body = await call.body(CustomerBody)
    conversation = ids.conversation_id(app_id, openid)
    before = await call.parts.conversations.get(conversation)
    described = CustomerDescribed(
        conversation_id=conversation,
        app_id=app_id,
        cause=f"p:{call.trace_id}",
        occurred_at=_after(before, Milliseconds(call.parts.backbone.clock).now()),
        trace_id=call.trace_id,
        openid=openid,
        name=(body.name or "") if "name" in body.model_fields_set else None,
        profile=_profile(body) if "profile" in body.model_fields_set else None,
    )
    await call.parts.backbone.publisher.publish(described)
    after = await _once_it_counts(call, described)
    if after is not None:
        return answer(shapes.DescribedCustomer.of(openid, after))
    return answer(shapes.DescribedCustomer.of(openid, _foreseen(before, described)), status=202)


async def delete_customer(call: Call) -> web.Response:
    """The customer's conversation goes with all it holds. It begins anew if they write again."""
    app_id, openid = _named(call)
    found = await call.parts.conversations.get(ids.conversation_id(app_id, openid))
    if found is None or found.deleted_at is not None or not call.access.sees(app_id):
        raise Refused("not_found", "There is no such customer.")
    # Noted first: what is deleted without a note could not be noted any more.
    await call.note("customer.deleted", found.id, {"app_id": (app_id, None)})
    await call.parts.backbone.publisher.publish(
        CustomerDeleted(
            conversation_id=found.id,
            app_id=app_id,
            cause=f"asked:{call.trace_id}",
            occurred_at=_after(found, Milliseconds(call.parts.backbone.clock).now()),
            trace_id=call.trace_id,
        )
    )
    return answer(shapes.DeletedCustomer(conversation_id=found.id), status=202)


def _named(call: Call) -> tuple[str, str]:
    app_id, openid = call.request.match_info["app_id"], call.request.match_info["openid"]
    if _OPENID.fullmatch(openid) is None:
        raise Refused("invalid", "openid: letters, digits, _ and -, at most 64, as WeChat gives it.")
    return app_id, openid


def _after(before: Conversation | None, now: datetime) -> datetime:
    """Now, but later than what stands there: another console's clock may be a little ahead of ours."""
    earlier = (before.described_at, before.erased_at) if before is not None else ()
    return max([now, *(at + A_MOMENT for at in earlier if at is not None)])


def _profile(body: CustomerBody) -> tuple[ProfileField, ...]:
    return tuple(ProfileField(name=field.name, value=field.value) for field in body.profile)


async def _once_it_counts(call: Call, described: CustomerDescribed) -> Conversation | None:
    """The conversation with this description, or a newer one; None where it is not there in time."""
    pauses = iter(LOOK_SECONDS)
    pause = LOOK_SECONDS[-1]
    with suppress(TimeoutError):
        async with asyncio.timeout(call.parts.settings.command_seconds):
            while True:
                pause = next(pauses, LOOK_SECONDS[-1])
                await asyncio.sleep(pause)
                with suppress(Outage):
                    found = await call.parts.conversations.get(described.conversation_id)
                    at = found.described_at if found is not None else None
                    if at is not None and at >= described.occurred_at:
                        return found
    return None


def _foreseen(before: Conversation | None, described: CustomerDescribed) -> Conversation:
    """What the conversation will say, unless something else comes in between."""
    found = before or Conversation(id=described.conversation_id, app_id=described.app_id, openid=described.openid)
    name = found.name if described.name is None else described.name or None
    return found.but(name=name, profile=found.profile if described.profile is None else described.profile)


OPERATIONS: Final = (
    Operation(
        "PUT",
        "/apps/{app_id}/customers/{openid}",
        describe_customer,
        "Tell agents who a customer is: for the mini program's own server",
        {200: shapes.DescribedCustomer, 202: shapes.DescribedCustomer},
        problems=("not_found",),
        body=CustomerBody,
        role="supervisor",
        scope="customers",
    ),
    Operation(
        "DELETE",
        "/apps/{app_id}/customers/{openid}",
        delete_customer,
        "Delete everything of a customer",
        {202: shapes.DeletedCustomer},
        problems=("not_found", "invalid"),
        role="admin",
    ),
)
