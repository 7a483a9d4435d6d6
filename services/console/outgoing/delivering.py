"""Rows become calls. Any number of replicas may deliver: a row is claimed by one, and by another if that one dies.

Each webhook has places of its own, so that one that does not answer holds up nobody else.
"""

import asyncio
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

import structlog

from services.console.outgoing.posting import Posted, Poster
from services.console.outgoing.signing import signature
from services.console.outgoing.waits import WEBHOOK_WAITS, next_try
from shared.observe import metrics
from shared.outage import Outage
from shared.steps import Step, no_step
from shared.store.audit import SYSTEM, AuditLog
from shared.store.webhook_deliveries import ClaimedNews, WebhookDeliveries
from shared.store.webhooks import LastCall, Webhook, WebhookStore

log = structlog.get_logger()

AT_ONCE: Final = 4
"""Calls under way of one webhook, on one replica."""
LOOK_SECONDS: Final = 1.0
DISABLED: Final = "the webhook was disabled"

_GONE: Final = 410


class Deliverer:
    def __init__(
        self,
        webhooks: WebhookStore,
        deliveries: WebhookDeliveries,
        poster: Poster,
        audit: AuditLog,
        announce: Callable[[], Awaitable[None]],
        now: Callable[[], datetime],
        chance: Callable[[], float],
        *,
        step: Step = no_step,
    ) -> None:
        self._webhooks = webhooks
        self._deliveries = deliveries
        self._poster = poster
        self._audit = audit
        self._announce = announce
        self._now = now
        self._chance = chance
        self._step = step
        self._under_way: Counter[str] = Counter()
        self._poked = asyncio.Event()

    def poke(self) -> None:
        """There may be something to do now."""
        self._poked.set()

    async def run(self) -> None:
        """Deliver whatever is due, until cancelled; calls under way are given up then, and made again by somebody."""
        async with asyncio.TaskGroup() as calls:
            while True:
                self._poked.clear()
                try:
                    await self._begin_due(calls)
                except Outage as outage:
                    log.warning("webhooks_unread", reason=str(outage), retry_seconds=LOOK_SECONDS)
                except Exception:
                    log.exception("webhooks_unread", retry_seconds=LOOK_SECONDS)
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._poked.wait()

    async def deliver_due(self) -> int:
        """Make every call that is due now, and wait for their ends; how many there were."""
        async with asyncio.TaskGroup() as calls:
            begun = await self._begin_due(calls)
        made = sum(one.result() for one in begun)
        return made + await self.deliver_due() if made else 0

    async def _begin_due(self, calls: asyncio.TaskGroup) -> list[asyncio.Task[int]]:
        begun = []
        for webhook in await self._webhooks.enabled():
            while self._under_way[webhook.id] < AT_ONCE:
                news = await self._deliveries.claim(webhook.id, uuid.uuid4().hex, self._now())
                if news is None:
                    break
                self._under_way[webhook.id] += 1
                begun.append(calls.create_task(self._see_to(webhook, news)))
        return begun

    async def _see_to(self, webhook: Webhook, news: ClaimedNews) -> int:
        """Make this call, and the webhook's next ones as long as any is due; how many.

        What fails here is made again once its claim has run out, by whoever comes first.
        """
        made = 0
        try:
            while True:
                made += 1
                await self._deliver(webhook, news)
                fresh = await self._webhooks.get(webhook.id)
                if fresh is None or not fresh.enabled or not fresh.readable:
                    return made
                following = await self._deliveries.claim(webhook.id, uuid.uuid4().hex, self._now())
                if following is None:
                    return made
                webhook, news = fresh, following
        except Outage as outage:
            log.warning("webhook_unsettled", webhook_id=webhook.id, reason=str(outage))
        except Exception:
            log.exception("webhook_unsettled", webhook_id=webhook.id)
        finally:
            self._under_way[webhook.id] -= 1
        return made

    async def _deliver(self, webhook: Webhook, news: ClaimedNews) -> None:
        await self._step("claimed")
        posted = await call_webhook(self._poster, webhook, news.event, news.id, news.body, self._now())
        await self._step("called")
        failure = failure_of(posted)
        metrics.console_webhook_calls_total.labels("failed" if failure else "done").inc()
        now = self._now()
        if failure is None:
            await self._deliveries.told(news, posted.status, now)
        else:
            await self._fail(webhook, news, posted.status, failure, now)
        await self._webhooks.note_call(webhook.id, LastCall(at=now, status=posted.status, failure=failure))

    async def _fail(self, webhook: Webhook, news: ClaimedNews, status: int | None, failure: str, now: datetime) -> None:
        log.warning(
            "webhook_failed", webhook_id=webhook.id, attempt=news.tries, status=status, reason=failure, kind=news.event
        )
        if status == _GONE:
            await self._deliveries.give_up(news, status, failure, now)
            await self._disable(webhook, now)
        elif now >= news.until:
            await self._deliveries.give_up(news, status, failure, now)
        else:
            again = min(next_try(WEBHOOK_WAITS, news.tries, now, self._chance()), news.until)
            await self._deliveries.postpone(news, status, failure, again)

    async def _disable(self, webhook: Webhook, now: datetime) -> None:
        """The receiver says that it is gone for good: leave it alone, and let people see that."""

        async def disable() -> bool:
            disabled = await self._webhooks.disable(webhook.id)
            if disabled:
                await self._audit.note(SYSTEM, "webhook.disabled", webhook.id, {"enabled": (True, False)}, now)
            return disabled

        if not await self._audit.together(disable):
            return
        await self._deliveries.give_up_all(webhook.id, DISABLED, now)
        log.warning("webhook_disabled", webhook_id=webhook.id, reason="it answered 410")
        with suppress(Outage):
            await self._announce()


async def call_webhook(poster: Poster, webhook: Webhook, event: str, name: str, body: bytes, now: datetime) -> Posted:
    """One signed call. `name` is the delivery's id, the same on every try."""
    headers = {
        "X-Wxdesk-Event": event,
        "X-Wxdesk-Delivery": name,
        "X-Wxdesk-Signature": signature(webhook.secret.get_secret_value(), body, now),
    }
    return await poster.post(webhook.url.get_secret_value(), body, headers)


def failure_of(posted: Posted) -> str | None:
    """Why a call does not count as taken; None where it does: any 2xx."""
    if posted.failure is not None or posted.status is None:
        return posted.failure or "no answer"
    match posted.status // 100:
        case 2:
            return None
        case 3:
            return f"HTTP {posted.status}: redirects are not followed"
        case _:
            return f"HTTP {posted.status}"
