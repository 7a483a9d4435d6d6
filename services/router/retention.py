"""What an app does not want to keep: conversations quiet for longer than its `retention_days` are deleted whole."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import structlog

from shared.bus.publisher import Publisher
from shared.conversation.facts import CustomerDeleted
from shared.outage import Outage
from shared.store.apps import App
from shared.store.audit import SYSTEM, AuditLog
from shared.store.conversations import ConversationStore, Quiet
from shared.store.leases import Leases

log = structlog.get_logger()

SWEEP_SECONDS: Final = 300.0
AT_MOST: Final = 500
"""Conversations of one app that one sweep has deleted; those left over are quiet still when the next one comes."""


class Retention:
    """Any number of replicas may run this: one of them sweeps, under a lease.

    A deletion is a fact like any other, decided in its conversation's order, and holds only if nothing was said
    meanwhile. Told again before it was decided it is the same fact.
    """

    def __init__(
        self,
        conversations: ConversationStore,
        apps: Callable[[], Sequence[App]],
        publisher: Publisher,
        leases: Leases,
        audit: AuditLog,
        now: Callable[[], datetime],
    ) -> None:
        self._conversations = conversations
        self._apps = apps
        self._publisher = publisher
        self._leases = leases
        self._audit = audit
        self._now = now

    async def run(self) -> None:
        while True:
            with suppress(Outage):
                if await self._leases.take("retention", seconds=SWEEP_SECONDS * 2):
                    await self.sweep()
            await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self, at_most: int = AT_MOST) -> int:
        """Have deleted what no app wants to keep; how many conversations. Each app's are noted in the audit."""
        count = 0
        for app in self._apps():
            if app.policy.retention_days is not None:
                count += await self._sweep_app(app.app_id, timedelta(days=app.policy.retention_days), at_most)
        return count

    async def _sweep_app(self, app_id: str, kept: timedelta, at_most: int) -> int:
        since = self._now() - kept
        quiet = await self._conversations.quiet(app_id, since, at_most)
        if not quiet:
            return 0
        # Noted first: what is deleted without a note could not be noted any more.
        await self._audit.note(
            SYSTEM,
            "conversations.deleted",
            app_id,
            {"count": (None, len(quiet)), "quiet_since": (None, since)},
            self._now(),
        )
        await self._publisher.publish_all([self._deleted(app_id, one, since) for one in quiet])
        log.info("conversations_deleted", app_id=app_id, count=len(quiet), reason="quiet for too long")
        return len(quiet)

    def _deleted(self, app_id: str, quiet: Quiet, since: datetime) -> CustomerDeleted:
        return CustomerDeleted(
            conversation_id=quiet.conversation_id,
            app_id=app_id,
            cause=f"quiet:{quiet.at.isoformat()}",
            occurred_at=self._now(),
            trace_id=f"retention-{quiet.conversation_id}",
            why="quiet",
            quiet_since=since,
        )
