"""Notes: what agents tell each other about a customer, and no customer ever sees."""

from typing import Final

from aiohttp import web
from pydantic import Field, field_validator

from services.console.api import shapes
from services.console.asking import ask, client_key, messages_of
from services.console.operations import Call, Input, Operation, answer
from shared.conversation.facts import AddNote

SHOWN_AT_MOST: Final = 100


class NoteBody(Input):
    client_id: str | None = Field(None, min_length=1, max_length=200, description="your key: the same one notes once")
    text: str = Field(max_length=2000)

    @field_validator("text")
    @classmethod
    def _says_something(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("there is nothing in it")
        return text


async def list_notes(call: Call) -> web.Response:
    conversation = await call.conversation()
    notes = await call.parts.history.notes(conversation.id, SHOWN_AT_MOST)
    return answer(shapes.NoteList(items=[shapes.Message.of(note) for note in notes]))


async def add_note(call: Call) -> web.Response:
    """By whoever sees the conversation, on a closed session, too. The same client_id again: the same note, with 200."""
    conversation = await call.conversation()
    body = await call.body(NoteBody)
    key = client_key(call, body.client_id)
    asked = await ask(call, conversation, AddNote, key, text=body.text, client_id=key)
    added = await messages_of(call, conversation.id, asked.command_id)
    shape = shapes.Sent(items=[shapes.Message.of(message) for message in added])
    return answer(shape, status=200 if asked.again else 201)


OPERATIONS: Final = (
    Operation(
        "GET",
        "/conversations/{id}/notes",
        list_notes,
        "The last 100 notes, newest first",
        {200: shapes.NoteList},
        problems=("not_found",),
        scope="read",
    ),
    Operation(
        "POST",
        "/conversations/{id}/notes",
        add_note,
        "Leave a note for colleagues",
        {200: shapes.Sent, 201: shapes.Sent},
        problems=("not_found", "conflict"),
        body=NoteBody,
        command=True,
    ),
)
