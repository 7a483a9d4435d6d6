"""Live sockets end with the login they were opened by: asked every few seconds, and at once where a hint says so."""

import asyncio
from typing import Final

import structlog

from services.console.access import access_of
from services.console.feed import LOGIN_ENDED, RESTART, Feed, Listener
from shared.outage import Outage
from shared.store.agents import Agent, AgentStore
from shared.store.apps import AppCache
from shared.store.logins import Login, LoginStore

log = structlog.get_logger()

EVERY_SECONDS: Final = 2.0


class Standings:
    def __init__(self, feed: Feed, logins: LoginStore, agents: AgentStore, apps: AppCache) -> None:
        self._feed = feed
        self._logins = logins
        self._agents = agents
        self._apps = apps
        self._now = asyncio.Event()

    def check_now(self) -> None:
        self._now.set()

    async def check_forever(self) -> None:
        """Run until cancelled; while MongoDB is away nobody is thrown out."""
        while True:
            try:
                await self.check()
            except Outage as outage:
                log.warning("logins_unchecked", reason=str(outage), retry_seconds=EVERY_SECONDS)
            self._now.clear()
            try:
                async with asyncio.timeout(EVERY_SECONDS):
                    await self._now.wait()
            except TimeoutError:
                continue

    async def check(self) -> None:
        listeners = self._feed.listeners
        if not listeners:
            return
        # In this order: a login that changes its own password is marked before the agent is.
        agents = await self._agents.several({listener.agent_id for listener in listeners})
        logins = await self._logins.several({listener.identity.login.id for listener in listeners})
        for listener in listeners:
            self._judge(listener, logins.get(listener.identity.login.id), agents.get(listener.agent_id))

    def _judge(self, listener: Listener, login: Login | None, agent: Agent | None) -> None:
        before = listener.identity.agent
        if login is None or agent is None or not login.stands(agent):
            listener.end(LOGIN_ENDED)
        elif (agent.role, agent.groups) != (before.role, before.groups):
            # It comes back as who it is now, with a cursor that no longer fits.
            listener.end(RESTART)
        elif (access := access_of(agent, self._apps.all())) != listener.access:
            self._feed.moved(listener, access)
