"""What travels on `wx.live`: hints that something changed, and signals worth nothing a moment later.

None is promised to arrive. Whoever needs the truth reads it from MongoDB.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from shared.contracts.messages import Unreadable
from shared.conversation.content import Frozen
from shared.conversation.model import Verdict


class ConversationChanged(Frozen):
    """A commit was carried out: these messages were written or changed, these commands have their verdicts."""

    conversation_id: str
    app_id: str
    version: int
    message_ids: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()


class ConversationsChanged(Frozen):
    """All that one batch changed, in one message: a thousand small ones would cost everyone more than what they say."""

    kind: Literal["conversations_changed"] = "conversations_changed"
    changed: tuple[ConversationChanged, ...]


class PresenceChanged(Frozen):
    kind: Literal["presence_changed"] = "presence_changed"
    agent_id: str
    name: str
    presence: str


class AgentSeen(Frozen):
    """An agent types in, or looks at, a conversation."""

    kind: Literal["agent_seen"] = "agent_seen"
    what: Literal["typing", "viewing"]
    conversation_id: str
    app_id: str
    agent_id: str
    name: str


class SettingsChanged(Frozen):
    """Apps, agents or other settings changed: read them again now. `agent_id`: they are this agent's alone."""

    kind: Literal["settings_changed"] = "settings_changed"
    what: str
    agent_id: str | None = None


LiveHint = Annotated[
    ConversationsChanged | PresenceChanged | AgentSeen | SettingsChanged,
    Field(discriminator="kind"),
]

_hints: TypeAdapter[LiveHint] = TypeAdapter(LiveHint)


def decode_hint(body: bytes) -> LiveHint:
    """Raises Unreadable."""
    try:
        return _hints.validate_json(body)
    except ValidationError:
        raise Unreadable("a live hint of an unknown kind") from None
