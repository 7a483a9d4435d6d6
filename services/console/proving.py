"""Whether somebody is who they say: passwords, and codes of the second factor. Guessing either is slowed."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

import structlog

from services.console.problem import Refused
from services.console.settings import ConsoleSettings
from shared.clock import real_now
from shared.passwords import hash_password, verify_password
from shared.second_factor import is_recovery_code, matching_step, plain_code, recovery_hash
from shared.store.agents import Agent, AgentStore, SecondFactor
from shared.store.driver import Database
from shared.store.logins import Limit, LoginAttempts
from shared.store.sealing import SealBroken, Sealer
from shared.store.second_factors import SEALED_AS, SecondFactors

log = structlog.get_logger()

HASHES_AT_ONCE: Final = 2
"""Each takes 64 MiB and a core."""
HASHES_WAITING: Final = 32
UNREADABLE: Final = (
    "The second factor cannot be read: it was sealed with a key that is not there any more. A recovery code still lets "
    "in. Or an admin takes the second factor away (in the list of agents, or by `wxdesk agents second-factor LOGIN "
    "--remove`), or puts the key back into WXDESK_SECRET_KEYS."
)

Result = TypeVar("Result")


class Proofs:
    """One count for passwords and codes, by account and by address: who may guess at one may not guess at the other."""

    def __init__(self, settings: ConsoleSettings, database: Database, sealer: Sealer) -> None:
        self._settings = settings
        self._agents = AgentStore(database)
        self._attempts = LoginAttempts(database)
        self._factors = SecondFactors(database)
        self._sealer = sealer
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)
        self._waiting = 0

    async def password(self, agent_id: str, password: str, address: str) -> Agent | None:
        """Who may log in by this password, None where it is wrong. It counts as an attempt until it is taken back.

        Raises Refused (`rate_limited`, `unavailable`).
        """
        await self._count(agent_id, address)
        agent = await self._agents.get(agent_id)
        stored = agent.password_hash if agent else ""
        right = await self._hashed(lambda: verify_password(stored, password))
        return agent if agent is not None and right and agent.enabled else None

    async def code(self, agent: Agent, typed: str) -> bool:
        """Whether this is a code of the agent's second factor that was not used before; it is used now.

        Raises Refused (`unavailable`) where the factor was sealed with a key that is not here.
        """
        factor, code = agent.second_factor, plain_code(typed)
        if factor is None:
            return False
        if not is_recovery_code(code):
            return await self._is_current(agent.id, factor, code)
        used = await self._factors.use_recovery(agent.id, recovery_hash(agent.id, code))
        if used:
            log.info("recovery_code_used", agent_id=agent.id, count=len(factor.recovery) - 1)
        return used

    async def take_back(self, agent_id: str, address: str) -> None:
        """The attempt was none: who made it knew the password."""
        for name in _names(agent_id, address):
            await self._attempts.take_back(name)

    async def forgive(self, agent_id: str, address: str) -> None:
        """Somebody logged in: what was tried for this account before was no guessing."""
        account, place = _names(agent_id, address)
        await self._attempts.forget(account)
        # Not all of the address's: who knows one password might be guessing others from there.
        await self._attempts.take_back(place)

    async def hash_of(self, password: str) -> str:
        return await self._hashed(lambda: hash_password(password))

    async def _count(self, agent_id: str, address: str) -> None:
        account, place = _names(agent_id, address)
        limits = (
            Limit(account, self._settings.login_account_attempts),
            Limit(place, self._settings.login_address_attempts),
        )
        if wait := await self._attempts.retry_seconds(limits):
            log.warning("login_limited", agent_id=agent_id, retry_seconds=round(wait))
            raise Refused.after("rate_limited", "Too many attempts. Wait a little, then try again.", wait)

    async def _is_current(self, agent_id: str, factor: SecondFactor, code: str) -> bool:
        try:
            secret = self._sealer.open(factor.secret, agent_id, SEALED_AS)
        except SealBroken as broken:
            log.error("second_factor_unreadable", agent_id=agent_id, reason=str(broken))  # noqa: TRY400 - it tells all
            raise Refused("unavailable", UNREADABLE) from None
        step = matching_step(secret, code, real_now())
        return step is not None and await self._factors.use_step(agent_id, step)

    async def _hashed(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= HASHES_WAITING:
            raise Refused.after("unavailable", "Too many are logging in at this moment.", 2)
        self._waiting += 1
        try:
            async with self._hashing:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


def _names(agent_id: str, address: str) -> tuple[str, str]:
    return f"account:{agent_id}", f"address:{address}"
