"""What of the history is news to a webhook, and that it is told of once however often the history is read."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from typing_extensions import override

from services.console.api import shapes
from services.console.outgoing.announcing import TOLD_WITHIN, Announcer
from shared.clock import FixedClock
from shared.conversation.content import Event, Note
from shared.conversation.facts import CustomerDeleted
from shared.conversation.model import SYSTEM, Conversation, Message
from shared.conversation.policy import Policy
from shared.store.conversations import Commit, ConversationStore, Entry
from shared.store.driver import Database
from shared.store.erasing import Eraser
from shared.store.messages import MessageStore
from shared.store.sealing import Sealer
from shared.store.webhook_deliveries import News, WebhookDeliveries
from shared.store.webhooks import WEBHOOK_EVENTS, Webhook, WebhookStore
from tests.support.facts import APP, CONVERSATION, NOON, OPENID, Story, at, claimed, close, origin, received, reply

SEALER = Sealer([Fernet.generate_key().decode()])


class Office:
    """A history, webhooks that listen to it, and the announcer between them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FixedClock(NOON + timedelta(minutes=1))
        self.webhooks = WebhookStore(database, SEALER)
        self.story = Story().with_agent("lina")
        self.noted = 0
        self.announcer = self.announcer_with(WebhookDeliveries(database))

    def announcer_with(self, deliveries: WebhookDeliveries) -> Announcer:
        return Announcer(self.database, self.webhooks, deliveries, self._shown, self.clock.now, self._count)

    def _shown(self, conversation: Conversation) -> shapes.Conversation:
        return shapes.Conversation.of(conversation, "店铺", Policy(), self.clock.now())

    def _count(self) -> None:
        self.noted += 1

    async def webhook(self, name: str = "erp", **fields: Any) -> None:
        told: dict[str, Any] = {"events": WEBHOOK_EVENTS, "created_at": NOON - timedelta(hours=1), **fields}
        await self.webhooks.add(Webhook(id=name, name=name, url=SecretStr("https://x"), secret=SecretStr("s"), **told))

    async def write(self) -> list[Message]:
        """Everything the story has so far, as the router writes it."""
        messages = [message for decision in self.story.decisions for message in decision.messages]
        entry = Entry(cause="c", version=self.story.conversation.version, messages=(), changes=())
        current = await ConversationStore(self.database).get(self.story.conversation.id)
        since = current.version if current else 0
        await ConversationStore(self.database).commit([Commit(since, self.story.conversation, ("f",), (entry,))])
        await MessageStore(self.database).insert(messages)
        return messages

    async def told(self) -> list[Any]:
        docs = await self.database["webhook_deliveries"].find({}, sort=[("noted_at", 1)])
        return [orjson.loads(doc["body"]) | {"webhook": doc["webhook"], "row": doc["_id"]} for doc in docs]

    async def events(self) -> list[str]:
        return sorted(one["event"] for one in await self.told())


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


async def test_a_session_is_told_from_its_opening_to_its_end(office: Office) -> None:
    await office.webhook()
    office.story.tell(reply("您好", seconds=5), close(seconds=9))
    await office.announcer.handle(await office.write())
    assert await office.events() == [
        "message",
        "message",
        "session_assigned",
        "session_closed",
        "session_opened",
        "session_waiting",
    ]
    by_event = {one["event"]: one for one in await office.told()}
    opened, assigned, closed = (by_event[f"session_{name}"] for name in ("opened", "assigned", "closed"))
    assert opened["app"] == {"id": APP, "name": "店铺"}
    assert opened["conversation"] == {"id": CONVERSATION, "tags": []}
    assert opened["customer"]["id"] == OPENID
    assert (opened["session_id"], opened["session"]["state"]) == (f"{CONVERSATION}.1", "closed")
    assert (opened["message"], opened["detail"]) == (None, {})
    assert assigned["detail"] == {"to": "Lina", "rule": "least_loaded"}
    assert closed["detail"]["reason"] == "closed_by_agent"
    assert by_event["message"]["message"]["text"] in {"你好", "您好"}
    assert all(one["id"] == one["row"] for one in await office.told())


async def test_what_becomes_of_a_session_in_between_is_told_with_its_detail(office: Office) -> None:
    named = ("session_offered", "session_rated", "attention_needed", "session_fell_back")
    details: list[dict[str, Any]] = [{"to": "Lina", "rule": "longest_idle"}, {"score": 5}, {"why": "answer_late"}, {}]
    await office.webhook()
    first, *_ = await office.write()
    await office.announcer.handle(
        [
            first.but(id=f"x{seq}", seq=seq, direction="system", sender=SYSTEM, content=Event(name=name, detail=detail))
            for seq, (name, detail) in enumerate(zip(named, details, strict=True), start=50)
        ]
    )
    told = {one["event"]: one["detail"] for one in await office.told()}
    assert told == {"session_offered": details[0], "session_rated": details[1], "attention": details[2]}


async def test_reading_the_history_again_or_a_later_change_tells_nothing_twice(office: Office) -> None:
    await office.webhook()
    messages = await office.write()
    await office.announcer.handle(messages)
    before = await office.told()
    await office.announcer.handle(messages)
    await office.announcer.handle([message.but(revision=message.revision + 5) for message in messages])
    assert await office.told() == before


async def test_in_whatever_pieces_the_history_comes_a_session_opens_once(office: Office) -> None:
    await office.webhook(events=("session_opened",))
    office.story.tell(received("还在吗", seconds=3), close(seconds=4), received("又来了", seconds=8))
    for message in reversed(await office.write()):
        await office.announcer.handle([message])
    assert sorted(one["session_id"] for one in await office.told()) == [f"{CONVERSATION}.1", f"{CONVERSATION}.2"]
    assert [one["session"] is None for one in await office.told()].count(True) == 1


async def test_only_what_was_asked_for_is_told(office: Office) -> None:
    await office.webhook("mine", events=("session_closed",), app_id=APP)
    await office.webhook("foreign", app_id="wxfedcba9876543210")
    await office.webhook("off", enabled=False)
    office.story.tell(close(seconds=1))
    await office.announcer.handle(await office.write())
    assert [(one["webhook"], one["event"]) for one in await office.told()] == [("mine", "session_closed")]


async def test_what_was_there_before_the_webhook_is_no_news(office: Office) -> None:
    await office.webhook(created_at=at(4.9))
    office.story.tell(received("新的", seconds=5), reply("好的", seconds=6))
    messages = await office.write()
    await office.announcer.handle([message.but(revision=99) for message in messages])
    assert sorted(one["message"]["text"] for one in await office.told()) == ["好的", "新的"]


async def test_a_change_of_an_old_message_is_no_news(office: Office) -> None:
    await office.webhook()
    messages = await office.write()
    office.clock.at = NOON + TOLD_WITHIN
    await office.announcer.handle(messages)
    assert await office.told() == []


async def test_notes_and_events_are_not_messages(office: Office) -> None:
    await office.webhook(events=("message",))
    messages = await office.write()
    note = messages[0].but(id="n", direction="system", sender=SYSTEM, content=Note(text="内部"))
    await office.announcer.handle([note, *messages])
    assert [one["message"]["text"] for one in await office.told()] == ["你好"]


async def test_two_webhooks_are_told_under_ids_of_their_own(office: Office) -> None:
    await office.webhook("one")
    await office.webhook("two")
    await office.announcer.handle(await office.write())
    told = await office.told()
    assert len({one["id"] for one in told}) == len(told) == 8
    assert office.noted == 1


async def test_with_no_webhook_nothing_is_noted(office: Office) -> None:
    await office.announcer.handle(await office.write())
    assert (await office.told(), office.noted) == ([], 0)


async def test_a_customer_who_was_deleted_is_told_of_no_more(office: Office) -> None:
    await office.webhook()
    messages = await office.write()
    await office.announcer.handle(messages)
    assert await office.told()
    office.story.tell(CustomerDeleted(**origin()))
    await office.write()
    await Eraser(office.database).erase(CONVERSATION)
    assert await office.told() == []
    await office.announcer.handle(messages)
    assert await office.told() == []


async def test_one_deleted_while_their_news_is_written_leaves_none(office: Office) -> None:
    """Everything of theirs is erased, then the announcer, which began before, writes its rows."""
    await office.webhook()
    messages = await office.write()

    class Interrupted(WebhookDeliveries):
        @override
        async def add(self, news: Sequence[News], now: datetime) -> None:
            office.story.tell(CustomerDeleted(**origin()))
            await office.write()
            await Eraser(office.database).erase(CONVERSATION)
            await super().add(news, now)

    await office.announcer_with(Interrupted(office.database)).handle(messages)
    assert office.noted == 1
    assert await office.told() == []


async def test_another_agent_is_another_assignment(office: Office) -> None:
    await office.webhook(events=("session_assigned",))
    office.story.tell(claimed("wang", assignment=2, command="k", seconds=2))
    await office.announcer.handle(await office.write())
    assert [one["detail"]["to"] for one in await office.told()] == ["Lina", "Wang"]
    assert {one["session"]["responder"]["id"] for one in await office.told()} == {"wang"}
