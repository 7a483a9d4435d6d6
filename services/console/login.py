"""Logging in, and who is asking: by a bearer token, or by the desk's cookie."""

import asyncio
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from services.console.problem import Refused
from services.console.settings import ConsoleSettings
from shared.passwords import verify_password
from shared.settings import is_loopback
from shared.store.agents import Agent, AgentStore
from shared.store.driver import Database
from shared.store.logins import Limit, Login, LoginAttempts, LoginStore, login_id

log = structlog.get_logger()

COOKIE: Final = "wxdesk"
SECURE_COOKIE: Final = "__Host-wxdesk"
"""Browsers take a cookie of this name only from https, for the whole host, and for no other."""

HASHES_AT_ONCE: Final = 2
"""Each takes 64 MiB and a core."""
HASHES_WAITING: Final = 32

TOKEN_LONGEST: Final = 256


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking, by which login, and whether a browser vouched for it by itself (`cookie`)."""

    agent: Agent
    login: Login
    by: Literal["bearer", "cookie"]


class Logins:
    def __init__(self, settings: ConsoleSettings, database: Database) -> None:
        self._settings = settings
        self._agents = AgentStore(database)
        self._logins = LoginStore(database)
        self._attempts = LoginAttempts(database)
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)
        self._waiting = 0

    async def log_in(self, agent_id: str, password: str, address: str) -> tuple[str, Login, Agent]:
        """A new login and its token; raises Refused (`login_required`, `rate_limited`, `unavailable`)."""
        account, place = f"account:{agent_id}", f"address:{address}"
        limits = (
            Limit(account, self._settings.login_account_attempts),
            Limit(place, self._settings.login_address_attempts),
        )
        if wait := await self._attempts.retry_seconds(limits):
            log.warning("login_limited", agent_id=agent_id, retry_seconds=round(wait))
            raise Refused.after("rate_limited", "Too many attempts. Wait a little, then try again.", wait)
        agent = await self._agents.get(agent_id)
        right = await self._matches(agent.password_hash if agent else "", password)
        if agent is None or not right or not agent.enabled:
            log.warning("login_refused", agent_id=agent_id)
            raise Refused("login_required", "The login or the password is wrong.")
        await self._attempts.forget(account)
        # Not all of the address's: who knows one password might be guessing others from there.
        await self._attempts.take_back(place)
        token, login = await self._logins.begin(agent, self._settings.login_seconds)
        log.info("login_begun", agent_id=agent.id)
        return token, login, agent

    async def log_out(self, login: Login) -> None:
        await self._logins.end(login.id)
        log.info("login_ended", agent_id=login.agent_id)

    async def identify(self, token: str, by: Literal["bearer", "cookie"]) -> Identity | None:
        """Whose token this is; None where it is nobody's, or no longer lets anyone in."""
        if not 0 < len(token) <= TOKEN_LONGEST:
            return None
        login = await self._logins.get(login_id(token))
        agent = await self._agents.get(login.agent_id) if login else None
        if login is None or agent is None or not login.stands(agent):
            return None
        return Identity(agent, login, by)

    async def of_request(self, request: web.Request) -> Identity | None:
        """The bearer's token goes before the cookie: who sends one means it."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return await self.identify(token.strip(), "bearer")
        cookie = request.cookies.get(cookie_name(request))
        return await self.identify(cookie, "cookie") if cookie else None

    async def _matches(self, stored: str, password: str) -> bool:
        if self._waiting >= HASHES_WAITING:
            raise Refused.after("unavailable", "Too many are logging in at this moment.", 2)
        self._waiting += 1
        try:
            async with self._hashing:
                return await asyncio.to_thread(verify_password, stored, password)
        finally:
            self._waiting -= 1


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
