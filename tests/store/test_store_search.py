"""What is said is found, in whichever words, newest first, by whoever may; and not once it is erased."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from bson.int64 import Int64

from shared.conversation.content import Content, Image, Note, Text
from shared.conversation.model import CUSTOMER, Message, MessageChange, Party
from shared.store.driver import Database
from shared.store.erasing import Eraser
from shared.store.following import Follower
from shared.store.leases import Leases
from shared.store.messages import MessageStore
from shared.store.search import WINDOWS, WRITING, MessageSearch, SearchIndex, Wish, place_of
from tests.support.facts import APP, NOON, at, message

Said = Callable[..., Message]


@pytest.fixture
def said() -> Said:
    counter = iter(range(1, 1_000_000))

    def make(
        text: str = "你好",
        *,
        conversation: str = "c1",
        app: str = APP,
        agent: str | None = None,
        content: Content | None = None,
        seconds: float | None = None,
    ) -> Message:
        seq = next(counter)
        return message(
            seq,
            conversation=conversation,
            app_id=app,
            direction="outbound" if agent else "inbound",
            sender=Party(kind="agent", id=agent) if agent else CUSTOMER,
            content=content or Text(text=text),
            at=at(seq if seconds is None else seconds),
        )

    return make


async def store(database: Database, *messages: Message) -> None:
    """Into the history, and from there into the index, as the console has it."""
    await MessageStore(database).insert(messages)
    await Follower(database, Leases(database, "console"), "search", SearchIndex(database).note).follow()


async def texts(database: Database, query: str, limit: int = 50, **more: object) -> list[str]:
    wish = Wish.model_validate({"query": query, **more})
    found = await MessageSearch(database).page(wish, after=None, limit=limit)
    assert found.place is None
    return [message.content.text for message in found.messages if isinstance(message.content, Text | Note)]


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("发货", ["请问几时发货？", "订单什么时候发货"]),
        ("什么时候", ["订单什么时候发货"]),
        ("时发货", ["请问几时发货？"]),
        ("货", ["请问几时发货？", "订单什么时候发货", "退货"]),
        ("退货", ["退货"]),
        ("发退", []),
        ("IPHONE", ["我的 iPhone15 Pro 呢"]),
        ("ph", ["我的 iPhone15 Pro 呢"]),
        ("pro 呢", ["我的 iPhone15 Pro 呢"]),
        ("ｐｒｏ　呢", ["我的 iPhone15 Pro 呢"]),
        ("15", ["我的 iPhone15 Pro 呢"]),
        ("😀", ["😀👍🏽"]),
        ("👍🏽", ["😀👍🏽"]),
        ("👍", ["😀👍🏽"]),
        ('<b onclick="x">', ['<b onclick="x">$where</b>']),
        ("$where", ['<b onclick="x">$where</b>']),
        ("$grams", []),
        ("。", []),
    ],
)
async def test_what_is_said_is_found_as_it_stands(database: Database, said: Said, query: str, hits: list[str]) -> None:
    everything = [
        "退货",
        "订单什么时候发货",
        "请问几时发货？",
        "我的 iPhone15 Pro 呢",
        "😀👍🏽",
        '<b onclick="x">$where</b>',
    ]
    await store(database, *(said(text) for text in everything))
    assert await texts(database, query) == hits


async def test_both_drivers_find_by_word_by_character_and_in_a_conversation(
    either_database: Database, said: Said
) -> None:
    await store(either_database, said("发货"), said("发票", conversation="c2"), said("好"))
    assert await texts(either_database, "发票") == ["发票"]
    assert await texts(either_database, "发") == ["发票", "发货"]
    assert await texts(either_database, "发", conversation="c1") == ["发货"]


async def test_a_hundred_characters_are_one_query(database: Database, said: Said) -> None:
    long = "".join(chr(0x4E00 + number) for number in range(300))
    await store(database, said(long), said(long[:120] + "别的"))
    assert await texts(database, long[100:200]) == [long]
    assert len(await texts(database, long[10:110])) == 2


async def test_grams_apart_are_no_hit(database: Database, said: Said) -> None:
    await store(database, said("发货，货到"), said("发货到了"))
    assert await texts(database, "发货到") == ["发货到了"]


async def test_only_what_is_wished_for(database: Database, said: Said) -> None:
    await store(
        database,
        said("退货一", seconds=10),
        said("退货二", app="wx2", conversation="c2", seconds=20),
        said("退货三", agent="lina", seconds=30),
        said(content=Note(text="退货四"), agent="omar", seconds=40),
    )
    assert await texts(database, "退货") == ["退货四", "退货三", "退货二", "退货一"]
    assert await texts(database, "退货", app_ids={"wx2"}) == ["退货二"]
    assert await texts(database, "退", app_ids=set()) == []
    assert await texts(database, "退货", agent="lina") == ["退货三"]
    assert await texts(database, "退货", conversation="c1", app_ids={"wx2"}) == []
    begin, end = NOON + timedelta(seconds=20), NOON + timedelta(seconds=40)
    assert await texts(database, "退货", begin=begin, end=end) == ["退货三", "退货二"]
    assert await texts(database, "退", begin=begin, end=end) == ["退货三", "退货二"]
    for query in ("退货", "退"):
        assert await texts(database, query, begin=datetime.max.replace(tzinfo=UTC)) == []
        assert await texts(database, query, end=datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))) == []
        assert len(await texts(database, query, end=datetime.max.replace(tzinfo=UTC))) == 4


async def test_pages_hold_everything_once_even_within_one_second(database: Database, said: Said) -> None:
    messages = [said(f"退货 {number}", seconds=number // 40) for number in range(100)]
    await store(database, *messages)
    for query in ("退货", "退"):
        found: list[str] = []
        place = None
        while True:
            page = await MessageSearch(database).page(Wish(query=query), after=place, limit=7)
            found += [message.id for message in page.messages]
            if (place := page.place) is None:
                break
        assert sorted(found) == sorted(message.id for message in messages)
        assert found == [message.id for message in sorted(messages, key=place_of, reverse=True)]


async def test_a_query_reads_so_much_and_then_says_where_to_go_on(database: Database, said: Said) -> None:
    wanted = said("好的好", seconds=0)
    await store(database, wanted)
    postings = [
        {
            "_id": f"x{number}",
            "conversation": "x",
            "app_id": APP,
            "place": Int64(place_of(wanted) + ((number + 1) << 20)),
            "seq": number,
            "grams": ["好的"] if number % 2 else ["的好"],
        }
        for number in range(2 * sum(WINDOWS) + 4)
    ]
    await database["search"].insert_many(postings)
    search = MessageSearch(database)
    first = await search.page(Wish(query="好的好"), after=None, limit=10)
    assert first.messages == []
    assert first.place is not None
    second = await search.page(Wish(query="好的好"), after=first.place, limit=10)
    assert [message.id for message in second.messages] == [wanted.id]
    assert second.place is None


async def test_a_frequent_character_is_found_among_the_newest(database: Database, said: Said) -> None:
    many = [said(f"好{chr(0x4E00 + number)}") for number in range(WINDOWS[0] + 50)]
    await store(database, *many, said("没有"))
    page = await MessageSearch(database).page(Wish(query="好"), after=None, limit=20)
    assert [message.id for message in page.messages] == [message.id for message in reversed(many[-20:])]
    rest = await MessageSearch(database).page(Wish(query="好"), after=page.place, limit=2 * len(many))
    assert len(rest.messages) == len(many) - 20


async def test_a_changed_message_is_found_by_its_new_words_only(database: Database, said: Said) -> None:
    message = said("原来的话")
    picture = said("图片说明")
    await store(database, message, picture)
    await MessageStore(database).change(
        [
            MessageChange(message_id=message.id, revision=90, content=Text(text="后来的字")),
            MessageChange(message_id=picture.id, revision=91, content=Image(media_id="m")),
        ]
    )
    await store(database)
    assert await texts(database, "后来") == ["后来的字"]
    assert await texts(database, "原来") == []
    assert await database["search"].count({"_id": picture.id}) == 0


async def test_what_is_erased_is_not_found_and_leaves_nothing(database: Database, said: Said) -> None:
    early, late = said("秘密一"), said("秘密二")
    await store(database, early, late, said("秘密三", conversation="c2"))
    await Eraser(database).erase("c1", last_seq=early.seq)
    assert await texts(database, "秘密") == ["秘密三", "秘密二"]
    await Eraser(database).erase("c1")
    assert await texts(database, "秘密") == ["秘密三"]
    assert await database["search"].count({"conversation": "c1"}) == 0


async def test_a_message_erased_while_it_is_indexed_does_not_come_back(database: Database, said: Said) -> None:
    message = said("秘密")
    await SearchIndex(database).note([message])
    assert await database["search"].count({}) == 0


async def test_what_a_dead_process_left_of_an_erased_message_goes_with_the_next(database: Database, said: Said) -> None:
    gone, there = said("秘密"), said("还在")
    await store(database, there)
    await database["search"].insert_one({"_id": gone.id, "conversation": "c1", "grams": ["秘密"]})
    await database["followers"].update_one({"_id": WRITING}, {"$set": {"names": [gone.id, there.id]}})
    await store(database, said("下一个"))
    assert await database["search"].count({"_id": gone.id}) == 0
    assert await texts(database, "还在") == ["还在"]


async def test_the_index_holds_no_text(database: Database, said: Said) -> None:
    await store(database, said("我的密码是一二三四"))
    doc = await database["search"].find_one({})
    assert doc is not None
    assert set(doc) == {"_id", "conversation", "app_id", "place", "seq", "grams"}
    assert max(len(gram) for gram in doc["grams"]) == 2
