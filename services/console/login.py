"""Logging in, and who is asking: an agent by a bearer token or the desk's cookie, or a machine by an API token."""

from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from services.console.problem import Refused
from services.console.proving import Proofs
from services.console.settings import ConsoleSettings
from shared.clock import real_now
from shared.settings import is_loopback
from shared.store.agents import Agent, AgentStore
from shared.store.api_tokens import ApiToken, ApiTokenStore
from shared.store.driver import Database
from shared.store.logins import Login, LoginStore, login_id

log = structlog.get_logger()

COOKIE: Final = "wxdesk"
SECURE_COOKIE: Final = "__Host-wxdesk"
"""Browsers take a cookie of this name only from https, for the whole host, and for no other."""

TOKEN_LONGEST: Final = 256


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking, by which login, and whether a browser vouched for it by itself (`cookie`)."""

    agent: Agent
    login: Login
    by: Literal["bearer", "cookie"]


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine asks, by an API token: nobody's login and no agent, let into what its scopes name."""

    token: ApiToken


class Logins:
    def __init__(self, settings: ConsoleSettings, database: Database, proofs: Proofs) -> None:
        self._settings = settings
        self._agents = AgentStore(database)
        self._logins = LoginStore(database)
        self._tokens = ApiTokenStore(database)
        self._proofs = proofs

    async def log_in(
        self, agent_id: str, password: str, address: str, *, code: str | None = None
    ) -> tuple[str, Login, Agent]:
        """A new login and its token; raises Refused (`login_required`, `rate_limited`, `unavailable`)."""
        agent = await self._proofs.password(agent_id, password, address)
        if agent is None:
            log.warning("login_refused", agent_id=agent_id)
            raise Refused("login_required", "The login or the password is wrong.")
        if agent.second_factor is not None:
            await self._require_code(agent, code, address)
        await self._proofs.forgive(agent.id, address)
        token, login = await self._logins.begin(agent, self._settings.login_seconds)
        log.info("login_begun", agent_id=agent.id)
        return token, login, agent

    async def log_out(self, login: Login) -> None:
        await self._logins.end(login.id)
        log.info("login_ended", agent_id=login.agent_id)

    async def outlive_password(self, login: Login, before: Agent, after: Agent) -> None:
        """Let this login stand with the password of either; the one of `after` is to be stored next."""
        await self._logins.outlive_password(login.id, before, after)

    async def end_others(self, login: Login) -> None:
        """Every login of the same agent but this one."""
        await self._logins.end_others(login)
        log.info("logins_ended", agent_id=login.agent_id)

    async def identify(self, token: str, by: Literal["bearer", "cookie"]) -> Identity | None:
        """Whose token this is; None where it is nobody's, or no longer lets anyone in."""
        if not 0 < len(token) <= TOKEN_LONGEST:
            return None
        login = await self._logins.get(login_id(token))
        agent = await self._agents.get(login.agent_id) if login else None
        if login is not None and not login.stands(agent):
            # The password may have been changed by this very login between the two reads.
            login = await self._logins.get(login.id)
        if login is None or agent is None or not login.stands(agent):
            return None
        return Identity(agent, login, by)

    async def of_request(self, request: web.Request) -> Identity | Machine | None:
        """The bearer's token goes before the cookie: who sends one means it.

        An API token is taken only as a bearer's: no browser should ever have one.
        """
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return await self._of_bearer(token.strip())
        cookie = request.cookies.get(cookie_name(request))
        return await self.identify(cookie, "cookie") if cookie else None

    async def _of_bearer(self, text: str) -> Identity | Machine | None:
        token = await self._tokens.by_text(text, real_now()) if len(text) <= TOKEN_LONGEST else None
        # A login's own token may begin like an API token, once in some million.
        return Machine(token) if token else await self.identify(text, "bearer")

    async def _require_code(self, agent: Agent, code: str | None, address: str) -> None:
        if code is None:
            await self._proofs.take_back(agent.id, address)
            asked = "Send `code` as well: what the authenticator app shows, or a recovery code."
            raise Refused("login_required", asked, second_factor=True)
        if not await self._proofs.code(agent, code):
            log.warning("code_refused", agent_id=agent.id)
            raise Refused("login_required", "The code is wrong, or was used already.", second_factor=True)


def require_own_page(request: web.Request) -> None:
    """Refuse what another site's page may have made the browser send.

    A cookie travels with any request; an `Origin` of ours and a header of our own do not.
    """
    if not same_origin(request) or request.headers.get("X-Wxdesk") != "1":
        raise Refused(
            "forbidden", "Calls by cookie that change something need this site's Origin and the header X-Wxdesk: 1."
        )


def same_origin(request: web.Request) -> bool:
    """Whether a page of this very host (and port) asks."""
    origin = urlsplit(request.headers.get("Origin", ""))
    return origin.scheme in {"http", "https"} and bool(origin.netloc) and origin.netloc.lower() == request.host.lower()


def carries_cookie(request: web.Request) -> bool:
    return cookie_name(request) in request.cookies


def address_of(request: web.Request, forwarded_hops: int) -> str:
    """Where the request came from: the peer, or what the last of our own proxies says it was."""
    told = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    if forwarded_hops and len(told) >= forwarded_hops and told[-forwarded_hops].strip():
        return told[-forwarded_hops].strip()[:64]
    return request.remote or "unknown"


def cookie_name(request: web.Request) -> str:
    return SECURE_COOKIE if _needs_https(request) else COOKIE


def set_cookie(request: web.Request, response: web.Response, token: str, lasts_seconds: int) -> None:
    response.set_cookie(
        cookie_name(request),
        token,
        max_age=lasts_seconds,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=_needs_https(request),
    )


def drop_cookie(request: web.Request, response: web.Response) -> None:
    response.del_cookie(cookie_name(request), path="/", httponly=True, samesite="Strict", secure=_needs_https(request))


def _needs_https(request: web.Request) -> bool:
    """Everywhere but on the machine itself, where `make run` has no certificate."""
    return not is_loopback(urlsplit(f"//{request.host}").hostname or "")
