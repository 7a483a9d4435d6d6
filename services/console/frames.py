"""The frames of the live socket: their shapes, and how one that is told to many is written only once."""

from typing import Any, Final, Literal, NamedTuple

import orjson
from pydantic import BaseModel
from pydantic_core import to_json

from services.console import problem
from services.console.api import shapes
from services.console.api.shape import Shape
from services.console.problem import Refused
from shared.conversation import model
from shared.store.agents import Presence


class ReadyFrame(Shape):
    """Everything before has been told; from here on it comes as it happens."""

    type: Literal["ready"]
    cursor: str


class ResetFrame(Shape):
    """What happened since the cursor cannot be told any more: load again by REST."""

    type: Literal["reset"]


class PongFrame(Shape):
    """To the client's `{"type":"ping"}`: the line is still there."""

    type: Literal["pong"]


class ConversationFrame(Shape):
    type: Literal["conversation"]
    cursor: str
    conversation: shapes.Conversation


class MessageFrame(Shape):
    """Again whenever its delivery or content changes."""

    type: Literal["message"]
    cursor: str
    conversation_id: str
    message: shapes.Message


class CommandFrame(Shape):
    """How a command ended whose call was answered 202: `status` and `problem` are what the call would have got."""

    type: Literal["command"]
    command_id: str
    status: int
    problem: dict[str, Any] | None


class PresenceFrame(Shape):
    type: Literal["presence"]
    agent_id: str
    name: str
    presence: Presence


class SeenFrame(Shape):
    """Another agent types in, or looks at, a conversation; good for some seconds."""

    type: Literal["typing", "viewing"]
    conversation_id: str
    agent_id: str
    name: str


class SettingsFrame(Shape):
    """Something an administrator keeps has changed: read it again. `what` is the path of its list, as in `tags`."""

    type: Literal["settings"]
    what: str


FRAMES: Final[tuple[type[BaseModel], ...]] = (
    ReadyFrame,
    ResetFrame,
    PongFrame,
    ConversationFrame,
    MessageFrame,
    CommandFrame,
    PresenceFrame,
    SeenFrame,
    SettingsFrame,
)

RESET: Final = b'{"type":"reset"}'
PONG: Final = b'{"type":"pong"}'


class Change(NamedTuple):
    """A frame but for its cursor, which differs between audiences; `about` is all that follows the cursor."""

    kind: Literal["conversation", "message"]
    app_id: str
    about: bytes

    def frame(self, cursor: str) -> bytes:
        return b'{"type":"%s","cursor":"%s",%s}' % (self.kind.encode(), cursor.encode(), self.about)


def conversation_change(app_id: str, shape: shapes.Conversation) -> Change:
    return Change("conversation", app_id, b'"conversation":' + shape.model_dump_json().encode())


def message_change(message: model.Message) -> Change:
    shape = shapes.Message.of(message).model_dump_json().encode()
    return Change(
        "message", message.app_id, b'"conversation_id":"%s","message":%s' % (message.conversation.encode(), shape)
    )


def ready(cursor: str) -> bytes:
    return b'{"type":"ready","cursor":"%s"}' % cursor.encode()


def command(verdict: model.Verdict) -> bytes:
    refused = Refused.by(verdict.problem) if verdict.problem else None
    told = {
        "type": "command",
        "command_id": verdict.command_id,
        "status": refused.status if refused else 200,
        "problem": problem.document(refused) if refused else None,
    }
    return to_json(told, fallback=str)


def presence(agent_id: str, name: str, presence: str) -> bytes:
    return orjson.dumps({"type": "presence", "agent_id": agent_id, "name": name, "presence": presence})


def seen(what: str, conversation: str, agent_id: str, name: str) -> bytes:
    return orjson.dumps({"type": what, "conversation_id": conversation, "agent_id": agent_id, "name": name})


def settings(what: str) -> bytes:
    return orjson.dumps({"type": "settings", "what": what})
