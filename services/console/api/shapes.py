"""What the calls answer with: the shapes that people script against, and how they are filled."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from services.console.api.session_shapes import Session
from services.console.api.shape import Party, Shape
from shared.conversation import content, model
from shared.conversation.policy import Policy
from shared.conversation.quota import Balance, GrantKind
from shared.store import agents


class Agent(Shape):
    id: str
    login: str
    name: str
    role: agents.Role
    groups: list[str]
    presence: agents.Presence
    capacity: int = Field(description="sessions this agent takes at once")
    load: int = Field(description="sessions this agent has now")
    auto_accept: bool
    away_after_seconds: int | None = Field(description="with no page open for so long they become away; null: never")
    second_factor: bool = Field(description="whether logging in takes a code, too")

    @classmethod
    def of(cls, agent: agents.Agent) -> "Agent":
        return cls(
            id=agent.id,
            login=agent.id,
            name=agent.name,
            role=agent.role,
            groups=list(agent.groups),
            presence=agent.presence,
            capacity=agent.capacity,
            load=agent.load,
            auto_accept=agent.auto_accept,
            away_after_seconds=agent.away_after_seconds,
            second_factor=agent.second_factor is not None,
        )


class App(Shape):
    id: str
    name: str


class ProfileField(Shape):
    name: str
    value: str


class Customer(Shape):
    id: str = Field(description="the openid, by which the app knows this person")
    name: str | None
    source: str | None = Field(description="the button's `session-from` when they last entered")
    profile: list[ProfileField] = Field(description="what the mini program's own server tells of them, in its order")


class Quota(Shape):
    """What WeChat still lets us send to this customer, and until when."""

    remaining: int
    grant: GrantKind
    deadline: datetime
    at_most: bool = Field(description="others, whose messages are not seen here, may have used some of what remains")


class Preview(Shape):
    type: str
    text: str
    direction: model.Direction


class Conversation(Shape):
    id: str
    version: int = Field(description="counts the facts decided; of two of the same conversation the higher is newer")
    app: App
    customer: Customer
    last_seq: int
    preview: Preview | None
    unread: int
    updated_at: datetime | None
    session: Session | None
    quota: Quota | None = Field(description="null: the customer's window is closed")
    held: int = Field(description="how many messages wait until the customer writes again")
    tags: list[str]
    blocked: bool = Field(description="what the customer writes is kept and brought to nobody")
    limited: bool = Field(
        description="they write more than the app lets through, and for the moment it is as if blocked"
    )

    @classmethod
    def of(cls, conversation: model.Conversation, app_name: str, policy: Policy, now: datetime) -> "Conversation":
        return cls(
            id=conversation.id,
            version=conversation.version,
            app=App(id=conversation.app_id, name=app_name),
            customer=_customer(conversation),
            last_seq=conversation.last_seq,
            preview=_preview(conversation.preview),
            unread=conversation.unread,
            updated_at=conversation.updated_at,
            session=Session.of(conversation, policy, now),
            quota=quota(conversation.ledger.balance(now)),
            held=len(conversation.held),
            tags=list(conversation.tags),
            blocked=conversation.blocked_at is not None,
            limited=_is_limited(conversation.torrent, now),
        )


class Image(Shape):
    media_id: str
    width: int | None
    height: int | None


class Card(Shape):
    title: str
    path: str
    app_id: str | None
    media_id: str | None


class Link(Shape):
    title: str
    description: str
    url: str
    media_id: str | None


class Event(Shape):
    """WeChat's event, or one of our own (`session_waiting`, `session_assigned`, `session_closed` …)."""

    name: str
    detail: dict[str, Any]


class Delivery(Shape):
    state: model.DeliveryState
    code: str | None = Field(description="WeChat's errcode, where it refused")
    reason: str | None
    at: datetime
    mark: str | None = Field(description="an agent's own word on an unknown delivery: `sent:<name>`")


class Message(Shape):
    id: str
    seq: int = Field(description="place in the conversation: 1, 2, 3 …")
    revision: int = Field(description="of two of the same message the higher is newer")
    session_id: str | None
    direction: model.Direction
    sender: Party = Field(alias="from")
    type: Literal["text", "image", "card", "link", "event", "note", "unsupported"]
    text: str | None = Field(description="of a text or a note; the name of an event or of an unsupported type")
    image: Image | None
    card: Card | None
    link: Link | None
    event: Event | None
    at: datetime
    client_id: str | None
    resend_of: int | None = Field(description="the seq of the message this one repeats, by an agent's decision")
    delivery: Delivery | None = Field(description="of a customer's message: how it was passed on to a vendor")

    @classmethod
    def of(cls, message: model.Message) -> "Message":
        return cls(
            id=message.id,
            seq=message.seq,
            revision=message.revision,
            session_id=message.session_id,
            direction=message.direction,
            sender=Party.of(message.sender),
            at=message.at,
            client_id=message.client_id,
            resend_of=message.resend_of,
            delivery=_delivery(message.delivery),
            **_said(message.content),
        )


class ConversationList(Shape):
    class Counts(Shape):
        """How many each view has; counted up to 1000."""

        waiting: int
        mine: int
        attention: int
        all: int
        closed: int

    items: list[Conversation]
    next: str | None = Field(description="the cursor of the next page; null: this was the last")
    counts: Counts


class MessageList(Shape):
    items: list[Message] = Field(description="ascending by seq")
    last_seq: int


class NoteList(Shape):
    items: list[Message] = Field(description="the last ones, newest first")
    next: None = None


class DescribedCustomer(Shape):
    id: str = Field(description="the openid")
    conversation_id: str
    name: str | None
    profile: list[ProfileField]

    @classmethod
    def of(cls, openid: str, conversation: model.Conversation) -> "DescribedCustomer":
        return cls(
            id=openid,
            conversation_id=conversation.id,
            name=conversation.name,
            profile=_profile(conversation),
        )


class DeletedCustomer(Shape):
    """The deletion is on its way, and cannot be taken back."""

    conversation_id: str


class ExportedMessage(Message):
    at_local: str = Field(description="the same instant in the app's time zone, with its offset")


class Hit(Shape):
    conversation: Conversation
    message: Message


class HitList(Shape):
    items: list[Hit] = Field(description="newest first; may be short, or empty, while `next` is not null")
    next: str | None = Field(description="the cursor of the next page; null: there is nothing more")


class CustomerList(Shape):
    items: list[Conversation] = Field(description="whoever was active last first")
    next: None = None


class Sent(Shape):
    items: list[Message] = Field(description="one message; several where a long text was split")


class Unsettled(Shape):
    """Not settled in time. The result comes on the live socket as `command`; asking again with the same key is safe."""

    command_id: str


class LoggedIn(Shape):
    token: str = Field(description="for `Authorization: Bearer …`; told once")
    expires_at: datetime
    agent: Agent


def quota(balance: Balance) -> Quota | None:
    if balance.grant is None or balance.deadline is None:
        return None
    return Quota(remaining=balance.remaining, grant=balance.grant, deadline=balance.deadline, at_most=balance.at_most)


def _profile(conversation: model.Conversation) -> list[ProfileField]:
    return [ProfileField(name=field.name, value=field.value) for field in conversation.profile]


def _customer(conversation: model.Conversation) -> Customer:
    return Customer(
        id=conversation.openid,
        name=conversation.name,
        source=conversation.source,
        profile=_profile(conversation),
    )


def _preview(preview: model.Preview | None) -> Preview | None:
    return Preview(type=preview.type, text=preview.text, direction=preview.direction) if preview else None


def _is_limited(torrent: model.Torrent | None, now: datetime) -> bool:
    return torrent is not None and torrent.until is not None and torrent.until > now


def _delivery(delivery: model.Delivery | None) -> Delivery | None:
    if delivery is None:
        return None
    return Delivery(
        state=delivery.state, code=delivery.code, reason=delivery.reason, at=delivery.at, mark=delivery.mark
    )


def _said(said: content.Content) -> dict[str, Any]:
    """The members of a message that its content fills; exactly one of them beside `text` is not null."""
    shown: dict[str, Any] = {"type": said.type, "text": None, "image": None, "card": None, "link": None, "event": None}
    match said:
        case content.Text(text=text) | content.Note(text=text):
            shown["text"] = text
        case content.Image():
            shown["image"] = Image(media_id=said.media_id, width=said.width, height=said.height)
        case content.Card():
            shown["card"] = Card(title=said.title, path=said.path, app_id=said.app_id, media_id=said.media_id)
        case content.Link():
            shown["link"] = Link(title=said.title, description=said.description, url=said.url, media_id=said.media_id)
        case content.Event():
            shown["text"] = said.name
            shown["event"] = Event(name=said.name, detail=said.detail)
        case content.Unsupported():
            shown["text"] = said.name
    return shown
