"""Logging in and out."""

from typing import Final

from aiohttp import web
from pydantic import Field

from services.console.api import shapes
from services.console.login import address_of, drop_cookie, same_origin, set_cookie
from services.console.operations import Call, Input, Operation, answer
from services.console.problem import Refused
from shared.contracts.hints import SettingsChanged


class LoginBody(Input):
    login: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=1024)
    code: str | None = Field(
        None,
        min_length=1,
        max_length=40,
        description="of the second factor, where the agent has one; or a recovery code",
    )


async def log_in(call: Call) -> web.Response:
    """Also sets the cookie the desk uses; so no other site may log a browser in."""
    request = call.request
    if "Origin" in request.headers and not same_origin(request):
        raise Refused("forbidden", "Log in from this site's own page.")
    body = await call.body(LoginBody)
    address = address_of(request, call.parts.settings.forwarded_hops)
    token, login, agent = await call.parts.logins.log_in(body.login, body.password, address, code=body.code)
    shape = shapes.LoggedIn(token=token, expires_at=login.expires_at, agent=shapes.Agent.of(agent))
    response = answer(shape)
    set_cookie(request, response, token, call.parts.settings.login_seconds)
    return response


async def log_out(call: Call) -> web.Response:
    await call.parts.logins.log_out(call.identity.login)
    await call.parts.backbone.publisher.hint(SettingsChanged(what="logins"))
    response = web.Response(status=204)
    drop_cookie(call.request, response)
    return response


OPERATIONS: Final = (
    Operation(
        "POST",
        "/login",
        log_in,
        "Log in; answers a token for scripts and sets the cookie for the desk",
        {200: shapes.LoggedIn},
        problems=("login_required", "forbidden", "rate_limited"),
        body=LoginBody,
        public=True,
    ),
    Operation("POST", "/logout", log_out, "End this login; its live sockets are closed", {204: None}),
)
