"""Opening a conversation with a million messages stored: the conversation, and its last messages."""

import random
from collections.abc import Mapping

from shared.store.driver import Database
from shared.store.following import Follower
from shared.store.leases import Leases
from shared.store.search import SearchIndex
from tests.bench.asking import console, spread
from tests.bench.bench import Bench
from tests.bench.stored import EACH, MESSAGES, filled

OPENED = 1_000


async def measure(bench: Bench) -> None:
    environment, names = await filled(bench)
    await _as_if_indexed(environment)
    chance = random.Random(2)
    async with console(bench, environment) as asker:
        await asker.ask(f"/conversations/{names[0]}")
        opened, shown = [], []
        for name in chance.choices(names, k=OPENED):
            _, first = await asker.ask(f"/conversations/{name}")
            page, second = await asker.ask(f"/conversations/{name}/messages", limit="50")
            if len(page["items"]) != min(50, EACH):
                raise SystemExit(f"{name}: {len(page['items'])} messages")
            opened.append(first)
            shown.append(first + second)
    median, late, worst = spread(shown)
    told = f"p99 {late:.1f} ms, worst {worst:.1f} ms; the conversation alone {spread(opened)[0]:.1f} ms; aim 100 ms"
    bench.add(f"history: open a conversation, {MESSAGES:,} messages stored, p50", median, "ms", told)


async def _as_if_indexed(environment: Mapping[str, str]) -> None:
    """In life these messages came one by one; else the console would be indexing a million of them all the while."""
    database = Database(environment["MONGO_URL"], environment["MONGO_DB"])
    await Follower(database, Leases(database), "search", SearchIndex(database).note, begin="now").follow()
    await database.close()
