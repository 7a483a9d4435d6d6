"""The console's REST API as one agent uses it."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp

from services.console.cli.calls import Answer, Server, call, http_session
from services.console.cli.environment import Environment
from services.console.cli.failures import Failed, Misused, OutOfReach, Refused

API: Final = "/api/v1"
ASKED_AGAIN: Final = 5
"""How often a command that is under way is asked for again; the console waits some seconds each time."""

ASK_AGAIN_SECONDS: Final = 0.2

_UNSETTLED: Final = (
    "the router has not said how this ended; it may still be carried out. See that the router runs (`wxdesk doctor`), "
    "and look at the conversation before you repeat it"
)
_WAYS_OUT: Final = {
    "text_too_long": "; --split sends it in parts",
    "window_closed": "; --hold sends it when the customer writes",
    "quota_used": "; --hold sends it when the customer writes",
}
_ACCEPTED: Final = 202
_BAD: Final = 400
_UNAUTHORIZED: Final = 401
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500


class Console:
    def __init__(self, session: aiohttp.ClientSession, server: Server) -> None:
        self.session = session
        self.server = server
        self._token = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    async def log_in(self, login: str, password: str, code: str | None = None) -> None:
        """`code` is of the second factor, for those who have one. Raises Refused."""
        body = {"login": login, "password": password, **({"code": code} if code else {})}
        answer = await call(self.session, self.server, "POST", f"{API}/login", json=body)
        if answer.status == _UNAUTHORIZED and isinstance(answer.body, dict) and answer.body.get("second_factor"):
            wrong = "WXDESK_CODE is wrong, or was used already" if code else f"{login} logs in with a code as well"
            raise Refused(f"{wrong}; set WXDESK_CODE to what the authenticator app shows now, or to a recovery code")
        if answer.status == _UNAUTHORIZED:
            raise Refused(f"the console does not know {login} by this password; correct --as or WXDESK_PASSWORD")
        fields = self._fields(answer)
        if not isinstance(fields, dict) or not isinstance(fields.get("token"), str):
            raise self.server.stranger()
        self._token = fields["token"]

    async def log_out(self) -> None:
        await call(self.session, self.server, "POST", f"{API}/logout", headers=self.headers)

    async def get(self, path: str, **params: str | int) -> Any:
        answer = await call(self.session, self.server, "GET", API + path, params=params, headers=self.headers)
        return self._fields(answer)

    async def upload(self, content: bytes, filename: str) -> Any:
        form = aiohttp.FormData()
        form.add_field("file", content, filename=filename)
        answer = await call(self.session, self.server, "POST", f"{API}/media", data=form, headers=self.headers)
        return self._fields(answer)

    async def command(self, path: str, body: dict[str, Any]) -> Any:
        """Post a command until its verdict is known: the same key again is the same command.

        Raises OutOfReach where it stays unknown; the command may then still be carried out.
        """
        headers = {**self.headers, "Idempotency-Key": secrets.token_hex(16)}
        unknown = OutOfReach(_UNSETTLED)
        for _ in range(ASKED_AGAIN):
            try:
                answer = await call(self.session, self.server, "POST", API + path, json=body, headers=headers)
                if answer.status != _ACCEPTED:
                    return self._fields(answer)
            except OutOfReach as failure:
                unknown = OutOfReach(f"{failure}. What you asked for may have been done all the same")
            await asyncio.sleep(ASK_AGAIN_SECONDS)
        raise unknown

    def _fields(self, answer: Answer) -> Any:
        if answer.status < _BAD:
            return answer.body
        problem = answer.body if isinstance(answer.body, dict) else {}
        said = str(problem.get("detail") or problem.get("title") or "")
        if answer.status == _TOO_MANY:
            raise Refused(f"{said or 'too many attempts'}; try again in {answer.retry_after or 'some'} seconds")
        if answer.status >= _SERVER_ERROR:
            raise OutOfReach(f"the console cannot do this now: {said or answer.status}; try again, or see its log")
        if not said:
            raise self.server.stranger()
        code = str(problem.get("code", answer.status))
        raise Refused(f"{said} ({code}){_WAYS_OUT.get(code, '')}")


@asynccontextmanager
async def console_as(environment: Environment, login: str) -> AsyncIterator[Console]:
    """The console, logged in; the login ends with the command."""
    password = environment.variable("WXDESK_PASSWORD") or _password_of_run(environment, login)
    server = Server("console", environment.address("console"), "CONSOLE_URL")
    async with http_session() as session:
        console = Console(session, server)
        await console.log_in(login, password, environment.variable("WXDESK_CODE"))
        try:
            yield console
        finally:
            await _log_out_quietly(console)


async def _log_out_quietly(console: Console) -> None:
    # A login that stays is over by itself; why the command failed matters more.
    try:
        await console.log_out()
    except Failed:
        return


def _password_of_run(environment: Environment, login: str) -> str:
    for agent in environment.run.agents:
        if agent.login == login:
            return agent.password
    raise Misused(f"WXDESK_PASSWORD: missing; set it to the password of {login}")
