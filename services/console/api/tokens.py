"""API tokens: how machines come in. An admin makes and ends them."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field, StringConstraints

from services.console.api.shape import Shape
from services.console.naming import WITHOUT_CONTROLS
from services.console.operations import Call, Input, Operation, answer
from services.console.problem import Refused
from shared.clock import real_now
from shared.store.api_tokens import ApiToken, Scope

LONGEST_DAYS: Final = 3650
MOST_TOKENS: Final = 200

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), WITHOUT_CONTROLS]


class TokenBody(Input):
    name: Name = Field(description="which machine has it")
    scopes: list[Scope] = Field(min_length=1, description="what it may do: change customers, read conversations")
    apps: list[str] | None = Field(
        None, min_length=1, max_length=200, description="only with these apps; null: with all"
    )
    days: int | None = Field(None, ge=1, le=LONGEST_DAYS, description="how long it lasts; null: until it is removed")


class Token(Shape):
    id: str
    name: str
    scopes: list[Scope]
    apps: list[str] | None
    created_at: datetime
    last_used_at: datetime | None = Field(description="to the minute")
    expires_at: datetime | None

    @classmethod
    def of(cls, token: ApiToken) -> "Token":
        return cls.model_validate(token.model_dump())


class MadeToken(Token):
    token: str = Field(description="told only now; send it as a bearer's")


class TokenList(Shape):
    items: list[Token]
    next: None = None


async def list_tokens(call: Call) -> web.Response:
    """Those that expired too, until they are removed."""
    tokens = await call.parts.api_tokens.everything()
    return answer(TokenList(items=[Token.of(token) for token in tokens]))


async def make_token(call: Call) -> web.Response:
    body = await call.body(TokenBody)
    unknown = sorted(set(body.apps or ()) - {app.app_id for app in call.parts.backbone.apps.all()})
    if unknown:
        raise Refused("invalid", f"apps: there is no app {unknown[0]}.")
    lasts = timedelta(days=body.days) if body.days is not None else None

    async def make() -> tuple[str, ApiToken]:
        if len(await call.parts.api_tokens.everything()) >= MOST_TOKENS:
            raise Refused("conflict", f"There are {MOST_TOKENS} tokens already; remove those nobody uses.")
        text, token = await call.parts.api_tokens.make(
            body.name,
            list(dict.fromkeys(body.scopes)),
            list(dict.fromkeys(body.apps)) if body.apps is not None else None,
            now=_whole_milliseconds(real_now()),
            lasts=lasts,
        )
        await call.note("token.made", token.id, _told(token))
        return text, token

    text, token = await call.together(make)
    await call.announce("tokens")
    return answer(MadeToken(**token.model_dump(), token=text), status=201)


async def remove_token(call: Call) -> web.Response:
    """It lets nobody in from this moment on."""

    async def remove() -> None:
        removed = await call.parts.api_tokens.remove(call.request.match_info["id"])
        if removed is None:
            raise Refused("not_found", "There is no such token.")
        await call.note("token.removed", removed.id, {"name": (removed.name, None)})

    await call.together(remove)
    await call.announce("tokens")
    return web.Response(status=204)


def _told(token: ApiToken) -> dict[str, tuple[None, Any]]:
    fields = token.model_dump(include={"name", "scopes", "apps", "expires_at"})
    return {field: (None, value) for field, value in fields.items()}


def _whole_milliseconds(at: datetime) -> datetime:
    """As MongoDB keeps it, so that what is answered now and what is read later are the same."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


OPERATIONS: Final = (
    Operation("GET", "/tokens", list_tokens, "The API tokens of machines", {200: TokenList}, role="admin"),
    Operation(
        "POST",
        "/tokens",
        make_token,
        "Make an API token; its text is told only now",
        {201: MadeToken},
        problems=("conflict",),
        body=TokenBody,
        role="admin",
    ),
    Operation(
        "DELETE",
        "/tokens/{id}",
        remove_token,
        "End an API token",
        {204: None},
        problems=("not_found",),
        role="admin",
    ),
)
