"""Access tokens for sends: at once where one is at hand, else within the time a send may wait."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from services.sender.joint import Joint
from services.sender.outcomes import NotNow
from shared.clock import Clock
from shared.failures import SendFailure
from shared.outage import Outage
from shared.wechat.tokens import TokenKeeper

log = structlog.get_logger()

AT_HAND_SECONDS: Final = 1.0
"""For so long a token is used without asking its keeper again."""
RENEW_SECONDS: Final = 5.0
"""How long a send that met a stale token waits for another."""


class Tokens:
    def __init__(self, keeper: TokenKeeper, clock: Clock) -> None:
        self._keeper = keeper
        self._clock = clock
        self._at_hand: dict[str, tuple[str, float]] = {}
        self._asking: Joint[str] = Joint()
        self._keeping: set[asyncio.Task[None]] = set()

    async def token(self, app_id: str, by: float) -> str:
        """Raises NotNow at `by` (the loop's time), or the SendFailure that asking WeChat met."""
        loop = asyncio.get_running_loop()
        token, until = self._at_hand.get(app_id, ("", 0.0))
        if loop.time() < until:
            return token
        try:
            token = await self._asking.result(app_id, lambda: self._keeper.token(app_id), by)
        except TimeoutError:
            raise self._pending() from None
        self._at_hand[app_id] = (token, loop.time() + AT_HAND_SECONDS)
        return token

    async def renewed(self, app_id: str, failed: str) -> str:
        """Another token than the one WeChat has just refused. Raises as `token` does."""
        self._at_hand.pop(app_id, None)
        by = asyncio.get_running_loop().time() + RENEW_SECONDS
        try:
            return await self._asking.result(
                (app_id, failed), lambda: self._keeper.refresh_after_stale(app_id, failed), by
            )
        except TimeoutError:
            raise self._pending() from None

    def keep(self, app_id: str) -> None:
        """See that a live token of the app is stored. Never awaited: whoever needs it looks, and asks again."""
        task = asyncio.create_task(self._kept(app_id))
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    async def finish(self) -> None:
        """Wait for no token that somebody wanted kept."""
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)

    async def _kept(self, app_id: str) -> None:
        try:
            await self.token(app_id, asyncio.get_running_loop().time() + RENEW_SECONDS)
        except NotNow:
            return  # it is under way
        except (SendFailure, Outage) as failure:
            code = failure.code if isinstance(failure, SendFailure) else "outage"
            log.warning("token_unkept", app_id=app_id, code=code)

    def _pending(self) -> NotNow:
        return NotNow(self._clock.now() + timedelta(seconds=1), "token")
