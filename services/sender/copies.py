"""Copying pictures that customers, or vendors, sent, before they are forgotten: with a pace and retries of their own.

That a copy is wanted is durable before the bus forgets it; any replica may make it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from services.sender.condemned import described
from services.sender.fetching import MAX_BYTES, FetchFailed, PictureFetcher, Unfetchable
from services.sender.outcomes import NotNow
from services.sender.telling import publish
from services.sender.tokens import Tokens
from shared.bus.publisher import Publisher
from shared.clock import Clock
from shared.conversation.commands import CopyMedia
from shared.conversation.facts import MediaSettled
from shared.failures import Refused, SendFailure
from shared.observe import metrics
from shared.outage import Outage
from shared.pictures import SHOWABLE, NoPicture, Picture, examine
from shared.steps import Step
from shared.store.apps import AppCache
from shared.store.media import ClaimedCopy, MediaStore
from shared.wechat.client import WeChatClient
from shared.wechat.failures import MediaExpired, TokenStale

log = structlog.get_logger()

LOOK_SECONDS: Final = 1.0
TOKEN_SECONDS: Final = 5.0
KEPT_BY_WECHAT: Final = timedelta(days=3)
"""How long WeChat keeps what a customer sent (临时素材, getTempMedia); its PicUrl is not promised any longer."""
BACKOFF: Final = (2, 10, 60, 300, 1800, 3600)


class Unobtainable(Exception):
    """One way to the file is closed for good. The reason holds neither address nor token."""


class Postponed(Exception):
    """One way to the file did not work this time."""


class Copies:
    def __init__(
        self,
        client: WeChatClient,
        fetcher: PictureFetcher,
        media: MediaStore,
        tokens: Tokens,
        apps: AppCache,
        hosts_of: Callable[[str], tuple[str, ...]],
        publisher: Publisher,
        clock: Clock,
        *,
        at_once: int,
        step: Step,
    ) -> None:
        """`hosts_of`: where pictures may be fetched from that came from a vendor account, beside MEDIA_HOSTS."""
        self._client = client
        self._fetcher = fetcher
        self._media = media
        self._tokens = tokens
        self._apps = apps
        self._hosts_of = hosts_of
        self._publisher = publisher
        self._clock = clock
        self._free = at_once
        self._step = step
        self._stopped = False
        self._poked = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def want(self, copies: list[CopyMedia]) -> None:
        """Note that these files are to be copied. Raises Outage."""
        await self._media.want(copies, self._clock.now())
        await self._step("wanted")
        self._poked.set()

    async def run(self) -> None:
        """Copy whatever is due, until cancelled."""
        while True:
            await self._begin_due()
            self._poked.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._poked.wait()

    async def finish(self) -> None:
        """Begin no more, and give up what is under way: somebody makes it again."""
        self._stopped = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _begin_due(self) -> None:
        if not self._free or self._stopped:
            return
        try:
            claimed = await self._media.claim_due(self._clock.now(), self._free)
        except Outage as outage:
            log.warning("media_unread", reason=str(outage), retry_seconds=LOOK_SECONDS)
            return
        for copy in claimed:
            self._free -= 1
            task = asyncio.create_task(self._see_to(copy))
            self._tasks.add(task)
            task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._free += 1
        self._poked.set()

    async def _see_to(self, copy: ClaimedCopy) -> None:
        try:
            settled = await self._copied(copy) if copy.state == "wanted" else copy
            if settled is not None:
                await self._tell(settled)
        except Outage as outage:
            log.warning("media_held", app_id=copy.wanted.app_id, reason=str(outage))

    async def _copied(self, copy: ClaimedCopy) -> ClaimedCopy | None:
        """The copy once it is stored, or lost for good; None where it is to be tried again."""
        now = self._clock.now()
        try:
            picture = await self._obtained(copy)
        except Postponed as postponed:
            if now - copy.wanted_at < KEPT_BY_WECHAT:
                await self._put_off(copy, str(postponed))
                return None
            return await self._lost(copy, str(postponed))
        except Unobtainable as gone:
            return await self._lost(copy, str(gone))
        await self._step("copied")
        await self._media.store(copy, picture, now)
        await self._step("stored")
        metrics.sender_media_copies_total.labels("stored").inc()
        return copy._replace(state="stored", settled_at=now, width=picture.width, height=picture.height)

    async def _put_off(self, copy: ClaimedCopy, reason: str) -> None:
        seconds = BACKOFF[min(copy.tries, len(BACKOFF) - 1)]
        metrics.sender_media_copies_total.labels("postponed").inc()
        log.warning("media_postponed", app_id=copy.wanted.app_id, reason=reason, retry_seconds=seconds)
        await self._media.retry(copy, self._clock.now() + timedelta(seconds=seconds))

    async def _lost(self, copy: ClaimedCopy, reason: str) -> ClaimedCopy:
        now = self._clock.now()
        metrics.sender_media_copies_total.labels("lost").inc()
        log.warning("media_lost", app_id=copy.wanted.app_id, message_id=copy.wanted.message_id, reason=reason)
        await self._media.lose(copy, reason, now)
        return copy._replace(state="lost", settled_at=now)

    async def _tell(self, copy: ClaimedCopy) -> None:
        fact = MediaSettled(
            conversation_id=copy.wanted.conversation_id,
            app_id=copy.wanted.app_id,
            cause=f"media:{copy.media_id}:{copy.state}",
            occurred_at=copy.settled_at or self._clock.now(),
            trace_id=copy.wanted.trace_id,
            message_id=copy.wanted.message_id,
            content=copy.content,
        )
        await publish(self._publisher, fact)
        await self._step("media_told")
        await self._media.told(copy.media_id)

    async def _obtained(self, copy: ClaimedCopy) -> Picture:
        """By WeChat's own id first, else from its address; raises Postponed while either may still work."""
        source, reasons, hope = copy.wanted.source, [], False
        ways: list[Callable[[], Awaitable[Picture]]] = []
        if source.wechat_media_id:
            ways.append(partial(self._by_id, copy.wanted.app_id, source.wechat_media_id))
        if source.url:
            ways.append(partial(self._by_address, source.url, source.account))
        for way in ways:
            try:
                return await way()
            except Unobtainable as gone:
                reasons.append(str(gone))
            except Postponed as postponed:
                reasons.append(str(postponed))
                hope = True
            except Outage:
                raise
            except Exception as failure:  # noqa: BLE001 - a fault of ours must not take the picture from the agent
                reasons.append(described(failure))
                hope = True
        if hope:
            raise Postponed("; ".join(reasons))
        raise Unobtainable("; ".join(reasons) or "WeChat named no place")

    async def _by_id(self, app_id: str, theirs: str) -> Picture:
        if self._apps.get(app_id) is None:
            raise Unobtainable("the app was removed")
        try:
            content = await self._downloaded(app_id, theirs)
        except (MediaExpired, Refused) as gone:
            raise Unobtainable(f"media/get: {gone.code}") from None
        except SendFailure as failure:
            raise Postponed(f"media/get: {failure.code}") from None
        except NotNow:
            raise Postponed("media/get: no token yet") from None
        return await _examined(content)

    async def _downloaded(self, app_id: str, theirs: str) -> bytes:
        by = asyncio.get_running_loop().time() + TOKEN_SECONDS
        token = await self._tokens.token(app_id, by)
        try:
            return (await self._client.get_media(token, theirs, max_bytes=MAX_BYTES)).content
        except TokenStale:
            token = await self._tokens.renewed(app_id, token)
            return (await self._client.get_media(token, theirs, max_bytes=MAX_BYTES)).content

    async def _by_address(self, url: str, account: str | None) -> Picture:
        try:
            content = await self._fetcher.fetch(url, self._hosts_of(account) if account else ())
        except Unfetchable as gone:
            raise Unobtainable(f"its address: {gone}") from None
        except FetchFailed as failed:
            raise Postponed(f"its address: {failed}") from None
        return await _examined(content)


async def _examined(content: bytes) -> Picture:
    try:
        return await asyncio.to_thread(examine, content, SHOWABLE, MAX_BYTES)
    except NoPicture as no_picture:
        raise Unobtainable(f"{no_picture.why}: {no_picture}") from None
