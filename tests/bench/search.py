"""Search with a million messages stored: how long queries take, what the index takes, and what a message costs more."""

import random
import re
import time
from collections.abc import Iterator
from typing import Any

from pymongo import AsyncMongoClient

from shared.conversation.content import Text
from shared.store.driver import Database
from shared.store.following import Follower
from shared.store.leases import Leases
from shared.store.search import SearchIndex
from tests.bench.asking import Asker, console, spread
from tests.bench.bench import Bench
from tests.bench.stored import APPS, MESSAGES, PHRASES, Talk, store

ASKED = 300
SAID = 20_000
Query = dict[str, str]


async def measure(bench: Bench) -> None:
    environment = await bench.environment()
    database = Database(environment["MONGO_URL"], environment["MONGO_DB"])
    names = await store(database)
    await _index(bench, database)
    await _sizes(bench, environment)
    async with console(bench, environment) as asker:
        for what, queries in _queries(names).items():
            await _ask(bench, asker, what, queries)
    await database.close()


async def _index(bench: Bench, database: Database) -> None:
    """Through the follower, as the console does it."""
    follower = Follower(database, Leases(database), "search", SearchIndex(database).note)
    began, used = time.perf_counter(), time.process_time()
    handed = await follower.follow() or 0
    took, cpu = time.perf_counter() - began, time.process_time() - used
    told = f"{1e6 * cpu / handed:.0f} us of processor in the console, {1e6 * took / handed:.0f} us with mongod"
    bench.add("search: messages indexed, one follower", handed / took, "1/s", told)


async def _sizes(bench: Bench, environment: dict[str, str]) -> None:
    client: AsyncMongoClient[Any] = AsyncMongoClient(environment["MONGO_URL"])
    database = client[environment["MONGO_DB"]]
    stats = await database.command("collStats", "search")
    beside = await database.command("collStats", "messages")
    await client.close()
    mebi = 2**20
    told = ", ".join(f"{name} {size / mebi:.0f}" for name, size in stats["indexSizes"].items())
    bench.add("search: indexes on disk", stats["totalIndexSize"] / mebi, "MiB", told)
    held = f"the messages themselves {(beside['storageSize'] + beside['totalIndexSize']) / mebi:.0f} MiB with indexes"
    bench.add("search: postings on disk", stats["storageSize"] / mebi, "MiB", held)


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
