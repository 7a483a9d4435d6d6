"""Telling groups of customers who wait while nobody who could answer has the desk open."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.console.outgoing import robots
from services.console.outgoing.posting import Posted, Poster
from services.console.outgoing.waits import NOTIFIER_WAITS, next_try
from services.console.outgoing.wording import waiting_text
from shared.clock import real_now
from shared.observe import metrics
from shared.outage import Outage
from shared.store.agents import AgentStore
from shared.store.apps import AppCache
from shared.store.conversation_lists import ConversationLists, Wait
from shared.store.driver import Database
from shared.store.leases import Leases
from shared.store.notifiers import Notifier, NotifierStore
from shared.store.pages_open import PagesOpen
from shared.store.webhooks import LastCall

log = structlog.get_logger()

LOOK_SECONDS: Final = 5.0
LEASE: Final = "notifiers"
LEASE_SECONDS: Final = 20.0
WAITS_AT_MOST: Final = 5000


class Notifying:
    """`now` is the clock by which customers wait; robots' signatures and open pages go by the machines' own."""

    def __init__(
        self,
        database: Database,
        notifiers: NotifierStore,
        poster: Poster,
        apps: AppCache,
        now: Callable[[], datetime],
        chance: Callable[[], float],
        *,
        link: str,
    ) -> None:
        self._notifiers = notifiers
        self._poster = poster
        self._apps = apps
        self._agents = AgentStore(database)
        self._lists = ConversationLists(database)
        self._pages = PagesOpen(database)
        self._now = now
        self._chance = chance
        self._link = link

    async def run(self, leases: Leases) -> None:
        """Look every few seconds, on one replica at a time, until cancelled."""
        try:
            while True:
                try:
                    if await leases.take(LEASE, LEASE_SECONDS):
                        await self.look()
                except Outage as outage:
                    log.warning("notifiers_delayed", reason=str(outage), retry_seconds=LOOK_SECONDS)
                except Exception:
                    log.exception("notifiers_delayed", retry_seconds=LOOK_SECONDS)
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            with suppress(Outage):
                await leases.give_up(LEASE)

    async def look(self) -> int:
        """Tell whoever is to be told now; how many groups were."""
        notifiers = await self._notifiers.enabled()
        waits = await self._unattended(notifiers)
        told = [await self._notify(notifier, waits) for notifier in notifiers] if waits else []
        return sum(told)

    async def _unattended(self, notifiers: Sequence[Notifier]) -> list[Wait]:
        """Who waits longer than any notifier asks for, in apps that nobody serves who has the desk open."""
        if not notifiers:
            return []
        least = min(notifier.after_seconds for notifier in notifiers)
        waits = await self._lists.waits(self._now() - timedelta(seconds=least), WAITS_AT_MOST)
        if not waits:
            return []
        apps = self._apps.all()
        present = (await self._agents.several(await self._pages.agents())).values()
        there = [agent for agent in present if agent.enabled]
        # Not who may see it: a supervisor sees every app, and looks after those of their groups.
        alone = {
            app.app_id for app in apps if not any(app.policy.assignment.served_by(agent.groups) for agent in there)
        }
        return [wait for wait in waits if wait.app_id in alone]

    async def _notify(self, notifier: Notifier, waits: Sequence[Wait]) -> bool:
        """Everybody who waits is summed up once one of them is news."""
        now = self._now()
        before = now - timedelta(seconds=notifier.after_seconds)
        due = [wait for wait in waits if notifier.minds(wait.app_id) and wait.since <= before]
        if not due or not await self._notifiers.untold(notifier.id, [wait.id for wait in due]):
            return False
        if not await self._notifiers.take_turn(notifier.id, now):
            return False
        text = waiting_text(due, self._app_name, now, self._link)
        posted, refusal = await say(self._poster, notifier, text)
        metrics.console_notifier_calls_total.labels("failed" if refusal else "done").inc()
        if refusal is None:
            await self._notifiers.note_told(notifier.id, [wait.id for wait in due], now)
        await self._note(notifier, posted, refusal, now)
        return refusal is None

    async def _note(self, notifier: Notifier, posted: Posted, refusal: robots.Refusal | None, now: datetime) -> None:
        call = LastCall(at=now, status=posted.status, failure=refusal.told if refusal else None)
        if refusal is None:
            await self._notifiers.note_call(notifier.id, call)
            return
        again = next_try(NOTIFIER_WAITS, notifier.failures + 1, now, self._chance())
        log.warning("notifier_failed", notifier_id=notifier.id, kind=notifier.kind, reason=refusal.logged)
        await self._notifiers.note_call(notifier.id, call, quiet_until=again)

    def _app_name(self, app_id: str) -> str:
        app = self._apps.get(app_id)
        return app.name if app else app_id


async def say(poster: Poster, notifier: Notifier, text: str) -> tuple[Posted, robots.Refusal | None]:
    """Say something in the group; how the call ended, and why it does not count (None: it was said)."""
    secret = notifier.secret.get_secret_value() if notifier.secret else None
    request = robots.request(notifier.kind, notifier.url.get_secret_value(), secret, text, real_now())
    posted = await poster.post(request.url, request.body, {})
    return posted, robots.refusal(notifier.kind, posted)
