"""Who lets the first people in: an admin made from a password in the environment, or a word on how to make one."""

import asyncio
from typing import Final

import structlog
from pydantic import SecretStr

from services.console.administering.agent_changes import AgentChanges
from services.console.settings import FIRST_ADMIN
from shared.outage import Outage
from shared.passwords import hash_password
from shared.store.agents import Agent, AgentExists, AgentStore
from shared.store.audit import SYSTEM
from shared.store.driver import Database

log = structlog.get_logger()

_HOW_TO_MAKE: Final = (
    "nobody administers: run `wxdesk agents add LOGIN --name NAME --role admin`, or start the console with "
    "WXDESK_FIRST_ADMIN_PASSWORD set, which makes the login `admin`"
)
_HOW_TO_ENABLE: Final = (
    "no login of role admin is enabled: `wxdesk agents enable LOGIN` lets one in again; `wxdesk agents list` shows them"
)


async def see_to_admin(database: Database, password: SecretStr | None) -> None:
    """Make `admin` where no agent ever was one; an admin who was disabled on purpose is not replaced by another."""
    try:
        admins = [agent for agent in await AgentStore(database).everyone() if agent.role == "admin"]
        if any(agent.enabled for agent in admins):
            return
        if admins or password is None:
            log.warning("admin_missed", reason=_HOW_TO_ENABLE if admins else _HOW_TO_MAKE)
            return
        await _make(database, password.get_secret_value())
    except Outage as outage:
        log.warning("admin_unchecked", reason=str(outage))


async def _make(database: Database, password: str) -> None:
    hashed = await asyncio.to_thread(hash_password, password)
    try:
        await AgentChanges(database, SYSTEM).add(
            Agent(id=FIRST_ADMIN, name="Admin", role="admin", password_hash=hashed)
        )
    except AgentExists:
        # Another replica was faster; or somebody else has this login, and the log of the next start says so.
        log.info("first_admin_found", agent_id=FIRST_ADMIN)
        return
    log.warning("first_admin_made", agent_id=FIRST_ADMIN, reason="change its password after logging in")
