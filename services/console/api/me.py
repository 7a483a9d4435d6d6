"""The agent who is asking."""

from contextlib import suppress
from typing import Final

import structlog
from aiohttp import web
from pydantic import Field

from services.console.api import shapes
from services.console.api.agent_bodies import AwayAfter, given
from services.console.operations import Call, Input, Operation, answer
from services.console.problem import Refused
from shared.contracts import AgentChanged
from shared.contracts.hints import PresenceChanged
from shared.outage import Outage
from shared.store.agents import Presence

log = structlog.get_logger()


class MeBody(Input):
    presence: Presence | None = None
    capacity: int | None = Field(None, ge=0, le=200)
    auto_accept: bool | None = None
    away_after_seconds: AwayAfter = None


async def read_me(call: Call) -> web.Response:
    return answer(shapes.Agent.of(call.agent))


async def change_me(call: Call) -> web.Response:
    """What is left out stays. Whoever assigns sessions is told: there may be room now."""
    changes = given(await call.body(MeBody))
    if not changes:
        return answer(shapes.Agent.of(call.agent))
    agent = await call.parts.agents.update(call.agent.id, **changes)
    if agent is None:
        raise Refused("login_required", "This login's agent is gone.")
    publisher = call.parts.backbone.publisher
    if "presence" in changes:
        await publisher.hint(PresenceChanged(agent_id=agent.id, name=agent.name, presence=agent.presence))
    # Only a nudge: what it is about is stored, and assignment looks for itself every second.
    with suppress(Outage):
        await publisher.publish(AgentChanged(agent_id=agent.id, trace_id=call.trace_id))
    # Another tab of the same agent follows, and whoever lists colleagues.
    await call.announce("agents")
    log.info("agent_changed", agent_id=agent.id)
    return answer(shapes.Agent.of(agent))


OPERATIONS: Final = (
    Operation("GET", "/me", read_me, "Who I am", {200: shapes.Agent}),
    Operation(
        "PATCH",
        "/me",
        change_me,
        "Change my presence, capacity, auto-accept or when I become away",
        {200: shapes.Agent},
        body=MeBody,
    ),
)
