"""What a message can hold, whichever way it goes."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

TEXT_LIMIT_BYTES: Final = 2048
"""WeChat refuses a longer text (45002); the page names no number, Tencent's community measured this one."""


class Frozen(BaseModel):
    """A value: compared by what it holds, never changed in place."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def but(self, **fields: Any) -> Self:
        """The same with these fields instead, which are not validated again: they are our own.

        Several times faster than `model_copy`, which a decision would call a dozen times.
        """
        changed = self.__class__.__new__(self.__class__)
        object.__setattr__(changed, "__dict__", {**self.__dict__, **fields})
        object.__setattr__(changed, "__pydantic_fields_set__", self.__pydantic_fields_set__ | fields.keys())
        object.__setattr__(changed, "__pydantic_extra__", None)
        object.__setattr__(changed, "__pydantic_private__", None)
        return changed


class Text(Frozen):
    type: Literal["text"] = "text"
    text: str


class Image(Frozen):
    """A picture in our own `media` collection; its size is known once the copy is there."""

    type: Literal["image"] = "image"
    media_id: str
    width: int | None = None
    height: int | None = None


class Card(Frozen):
    """A mini-program card (`miniprogrampage`). `media_id` is its picture, None where WeChat gave none."""

    type: Literal["card"] = "card"
    title: str
    path: str
    app_id: str | None = None
    media_id: str | None = None


class Link(Frozen):
    type: Literal["link"] = "link"
    title: str
    description: str
    url: str
    media_id: str | None = None


class Event(Frozen):
    """Something that happened in the conversation and is shown between its messages.

    `name` is WeChat's event, or one of our own system events; `detail` holds its plain values.
    """

    type: Literal["event"] = "event"
    name: str
    detail: dict[str, Any] = Field(default_factory=dict)


class Note(Frozen):
    """Seen by agents only."""

    type: Literal["note"] = "note"
    text: str


class Unsupported(Frozen):
    """A push of a type we do not know, kept as it came."""

    type: Literal["unsupported"] = "unsupported"
    name: str
    raw: dict[str, Any] = Field(default_factory=dict)


Content = Annotated[
    Text | Image | Card | Link | Event | Note | Unsupported,
    Field(discriminator="type"),
]
Sendable = Annotated[Text | Image | Card | Link, Field(discriminator="type")]


def preview(content: Content) -> dict[str, str]:
    """The line a list shows for a message: its type, and its words if it has any."""
    return {"type": content.type, "text": _words(content)[:120]}


def _words(content: Content) -> str:
    match content:
        case Text(text=words) | Note(text=words) | Card(title=words) | Link(title=words):
            return words
        case Event(name=words) | Unsupported(name=words):
            return words
        case Image():
            return ""
