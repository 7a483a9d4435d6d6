"""A call of the REST interface: what it takes and answers, written down once, for the router and for the document."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar

import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from services.console.access import Access, access_of, access_of_token
from services.console.administering.faults import FieldsRefused
from services.console.api import shapes
from services.console.login import Identity, Machine, require_own_page
from services.console.parts import PARTS, Parts
from services.console.problem import Code, Refused
from shared.clock import real_now
from shared.contracts.hints import SettingsChanged
from shared.conversation.model import Conversation
from shared.store.agents import Agent, Role
from shared.store.api_tokens import Scope
from shared.store.audit import Author, Changes

PREFIX: Final = "/api/v1"
BODY_SECONDS: Final = 10.0
BODY_BYTES: Final = 128 * 1024
"""As large as a body may be, where its operation does not say otherwise."""
MOST_ERRORS: Final = 20
HIGHEST_WHOLE: Final = 2**53 - 1
"""Beyond this not every number is one that browsers can tell from its neighbours; no count of ours gets there."""
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})

AnyInput = TypeVar("AnyInput", bound="Input")
Result = TypeVar("Result")


class Input(BaseModel):
    """A body or a query. What it does not name is refused, so that a misspelt name is not silently ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Settling(Exception):
    """The command was published and is not settled yet: answer 202."""

    def __init__(self, command_id: str) -> None:
        super().__init__(command_id)
        self.command_id = command_id


@dataclass(frozen=True, slots=True)
class Call:
    """One request under way, with who is asking and what they may see."""

    request: web.Request
    operation: "Operation"
    parts: Parts
    known: Identity | Machine | None
    trace_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def identity(self) -> Identity:
        """The login that asks; raises Refused where there is none, or a machine asks."""
        if self.known is None:
            raise Refused("login_required", "Log in, and send the token or the cookie.")
        if isinstance(self.known, Machine):
            raise Refused("forbidden", "An API token cannot do this; it takes an agent's login.")
        return self.known

    @property
    def agent(self) -> Agent:
        """The agent who asks; raises Refused for a machine. What a machine may call uses `author` and `access`."""
        return self.identity.agent

    @property
    def author(self) -> Author:
        """Who is asking, as the audit has it: the agent, or the machine by its token's id."""
        if isinstance(self.known, Machine):
            return Author(kind="token", id=self.known.token.id, name=self.known.token.name)
        return Author.of(self.agent)

    @property
    def access(self) -> Access:
        apps = self.parts.backbone.apps.all()
        if isinstance(self.known, Machine):
            return access_of_token(self.known.token, apps)
        return access_of(self.agent, apps)

    async def together(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """What `work` changes and notes, whole or not at all, as `AuditLog.together`. Announce afterwards."""
        return await self.parts.audit.together(work)

    async def note(self, action: str, target: str, changes: Changes | None = None) -> None:
        """Leave an audit entry in the caller's name, inside `together` with the change; no value may be a secret."""
        await self.parts.audit.note(self.author, action, target, changes, real_now())

    async def announce(self, *what: str, to: str | None = None) -> None:
        """Have every service read these settings again now, and every browser hear of it; `to`: only this agent's."""
        for one in what:
            await self.parts.backbone.publisher.hint(SettingsChanged(what=one, agent_id=to))

    async def body(self, kind: type[AnyInput]) -> AnyInput:
        """The body as `kind`; raises Refused. No body at all is an empty object."""
        if self.operation.body is not kind:
            raise LookupError(f"{self.operation.name} is not documented to take {kind.__name__}")
        try:
            async with asyncio.timeout(BODY_SECONDS):
                raw = await self._bounded.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        except web.HTTPRequestEntityTooLarge:
            most = (self.operation.body_bytes or BODY_BYTES) // 1024
            raise Refused("too_large", f"The body is larger than the {most} KiB that this call takes.") from None
        if raw and self.request.content_type != "application/json":
            raise Refused("invalid", "Send the body as application/json.")
        try:
            return kind.model_validate_json(raw or b"{}")
        except ValidationError as refused:
            raise not_understood(refused) from None

    def query(self, kind: type[AnyInput]) -> AnyInput:
        if self.operation.query is not kind:
            raise LookupError(f"{self.operation.name} is not documented to take {kind.__name__}")
        try:
            return kind.model_validate(dict(self.request.query))
        except ValidationError as refused:
            raise not_understood(refused) from None

    @property
    def _bounded(self) -> web.Request:
        most = self.operation.body_bytes
        return self.request if most is None else self.request.clone(client_max_size=most)

    async def conversation(self) -> Conversation:
        """The conversation named in the path; raises Refused (`not_found`) where the agent may not see it, too."""
        found = await self.parts.conversations.get(self.request.match_info["id"])
        if found is None or found.deleted_at is not None or not self.access.sees(found.app_id):
            raise Refused("not_found", "There is no such conversation.")
        return found

    def shown(self, conversation: Conversation) -> shapes.Conversation:
        return self.parts.shown(conversation)


Handle = Callable[[Call], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Operation:
    """`answers` by status; None: no JSON (no content, or a file). `problems` beside those every call may have."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    handle: Handle
    summary: str
    answers: Mapping[int, type[BaseModel] | None]
    problems: Sequence[Code] = ()
    body: type[Input] | None = None
    query: type[Input] | None = None
    public: bool = False
    role: Role = "agent"
    """The least role that may call it: an admin may do what a supervisor may, a supervisor what an agent may."""
    scope: Scope | None = None
    """Which scope lets an API token in; None: no token. A machine that is let in is of no role and is no agent."""
    command: bool = False
    """Whether it asks the conversation's router for something, and may be answered 202."""
    files: str | None = None
    """The multipart field it takes, if it takes one."""
    body_bytes: int | None = None
    """As large as its body may be, read once then; None: BODY_BYTES."""
    file_types: Sequence[str] = ("image/*",)
    """Of the file it answers with, where it answers with one."""

    @property
    def name(self) -> str:
        return self.handle.__name__

    @property
    def every_answer(self) -> Mapping[int, type[BaseModel] | None]:
        return {**self.answers, 202: shapes.Unsettled} if self.command else self.answers

    @property
    def every_problem(self) -> list[Code]:
        """Its own, and those that come with a login, a body, a browser or an outage."""
        codes: list[Code] = ["unavailable", *self.problems]
        if not self.public:
            codes += ["login_required", "forbidden"]
        if self.body is not None:
            codes += ["invalid", "too_large"]
        if self.query is not None or self.files is not None:
            codes.append("invalid")
        return list(dict.fromkeys(codes))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        parts = request.app[PARTS]
        known = None if self.public else await parts.logins.of_request(request)
        call = Call(request, self, parts, known)
        if not self.public:
            self._admit(call)
        with structlog.contextvars.bound_contextvars(trace_id=call.trace_id):
            try:
                return await self.handle(call)
            except Settling as settling:
                return answer(shapes.Unsettled(command_id=settling.command_id), status=202)
            except FieldsRefused as refused:
                raise fields_refused(refused) from None

    def _admit(self, call: Call) -> None:
        """Raises Refused."""
        if isinstance(call.known, Machine) and self.scope is not None:
            if self.scope not in call.known.token.scopes:
                raise Refused("forbidden", f"Only an API token with the scope {self.scope} may do this.")
            return
        if call.identity.by == "cookie" and self.method not in SAFE_METHODS:
            require_own_page(call.request)
        if not call.agent.ranks(self.role):
            raise Refused("forbidden", f"Only a login of role {self.role} may do this.")


def answer(shape: BaseModel, *, status: int = 200) -> web.Response:
    return web.Response(body=shape.model_dump_json().encode(), status=status, content_type="application/json")


def not_understood(refused: ValidationError) -> Refused:
    """Where and why, never the value: it may be a password or a customer's words."""
    errors: list[dict[str, Any]] = [
        {"where": ".".join(str(part) for part in error["loc"]), "what": error["msg"]}
        for error in refused.errors(include_input=False, include_url=False, include_context=False)
    ]
    first = errors[0]
    detail = f"{first['where']}: {first['what']}" if first["where"] else first["what"]
    return Refused("invalid", detail, errors=errors[:MOST_ERRORS])


def fields_refused(refused: FieldsRefused) -> Refused:
    errors = [{"where": fault.dotted, "what": fault.what} for fault in refused.faults]
    return Refused("invalid", f"{errors[0]['where']}: {errors[0]['what']}", errors=errors[:MOST_ERRORS])
