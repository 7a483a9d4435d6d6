"""Switching a whole app to somebody else: its entry, and, if asked for, the sessions it has open."""

import asyncio
import uuid
from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime
from typing import Final, Literal, NamedTuple

from shared.bus.commands import Verdicts
from shared.conversation import ids
from shared.conversation.facts import TransferSession
from shared.conversation.model import Verdict
from shared.conversation.policy import Policy
from shared.conversation.routes import Destination
from shared.outage import Outage
from shared.store.audit import Author
from shared.store.conversation_lists import ConversationLists
from shared.store.driver import Database
from shared.store.open_sessions import OpenSession, OpenSessions

AT_ONCE: Final = 32
"""Commands under way; the routers serve customers meanwhile."""
ENTRIES: Final = frozenset({"agents", "bot", "vendor", "official"})


End = Literal["moved", "failed", "unsettled", "left"]


class Moved(NamedTuple):
    """How many sessions were moved, could not be, were told to move and have not said yet, were not reached in time."""

    moved: int = 0
    failed: int = 0
    unsettled: int = 0
    left: int = 0


def switched(policy: Policy, to: Destination) -> Policy:
    """With this entry. Its kind is one of ENTRIES."""
    return policy.but(entry=str(to))


def is_there(session: OpenSession, to: Destination) -> bool:
    """Whether a session that is served so need not be moved."""
    match to.kind:
        case "agents":
            return session.state == "agent" or (session.state == "waiting" and not session.to_official)
        case "official":
            return session.state == "official" or session.to_official
        case "vendor":
            return session.state == "vendor" and session.account == to.name
        case kind:
            return session.state == kind


class Mover:
    """Moves an app's open sessions in somebody's name, by the commands that agents give, too."""

    def __init__(self, database: Database, verdicts: Verdicts, by: Author, now: Callable[[], datetime]) -> None:
        self._sessions = OpenSessions(database)
        self._lists = ConversationLists(database)
        self._verdicts = verdicts
        self._by = by
        self._now = now

    async def move(self, app_id: str, to: Destination, *, within_seconds: float, each_seconds: float) -> Moved:
        """All that are open and not there yet; called again, what is left. Raises StoreUnavailable."""
        moving: list[OpenSession] = []
        async with aclosing(self._sessions.of_app(app_id)) as pieces:
            async for piece in pieces:
                moving += [session for session in piece if not is_there(session, to)]
        batch = _Batch(app_id, to, uuid.uuid4().hex, asyncio.get_running_loop().time() + within_seconds, each_seconds)
        room = asyncio.Semaphore(AT_ONCE)
        ends = await asyncio.gather(*(self._moved(batch, session, room) for session in moving))
        return Moved(ends.count("moved"), ends.count("failed"), ends.count("unsettled"), ends.count("left"))

    async def _moved(self, batch: "_Batch", session: OpenSession, room: asyncio.Semaphore) -> End:
        async with room:
            if asyncio.get_running_loop().time() >= batch.deadline:
                return "left"
            command = self._command(batch, session)

            async def look() -> Verdict | None:
                return await self._lists.verdict(session.conversation, command.command_id)

            try:
                verdict = await self._verdicts.ask(command, look, within_seconds=batch.each_seconds)
            except Outage:
                return "unsettled"
            if verdict is None:
                return "unsettled"
            return "moved" if verdict.problem is None else "failed"

    def _command(self, batch: "_Batch", session: OpenSession) -> TransferSession:
        name = str(TransferSession.model_fields["kind"].default)
        command_id = ids.command_id(self._by.id, session.conversation, name, batch.run)
        return TransferSession(
            conversation_id=session.conversation,
            app_id=batch.app_id,
            cause=f"c:{command_id}",
            occurred_at=self._now(),
            trace_id=batch.run,
            command_id=command_id,
            digest=str(batch.to),
            agent_id=self._by.id,
            agent_name=self._by.name,
            supervises=True,
            to_bot=batch.to.kind == "bot",
            to_official=batch.to.kind == "official",
            to_vendor=batch.to.name if batch.to.kind == "vendor" else None,
        )


class _Batch(NamedTuple):
    """One switch under way. `deadline` is of the event loop's time."""

    app_id: str
    to: Destination
    run: str
    deadline: float
    each_seconds: float
