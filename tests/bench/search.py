"""Search with a million messages stored: how long queries take, what the index takes, and what a message costs more."""

import random
import re
import time
from collections.abc import Iterator
from typing import Any

from deploy.local.directories import MEBIBYTE
from shared.conversation.content import Text
from shared.store.driver import Database, StoreUnavailable
from shared.store.following import Follower
from shared.store.leases import Leases
from shared.store.messages import MessageStore
from shared.store.search import BY_GRAM, INDEXES, SearchIndex
from tests.bench.asking import Asker, console, spread
from tests.bench.bench import Bench
from tests.bench.stored import APPS, MESSAGES, PHRASES, Talk, filled, more_messages

ASKED = 300
SAID = 20_000
MORE = 20_000
Query = dict[str, str]


async def measure(bench: Bench) -> None:
    environment, names = await filled(bench)
    database = Database(environment["MONGO_URL"], environment["MONGO_DB"])
    follower = Follower(database, Leases(database), "search", SearchIndex(database).note)
    await _index(bench, database, follower)
    await _cost(bench, database, follower)
    await _sizes(bench, database)
    async with console(bench, environment) as asker:
        for what, queries in _queries(names).items():
            await _ask(bench, asker, what, queries)
    await database.close()


async def _index(bench: Bench, database: Database, follower: Follower) -> None:
    """Everything there is, with the large index built afterwards: that takes a fraction of the time."""
    await bench.mongo.command({"dropIndexes": "search", "index": BY_GRAM}, database.name)
    await follower.follow()
    await _large_index(database)


async def _large_index(database: Database) -> None:
    """It takes longer than a call may; asked again, MongoDB waits for the one it is building."""
    while True:
        try:
            return await database["search"].create_indexes(INDEXES)
        except StoreUnavailable:
            continue


async def _cost(bench: Bench, database: Database, follower: Follower) -> None:
    """What more messages cost once there are so many."""
    await MessageStore(database).insert(more_messages(MORE))
    mongod, began, used = await _mongod_seconds(bench), time.perf_counter(), time.process_time()
    handed = await follower.follow() or 0
    took, cpu = time.perf_counter() - began, time.process_time() - used
    mongod = await _mongod_seconds(bench) - mongod
    each = f"processor for each: {1e6 * cpu / handed:.0f} us in the console, {1e6 * mongod / handed:.0f} us in mongod"
    bench.add(f"search: {handed:,} more messages indexed, 500 at a time", handed / took, "1/s", each)


async def _mongod_seconds(bench: Bench) -> float:
    """Processor time that mongod has used."""
    usage = (await bench.mongo.command({"serverStatus": 1}))["extra_info"]
    return float(usage["user_time_us"] + usage["system_time_us"]) / 1e6


async def _sizes(bench: Bench, database: Database) -> None:
    stats = await bench.mongo.command({"collStats": "search"}, database.name)
    beside = await bench.mongo.command({"collStats": "messages"}, database.name)
    told = ", ".join(f"{name} {size / MEBIBYTE:.0f}" for name, size in stats["indexSizes"].items())
    bench.add("search: indexes on disk", stats["totalIndexSize"] / MEBIBYTE, "MiB", told)
    held = f"messages {beside['storageSize'] / MEBIBYTE:.0f}, their indexes {beside['totalIndexSize'] / MEBIBYTE:.0f}"
    bench.add("search: postings on disk", stats["storageSize"] / MEBIBYTE, "MiB", held)


async def _ask(bench: Bench, asker: Asker, what: str, queries: Iterator[Query]) -> None:
    seconds, hits, unfinished = [], 0, 0
    for _, query in zip(range(ASKED), queries, strict=False):
        page, took = await asker.ask("/search/messages", **query)
        seconds.append(took)
        hits += len(page["items"])
        unfinished += page["next"] is not None and len(page["items"]) < 30
    median, late, worst = spread(seconds)
    told = f"p99 {late:.1f}, worst {worst:.1f}; {hits / len(seconds):.1f} hits each, {unfinished} pages cut short"
    bench.add(f"search: {what}, {MESSAGES:,} messages, p50", median, "ms", told)


def _queries(names: list[str]) -> dict[str, Iterator[Query]]:
    """Endless queries by what is looked for."""
    chance, talk = random.Random(3), Talk()
    said = [content.text for content in talk.contents(SAID) if isinstance(content, Text)]
    orders = [order for text in said for order in re.findall("2026[0-9]{14}", text)]

    def ask(make: Any) -> Iterator[Query]:
        while True:
            yield make()

    def part() -> str:
        phrase = chance.choice(PHRASES)
        start = chance.randrange(len(phrase) - 4)
        return phrase[start : start + 4]

    def piece() -> str:
        text = chance.choice(said)
        start = chance.randrange(max(1, len(text) - 4))
        return text[start : start + 4]

    return {
        "part of a frequent phrase": ask(lambda: {"q": part()}),
        "any four characters somebody wrote": ask(lambda: {"q": piece()}),
        "an order number": ask(lambda: {"q": chance.choice(orders)}),
        "an order number nobody wrote": ask(lambda: {"q": talk.order()}),
        "the beginning of order numbers": ask(lambda: {"q": talk.order()[:7]}),
        "one character": ask(lambda: {"q": chance.choice(talk.words(1)[0])}),
        "one latin letter": ask(lambda: {"q": chance.choice("aehlopwxz")}),
        "a frequent phrase in one app of twenty": ask(lambda: {"q": part(), "app": chance.choice(APPS)}),
        "a frequent phrase in a conversation": ask(lambda: {"q": part(), "conversation": chance.choice(names)}),
        "words that never stand together": ask(lambda: {"q": part()[:2] + part()[:2] + part()[:2]}),
        "a whole message": ask(lambda: {"q": chance.choice(said)[:100]}),
        "a hundred characters nobody wrote": ask(lambda: {"q": "".join(talk.text() for _ in range(20))[:100]}),
    }
