"""Asking a conversation's router for something on an agent's behalf, at most once for each key of theirs."""

import hashlib
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, TypeVar

import orjson

from services.console.operations import Call, Settling
from services.console.problem import Refused
from shared.conversation import ids
from shared.conversation.facts import AgentCommand
from shared.conversation.model import Conversation, Message, Verdict
from shared.observe import tracing
from shared.store.unsettled import Unsettled

KEY_LONGEST: Final = 200

AnyAsked = TypeVar("AnyAsked", bound=AgentCommand)


class Asked(NamedTuple):
    """A command that was done. `again`: it had been done before, and nothing was asked now."""

    command_id: str
    again: bool

    @property
    def cause(self) -> str:
        return cause_of(self.command_id)


def cause_of(command_id: str) -> str:
    return f"c:{command_id}"


def client_key(call: Call, client_id: str | None = None) -> str:
    """The caller's key for this command; a random one where they gave none. Raises Refused."""
    key = client_id or call.request.headers.get("Idempotency-Key") or uuid.uuid4().hex
    if len(key) > KEY_LONGEST:
        raise Refused("invalid", f"Idempotency-Key: longer than {KEY_LONGEST} characters.")
    return key


async def ask(
    call: Call,
    conversation: Conversation,
    kind: type[AnyAsked],
    key: str,
    *,
    first: Callable[[], Awaitable[None]] | None = None,
    **fields: Any,
) -> Asked:
    """Have it done, or find that it was. Raises Refused with the verdict's problem, or Settling where it takes long.

    `first` raises Refused where it makes no sense to ask; what was done already is not judged again.
    """
    command = _command(call, conversation, kind, key, fields)
    known = conversation.verdict_on(command.command_id)
    if known is None and await _was_carried_out(call, command):
        return Asked(command.command_id, again=True)
    if known is None and first is not None:
        await first()
    began = tracing.now()
    try:
        verdict = known or await _settled(call, command)
    finally:
        if known is None:
            _record(command, began)
    if verdict.digest != command.digest:
        raise _conflict()
    if verdict.problem is not None:
        raise Refused.by(verdict.problem)
    return Asked(command.command_id, again=known is not None)


async def _settled(call: Call, command: AgentCommand) -> Verdict:
    async def look() -> Verdict | None:
        return await call.parts.lists.verdict(command.conversation_id, command.command_id)

    seconds = call.parts.settings.command_seconds
    verdict = await call.parts.verdicts.ask(command, look, within_seconds=seconds)
    if verdict is not None:
        return verdict
    await call.parts.unsettled.note(Unsettled(command.command_id, call.agent.id, command.conversation_id))
    # Only now does anyone look out for it: it may have been settled just before.
    verdict = await look()
    if verdict is None:
        raise Settling(command.command_id)
    await call.parts.unsettled.settle(command.command_id, verdict)
    return verdict


async def _was_carried_out(call: Call, command: AgentCommand) -> bool:
    """Verdicts are forgotten after a while; the messages that a command added are not."""
    added = await messages_of(call, command.conversation_id, command.command_id)
    if added and added[0].digest != command.digest:
        raise _conflict()
    return bool(added)


async def messages_of(call: Call, conversation: str, command_id: str) -> list[Message]:
    return await call.parts.history.of_cause(conversation, cause_of(command_id))


def _command(
    call: Call, conversation: Conversation, kind: type[AnyAsked], key: str, fields: dict[str, Any]
) -> AnyAsked:
    name = str(kind.model_fields["kind"].default)
    command_id = ids.command_id(call.agent.id, conversation.id, name, key)
    command = {
        "conversation_id": conversation.id,
        "app_id": conversation.app_id,
        "cause": cause_of(command_id),
        "occurred_at": call.parts.backbone.clock.now(),
        "trace_id": call.trace_id,
        "command_id": command_id,
        "agent_id": call.agent.id,
        "agent_name": call.agent.name,
        "supervises": call.agent.supervises,
        "digest": "",
        **fields,
    }
    asked = kind.model_validate(command)
    return asked.model_copy(update={"digest": _digest(asked, fields)})


def _digest(command: AgentCommand, fields: dict[str, Any]) -> str:
    """Of what was asked for, not of who asked when."""
    told = command.model_dump(mode="json", include={"kind", *fields})
    return hashlib.blake2b(orjson.dumps(told, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def _conflict() -> Refused:
    return Refused("conflict", "This client_id or Idempotency-Key was used for something else. Take a new one.")


def _record(command: AgentCommand, began: int) -> None:
    """An agent's request until its verdict: where a trace begins."""
    if tracing.tracing():
        tracing.record(
            "agent command",
            "server",
            command.trace_id,
            tracing.told(command),
            began,
            app_id=command.app_id,
            conversation_id=command.conversation_id,
            kind=command.kind,
        )
