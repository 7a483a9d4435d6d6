"""A big history to measure upon: made-up customers whose words are as unevenly frequent as people's are."""

import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Final, NamedTuple

from shared.conversation.content import Content, Event, Image, Text
from shared.conversation.ids import conversation_id
from shared.conversation.model import CUSTOMER, Conversation, Message, Party, Preview, Session
from shared.store.conversations import Commit, ConversationStore
from shared.store.driver import Database
from shared.store.messages import MessageStore
from tests.bench.bench import Bench
from tests.bench.pusher import APP_ID

MESSAGES: Final = int(os.environ.get("BENCH_MESSAGES", "1000000"))
VOCABULARY: Final = 20_000
EACH: Final = 100
"""Messages of one conversation."""
APPS: Final = [APP_ID, *(f"wx{number:016d}" for number in range(1, 20))]
TURN: Final = 10
GROUP: Final = 200
BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
CHARACTERS: Final = [chr(0x4E00 + number * 7) for number in range(2500)]
PHRASES: Final = (
    "你好，我想问一下订单什么时候发货",
    "请问这个有现货吗",
    "麻烦帮我查一下快递到哪里了",
    "收到的东西坏了，可以退货吗",
    "好的，谢谢",
    "您好，请问有什么可以帮您",
    "稍等，我帮您看一下",
    "可以便宜一点吗",
    "怎么还没有退款",
    "发票可以开公司抬头吗",
)
ENGLISH: Final = ("iPhone 15 Pro", "Hello, where is my order?", "WiFi", "XL", "thank you", "Type-C")


class Talk:
    """Says things; the same ones for the same seed."""

    def __init__(self, seed: int = 1) -> None:
        self._chance = random.Random(seed)
        self._weights = list(accumulate(1 / rank for rank in range(2, VOCABULARY + 2)))
        self._words = [self._word() for _ in range(VOCABULARY)]

    def contents(self, count: int) -> list[Content]:
        """What is said first."""
        return [self.content() for _ in range(count)]

    def content(self) -> Content:
        match self._chance.random():
            case share if share < 0.04:
                return Image(media_id=f"{self._chance.getrandbits(64):x}")
            case share if share < 0.08:
                return Event(name="user_enter_tempsession", detail={"session_from": "bench"})
            case _:
                return Text(text=self.text())

    def text(self) -> str:
        said = [self._chance.choice(PHRASES)] if self._chance.random() < 0.5 else []
        said += self.words(self._chance.randint(1, 12))
        if self._chance.random() < 0.1:
            said.append(f"订单号{self.order()}")
        if self._chance.random() < 0.05:
            said.append(self._chance.choice(ENGLISH))
        return "".join(said)

    def words(self, count: int) -> list[str]:
        return self._chance.choices(self._words, cum_weights=self._weights, k=count)

    def order(self) -> str:
        return f"2026{self._chance.randint(101, 1231):04d}{self._chance.randint(0, 10**10 - 1):010d}"

    def _word(self) -> str:
        return "".join(self._chance.choices(CHARACTERS, k=self._chance.choice((1, 2, 2, 2, 3))))


class Filled(NamedTuple):
    """A database with all these messages, and the ids of its conversations."""

    environment: dict[str, str]
    conversations: list[str]


_filled: dict[int, Filled] = {}


async def filled(bench: Bench) -> Filled:
    """Filled once, for whoever measures upon it: it takes minutes."""
    if id(bench) not in _filled:
        environment = await bench.environment()
        database = Database(environment["MONGO_URL"], environment["MONGO_DB"])
        _filled[id(bench)] = Filled(environment, await _fill(database, MESSAGES))
        await database.close()
    return _filled[id(bench)]


async def _fill(database: Database, count: int) -> list[str]:
    """All customers write in turns, as they do; the ids of their conversations."""
    talk = Talk()
    messages = MessageStore(database)
    customers = range(count // EACH)
    for begin in range(1, EACH + 1, TURN):
        for first in customers[::GROUP]:
            group = customers[first : first + GROUP]
            await messages.insert([one for customer in group for one in _said(talk, customer, begin)])
    conversations = [_conversation(customer) for customer in customers]
    for first in customers[::GROUP]:
        commits = [Commit(0, conversation, (), ()) for conversation in conversations[first : first + GROUP]]
        await ConversationStore(database).commit(commits)
    return [conversation.id for conversation in conversations]


def more_messages(count: int) -> list[Message]:
    """New ones, of new customers."""
    talk = Talk(seed=4)
    customers = range(MESSAGES // EACH, MESSAGES // EACH + count // TURN)
    return [message for customer in customers for message in _said(talk, customer, 1)]


def _said(talk: Talk, customer: int, begin: int) -> Iterator[Message]:
    app_id = APPS[customer % len(APPS)]
    name = conversation_id(app_id, _openid(customer))
    for seq in range(begin, begin + TURN):
        answered = seq % 2 == 0
        yield Message(
            id=f"{name}:m:{customer * EACH + seq}:0",
            conversation=name,
            app_id=app_id,
            seq=seq,
            revision=seq,
            direction="outbound" if answered else "inbound",
            sender=Party(kind="agent", id=f"agent{customer % 30}", name="客服") if answered else CUSTOMER,
            content=talk.content(),
            at=_at(customer, seq),
            cause=f"m:{customer * EACH + seq}",
        )


def _conversation(customer: int) -> Conversation:
    app_id = APPS[customer % len(APPS)]
    last = _at(customer, EACH)
    return Conversation(
        id=conversation_id(app_id, _openid(customer)),
        app_id=app_id,
        openid=_openid(customer),
        version=EACH,
        last_seq=EACH,
        updated_at=last,
        decided_at=last,
        preview=Preview(type="text", text="bench", direction="outbound"),
        session=Session(number=1, state="closed", opened_at=_at(customer, 1), active_at=last, closed_at=last),
    )


def _at(customer: int, seq: int) -> datetime:
    return BEGIN + timedelta(days=2 * (seq // TURN), seconds=customer * 7 + seq * 20)


def _openid(customer: int) -> str:
    return f"oBench-{customer * 7919:020d}"
