"""What an agent's socket says of the agent: typing in, or looking at, a conversation. Worth nothing a moment later."""

import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.console.feed import Listener
from shared.bus.publisher import Publisher
from shared.contracts import ShowTyping
from shared.contracts.hints import AgentSeen
from shared.conversation.model import Conversation
from shared.lately import Lately
from shared.outage import Outage
from shared.store.conversations import ConversationStore

SHOWN_EVERY_SECONDS: Final = 12.0
"""WeChat shows it for 15 s, and refuses to be told again meanwhile (45081)."""
SHOWN_WITHIN_SECONDS: Final = 5.0
TOLD_EVERY_SECONDS: Final = 1.0


class Signal(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    type: Literal["typing", "viewing"]
    conversation_id: str = Field(min_length=1, max_length=64)


class Signals:
    def __init__(self, conversations: ConversationStore, publisher: Publisher, now: Callable[[], datetime]) -> None:
        self._conversations = conversations
        self._publisher = publisher
        self._now = now
        self._told = Lately(TOLD_EVERY_SECONDS)
        self._shown = Lately(SHOWN_EVERY_SECONDS)

    async def take(self, listener: Listener, raw: str) -> None:
        """Pass one on; what is malformed, unknown, too frequent or about something unseen is dropped."""
        signal = _read(raw)
        if signal is None or not self._told.due((listener.agent_id, signal)):
            return
        with suppress(Outage):
            conversation = await self._conversations.get(signal.conversation_id)
            if conversation is not None and listener.access.sees(conversation.app_id):
                await self._tell(listener, signal, conversation)

    async def _tell(self, listener: Listener, signal: Signal, conversation: Conversation) -> None:
        agent = listener.identity.agent
        await self._publisher.hint(
            AgentSeen(
                what=signal.type,
                conversation_id=conversation.id,
                app_id=conversation.app_id,
                agent_id=agent.id,
                name=agent.name,
            )
        )
        if signal.type != "typing" or not _responds(agent.id, conversation):
            return
        if self._shown.due(conversation.id):
            await self._show_customer(conversation)

    async def _show_customer(self, conversation: Conversation) -> None:
        await self._publisher.publish(
            ShowTyping(
                conversation_id=conversation.id,
                app_id=conversation.app_id,
                openid=conversation.openid,
                typing=True,
                expires_at=self._now() + timedelta(seconds=SHOWN_WITHIN_SECONDS),
                trace_id=uuid.uuid4().hex,
            ),
            expires_seconds=SHOWN_WITHIN_SECONDS,
        )


def _read(raw: str) -> Signal | None:
    try:
        return Signal.model_validate(orjson.loads(raw))
    except (ValidationError, orjson.JSONDecodeError):
        return None


def _responds(agent_id: str, conversation: Conversation) -> bool:
    session = conversation.session
    return (
        session is not None
        and session.state == "agent"
        and session.responder is not None
        and session.responder.id == agent_id
    )
