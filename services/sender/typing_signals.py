"""Showing the customer that an agent types: worth little, so it never waits and its failures are nobody's business."""

import asyncio
from typing import Final

import structlog

from services.sender.lanes import Lanes
from services.sender.tokens import Tokens
from shared.clock import Clock
from shared.contracts import ShowTyping
from shared.failures import SendFailure
from shared.store.apps import AppCache
from shared.wechat.client import WeChatClient

log = structlog.get_logger()

APART_SECONDS: Final = 12.0
"""WeChat shows it for 15 s and refuses it while it shows (客服输入状态, setTyping: 45081)."""
SHOWN_MOST: Final = 5_000


class TypingSignals:
    def __init__(self, client: WeChatClient, lanes: Lanes, tokens: Tokens, apps: AppCache, clock: Clock) -> None:
        self._client = client
        self._lanes = lanes
        self._tokens = tokens
        self._apps = apps
        self._clock = clock
        self._shown_at: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def show(self, signal: ShowTyping) -> None:
        """Show (or end) it if it is worth it; never awaited, and dropped when anything else waits in the lane."""
        now = asyncio.get_running_loop().time()
        app = self._apps.get(signal.app_id)
        fresh = self._clock.now() < signal.expires_at and app is not None and app.enabled
        shown = now - self._shown_at.get(signal.conversation_id, -APART_SECONDS) < APART_SECONDS
        # It begins only where it does not show, and ends only where it does.
        if not fresh or shown == signal.typing or not self._lanes.of(signal.app_id).take_spare():
            return
        if signal.typing:
            self._note_shown(signal.conversation_id, now)
        else:
            self._shown_at.pop(signal.conversation_id, None)
        task = asyncio.create_task(self._tell(signal))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _note_shown(self, conversation: str, now: float) -> None:
        if len(self._shown_at) >= SHOWN_MOST:
            self._shown_at = {one: at for one, at in self._shown_at.items() if now - at < APART_SECONDS}
        self._shown_at[conversation] = now

    async def _tell(self, signal: ShowTyping) -> None:
        by = asyncio.get_running_loop().time() + 1.0
        try:
            token = await self._tokens.token(signal.app_id, by)
            await self._client.typing(token, signal.openid, "Typing" if signal.typing else "CancelTyping")
        except Exception as failure:  # noqa: BLE001 - whatever it was, nothing is lost
            code = failure.code if isinstance(failure, SendFailure) else type(failure).__name__
            log.debug("typing_failed", app_id=signal.app_id, conversation_id=signal.conversation_id, code=code)
