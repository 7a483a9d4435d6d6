"""What a webhook is told, and which messages of the history are news at all."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from pydantic_core import to_json

from services.console.api import shapes
from services.console.api.session_shapes import Session
from services.console.api.shape import Shape
from shared.conversation import content, model
from shared.store.webhooks import WebhookEvent

SESSION_EVENTS: Final[dict[str, WebhookEvent]] = {
    "session_waiting": "session_waiting",
    "session_offered": "session_offered",
    "session_assigned": "session_assigned",
    "session_bridged": "session_bridged",
    "session_closed": "session_closed",
    "session_rated": "session_rated",
    "attention_needed": "attention",
}
"""By the name of the message that the history has for it."""


class Told(Shape):
    """The body of a call."""

    class Conversation(Shape):
        """By `id` the rest of it can be asked for."""

        id: str
        tags: list[str]

    id: str
    event: str
    at: datetime
    app: shapes.App
    conversation: Conversation
    customer: shapes.Customer
    session_id: str | None
    session: Session | None
    detail: dict[str, Any]
    message: shapes.Message | None


class Happening(NamedTuple):
    """`about` names it among all of its kind: the session that opened, else the message."""

    event: WebhookEvent
    about: str
    message: model.Message


def happenings(messages: Sequence[model.Message], first_of_session: Collection[str]) -> Iterator[Happening]:
    """What these messages are news of. `first_of_session`: ids of messages that a session begins with."""
    for message in messages:
        if message.id in first_of_session and message.session_id is not None:
            yield Happening("session_opened", message.session_id, message)
        if message.direction == "system":
            event = SESSION_EVENTS.get(message.content.name) if isinstance(message.content, content.Event) else None
            if event is not None:
                yield Happening(event, message.id, message)
        elif not isinstance(message.content, content.Event):
            yield Happening("message", message.id, message)


def news_id(webhook: str, happening: Happening) -> str:
    """The same, however often the history is read."""
    named = f"{webhook}:{happening.event}:{happening.about}"
    return hashlib.blake2b(named.encode(), digest_size=16).hexdigest()


def body(name: str, happening: Happening, shown: shapes.Conversation) -> bytes:
    """`session` is as it stands now, and null once the conversation has gone on to another one."""
    event, _, message = happening
    current = shown.session is not None and shown.session.id == message.session_id
    told = Told(
        id=name,
        event=event,
        at=message.at,
        app=shown.app,
        conversation=Told.Conversation(id=shown.id, tags=shown.tags),
        customer=shown.customer,
        session_id=message.session_id,
        session=shown.session if current else None,
        detail=message.content.detail if isinstance(message.content, content.Event) else {},
        message=shapes.Message.of(message) if event == "message" else None,
    )
    return told.model_dump_json().encode()


def trial_body(name: str, webhook: str, now: datetime) -> bytes:
    """What is sent to try a webhook out: signed as any other, about nobody."""
    return to_json({"id": name, "event": "test", "at": now, "webhook": webhook})
