"""What follows a commit: messages into the history, commands on their way, a hint to the consoles. All repeatable."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from shared.bus.publisher import Publisher
from shared.clock import real_now
from shared.contracts import AgentChanged, BusMessage
from shared.contracts.hints import ConversationChanged, ConversationsChanged
from shared.conversation.commands import (
    AnyCommand,
    ArmHandover,
    EraseCustomer,
    RecordDecision,
    RecordSession,
    ReleaseClaim,
)
from shared.conversation.model import Message
from shared.pieces import pieces
from shared.steps import Step
from shared.store.agents import AgentStore
from shared.store.audit import SYSTEM, AuditLog
from shared.store.driver import Database
from shared.store.erasing import Eraser
from shared.store.handovers import HandoverStore
from shared.store.messages import MessageStore
from shared.store.records import DecisionRecords, SessionRecords

if TYPE_CHECKING:
    from services.router.batch import Decided

HINTED_AT_ONCE: Final = 100


class Carrier:
    """Carries entries out in the order of their versions; the same entry twice does no harm."""

    def __init__(self, database: Database, publisher: Publisher, step: Step) -> None:
        self._messages = MessageStore(database)
        self._agents = AgentStore(database)
        self._sessions = SessionRecords(database)
        self._decisions = DecisionRecords(database)
        self._handovers = HandoverStore(database)
        self._eraser = Eraser(database)
        self._audit = AuditLog(database)
        self._publisher = publisher
        self._step = step
        self._hints: set[asyncio.Task[None]] = set()

    async def carry_out(self, decided: Sequence["Decided"]) -> None:
        entries = sorted((entry for one in decided for entry in one.entries), key=lambda entry: entry.version)
        await self._messages.insert([message for entry in entries for message in entry.messages])
        await self._step("inserted")
        await self._messages.change([change for entry in entries for change in entry.changes])
        await self._step("changed")
        await self._do([command for entry in entries for command in entry.commands])
        await self._step("published")
        self._hint(decided)

    async def _do(self, commands: Sequence[AnyCommand]) -> None:
        travelling: list[BusMessage] = []
        for command in commands:
            match command:
                case ReleaseClaim():
                    await self._agents.release(command.agent_id, command.claim_id)
                    travelling.append(AgentChanged(agent_id=command.agent_id, trace_id=command.trace_id))
                case RecordSession():
                    await self._sessions.save(command)
                case RecordDecision():
                    await self._decisions.save_route(command)
                case ArmHandover():
                    await self._handovers.arm(command)
                case EraseCustomer():
                    await self._erase(command)
                case _:
                    travelling.append(command)
        if travelling:
            await self._publisher.publish_all(travelling)

    async def _erase(self, command: EraseCustomer) -> None:
        """Who asks for a deletion notes that themselves; a customer who gave up their account has nobody to do it."""
        await self._eraser.erase(command.conversation_id, command.last_seq)
        if command.why == "account_cancelled":
            await self._audit.note(
                SYSTEM,
                "customer.deleted",
                command.conversation_id,
                {"reason": (None, command.why), "app_id": (command.app_id, None)},
                command.at or real_now(),
                once=f"{command.conversation_id}:{command.cause}",
            )

    def _hint(self, decided: Sequence["Decided"]) -> None:
        """Never awaited by the batch: a hint that does not get through is only late."""
        hints = [_hint_of(one) for one in decided if one.entries or one.verdicts]
        if hints:
            task = asyncio.create_task(self._tell(hints))
            self._hints.add(task)
            task.add_done_callback(self._hints.discard)

    async def _tell(self, hints: list[ConversationChanged]) -> None:
        for told in pieces(hints, HINTED_AT_ONCE):
            await self._publisher.hint(ConversationsChanged(changed=tuple(told)))


def _hint_of(one: "Decided") -> ConversationChanged:
    added: list[Message] = [message for entry in one.entries for message in entry.messages]
    changed = [change.message_id for entry in one.entries for change in entry.changes]
    return ConversationChanged(
        conversation_id=one.conversation.id,
        app_id=one.conversation.app_id,
        version=one.conversation.version,
        message_ids=tuple(dict.fromkeys([*(message.id for message in added), *changed])),
        verdicts=tuple(one.verdicts),
    )
