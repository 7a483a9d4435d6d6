"""The decision while it is being made: the conversation as it becomes, and what follows from it so far."""

from datetime import datetime
from typing import Any, NamedTuple

from shared.conversation.commands import AnyCommand
from shared.conversation.content import Content, Event, preview
from shared.conversation.fact import Fact
from shared.conversation.facts import AgentCommand
from shared.conversation.ids import message_id
from shared.conversation.model import (
    SYSTEM,
    VERDICTS_KEPT,
    Conversation,
    Delivery,
    Direction,
    Message,
    MessageChange,
    Party,
    Preview,
    Problem,
    Session,
    Verdict,
)
from shared.conversation.policy import Policy


class Decision(NamedTuple):
    """`conversation` is the very same object where the fact decided nothing."""

    conversation: Conversation
    messages: tuple[Message, ...] = ()
    changes: tuple[MessageChange, ...] = ()
    commands: tuple[AnyCommand, ...] = ()
    verdict: Verdict | None = None


class Draft:
    """Collects one fact's decision. It changes only itself: the conversation it was given stays as it was."""

    def __init__(self, conversation: Conversation, fact: Fact, policy: Policy, now: datetime) -> None:
        self.fact = fact
        self.policy = policy
        self.now = now
        self.version = conversation.version + 1
        self.conversation = conversation.but(version=self.version, decided_at=now, deleted_at=None)
        self.messages: list[Message] = []
        self.changes: list[MessageChange] = []
        self.commands: list[AnyCommand] = []
        self.verdict: Verdict | None = None

    @property
    def origin(self) -> dict[str, Any]:
        """What every command says of where it comes from."""
        return {
            "conversation_id": self.conversation.id,
            "app_id": self.conversation.app_id,
            "trace_id": self.fact.trace_id,
        }

    @property
    def session(self) -> Session:
        """The current session; ask `has_session` first."""
        if self.conversation.session is None:
            raise LookupError("the conversation has no session")
        return self.conversation.session

    @property
    def next_message_id(self) -> str:
        """Of the next message that this decision adds."""
        return message_id(self.conversation.id, self.fact.cause, len(self.messages))

    @property
    def has_open_session(self) -> bool:
        return self.conversation.session is not None and self.conversation.session.state != "closed"

    def update(self, **fields: Any) -> None:
        self.conversation = self.conversation.but(**fields)

    def update_session(self, **fields: Any) -> None:
        self.update(session=self.session.but(**fields))

    def command(self, command: AnyCommand) -> None:
        self.commands.append(command)

    def add_message(
        self,
        content: Content,
        *,
        direction: Direction,
        sender: Party,
        at: datetime | None = None,
        delivery: Delivery | None = None,
        **more: Any,
    ) -> Message:
        """Append to the history: the next `seq`, an id from this fact's cause and its place among its messages."""
        seq = self.conversation.last_seq + 1
        session = self.conversation.session
        message = Message(
            id=self.next_message_id,
            conversation=self.conversation.id,
            app_id=self.conversation.app_id,
            seq=seq,
            revision=self.version,
            session_id=session.id_in(self.conversation.id) if session else None,
            direction=direction,
            sender=sender,
            content=content,
            at=at or self.now,
            cause=self.fact.cause,
            delivery=delivery,
            **more,
        )
        self.messages.append(message)
        self.update(last_seq=seq, updated_at=self.now)
        unsaid = delivery is not None and delivery.state == "discarded"
        if direction != "system" and not unsaid:
            self.update(preview=Preview(direction=direction, **preview(content)))
        return message

    def add_event(self, name: str, /, **detail: Any) -> Message:
        """Note in the history what happened to the session."""
        return self.add_message(Event(name=name, detail=detail), direction="system", sender=SYSTEM)

    def change_delivery(self, message: str, delivery: Delivery, *, anew: bool = False) -> None:
        """Of a message of the history, or of one that this decision adds."""
        for place, added in enumerate(self.messages):
            if added.id == message:
                self.messages[place] = added.but(delivery=delivery)
                return
        change = MessageChange(message_id=message, revision=self.version, delivery=delivery, anew=anew)
        self.changes.append(change)

    def settle_command(self, command: AgentCommand, problem: Problem | None = None) -> None:
        """Store how the agent's command ended; the messages it added are named by their `seq`."""
        self.settle(command.command_id, command.digest, problem)

    def settle(self, command_id: str, digest: str, problem: Problem | None = None) -> None:
        seqs = tuple(m.seq for m in self.messages if m.command_id == command_id)
        self.verdict = Verdict(command_id=command_id, digest=digest, at=self.now, problem=problem, seqs=seqs)
        self.update(verdicts=(*self.conversation.verdicts, self.verdict)[-VERDICTS_KEPT:])

    def finish(self, due_at: datetime | None) -> Decision:
        """`due_at`: when time alone will change what became of the conversation."""
        self.update(due_at=due_at)
        return Decision(
            self.conversation, tuple(self.messages), tuple(self.changes), tuple(self.commands), self.verdict
        )
