"""The people who answer, as those who administer them see and change them; and their groups."""

from contextlib import suppress
from typing import Final

from aiohttp import web
from pydantic import Field, SecretStr

from services.console.administering.agent_changes import AgentChanges, Changed, Disabled, LastAdmin, NoSuchAgent
from services.console.administering.agent_fields import MOST_CAPACITY, check_password, checked, made_password
from services.console.api.agent_bodies import AwayAfter, given
from services.console.api.shape import Shape
from services.console.operations import Call, Input, Operation, answer
from services.console.problem import Refused
from services.console.roster import Colleague, ColleagueList
from shared.contracts import AgentChanged
from shared.outage import Outage
from shared.store.agents import Agent, AgentExists, Presence, Role

FOR_SUPERVISORS: Final = frozenset({"presence", "capacity", "auto_accept", "away_after_seconds"})
"""What supervisors may change of others."""

ADDED_ALREADY: Final = (
    "There is an agent of this login already. If it was made a moment ago and the answer was lost, so is the password "
    "that was made: renew it with POST /agents/{id}/password."
)


class NewAgentBody(Input):
    login: str = Field(description="small letters, digits and . _ @ -; it never changes")
    name: str
    role: Role = "agent"
    groups: tuple[str, ...] = ()
    capacity: int = Field(5, ge=0, le=MOST_CAPACITY, description="sessions at once")
    auto_accept: bool = True
    away_after_seconds: AwayAfter = None
    password: SecretStr | None = Field(None, description="10 characters at least; null: one is made, and told once")


class AgentBody(Input):
    """What is left out, or null, stays, but for away_after_seconds.

    Supervisors may change presence, capacity, auto_accept and away_after_seconds.
    """

    name: str | None = None
    role: Role | None = None
    groups: tuple[str, ...] | None = None
    capacity: int | None = Field(None, ge=0, le=MOST_CAPACITY)
    auto_accept: bool | None = None
    away_after_seconds: AwayAfter = None
    enabled: bool | None = Field(None, description="false: logged out, offline, and let in no more")
    presence: Presence | None = None


class AgentPasswordBody(Input):
    password: SecretStr | None = Field(None, description="10 characters at least; null: one is made, and told once")


class MadeAgent(Shape):
    agent: Colleague
    password: str | None = Field(description="the one that was made, told only now; null where one was given")


class MadePassword(Shape):
    password: str | None = Field(description="the one that was made, told only now; null where one was given")


class Group(Shape):
    """A group exists by being named: by an agent, or by an app's settings."""

    name: str
    agents: list[str]
    apps: list[str]


class GroupList(Shape):
    items: list[Group]
    next: None = None


async def list_agents(call: Call) -> web.Response:
    staff = await call.parts.roster.staff()
    return web.Response(body=staff.answer_for(call.agent), content_type="application/json")


async def list_groups(call: Call) -> web.Response:
    groups: dict[str, Group] = {}
    for colleague in (await call.parts.roster.staff()).seen_by(call.agent):
        for name in colleague.groups:
            groups.setdefault(name, Group(name=name, agents=[], apps=[])).agents.append(colleague.id)
    for app in call.parts.backbone.apps.all():
        for name in app.policy.assignment.groups if call.access.sees(app.app_id) else ():
            groups.setdefault(name, Group(name=name, agents=[], apps=[])).apps.append(app.app_id)
    return answer(GroupList(items=[groups[name] for name in sorted(groups)]))


async def add_agent(call: Call) -> web.Response:
    body = await call.body(NewAgentBody)
    agent = checked(
        Agent(
            id=body.login,
            name=body.name,
            role=body.role,
            groups=body.groups,
            capacity=body.capacity,
            auto_accept=body.auto_accept,
            away_after_seconds=body.away_after_seconds,
        )
    )
    password, made = _password(body.password, agent.id)
    try:
        added = await _changes(call).add(agent.but(password_hash=await call.parts.proofs.hash_of(password)))
    except AgentExists:
        raise Refused("conflict", ADDED_ALREADY) from None
    await call.announce("agents")
    return answer(MadeAgent(agent=Colleague.of(added), password=made), status=201)


async def change_agent(call: Call) -> web.Response:
    fields = given(await call.body(AgentBody))
    beyond = sorted(fields.keys() - FOR_SUPERVISORS)
    if beyond and not call.agent.ranks("admin"):
        raise Refused("forbidden", f"Only a login of role admin may change {', '.join(beyond)}.")
    agent_id = call.request.match_info["id"]
    if not fields:
        return answer(Colleague.of(await _existing(call, agent_id)))
    try:
        changed = await _changes(call).change(agent_id, fields)
    except NoSuchAgent:
        raise _unknown() from None
    except LastAdmin:
        raise Refused("conflict", "This is the only admin who may log in; make another one first.") from None
    except Disabled:
        raise Refused("conflict", "Who is disabled stays offline.") from None
    await _tell(call, changed)
    return answer(Colleague.of(changed.after))


async def renew_agent_password(call: Call) -> web.Response:
    """Never one's own: a desk left open must not be enough to take a login over."""
    body = await call.body(AgentPasswordBody)
    agent_id = (await _existing(call, call.request.match_info["id"])).id
    if agent_id == call.agent.id:
        raise Refused("forbidden", "Your own takes the current one: POST /me/password.")
    password, made = _password(body.password, agent_id)
    try:
        await _changes(call).renew_password(agent_id, await call.parts.proofs.hash_of(password))
    except NoSuchAgent:
        raise _unknown() from None
    await call.announce("logins")
    return answer(MadePassword(password=made))


def _changes(call: Call) -> AgentChanges:
    return AgentChanges(call.parts.backbone.database, call.author)


def _password(given: SecretStr | None, login: str) -> tuple[str, str | None]:
    """The password, and what is told of it: only one that was made."""
    if given is None:
        made = made_password()
        return made, made
    check_password(given.get_secret_value(), login)
    return given.get_secret_value(), None


async def _existing(call: Call, agent_id: str) -> Agent:
    agent = await call.parts.agents.get(agent_id)
    if agent is None:
        raise _unknown()
    return agent


def _unknown() -> Refused:
    return Refused("not_found", "There is no such agent.")


async def _tell(call: Call, changed: Changed) -> None:
    publisher = call.parts.backbone.publisher
    for hint in changed.hints:
        await publisher.hint(hint)
    if changed.moves_assignment:
        # Only a nudge: what it is about is stored, and assignment looks for itself every second.
        with suppress(Outage):
            await publisher.publish(AgentChanged(agent_id=changed.after.id, trace_id=call.trace_id))


OPERATIONS: Final = (
    Operation(
        "GET", "/agents", list_agents, "Everyone who answers; agents see those who may log in", {200: ColleagueList}
    ),
    Operation(
        "POST",
        "/agents",
        add_agent,
        "Make a login; without a password one is made and told once",
        {201: MadeAgent},
        problems=("conflict",),
        body=NewAgentBody,
        role="admin",
    ),
    Operation(
        "PATCH",
        "/agents/{id}",
        change_agent,
        "Change an agent; the last enabled admin can be neither disabled nor made something else",
        {200: Colleague},
        problems=("not_found", "conflict"),
        body=AgentBody,
        role="supervisor",
    ),
    Operation(
        "POST",
        "/agents/{id}/password",
        renew_agent_password,
        "Give an agent a new password; their logins end",
        {200: MadePassword},
        problems=("not_found",),
        body=AgentPasswordBody,
        role="admin",
    ),
    Operation("GET", "/groups", list_groups, "The groups that agents and apps name", {200: GroupList}),
)
