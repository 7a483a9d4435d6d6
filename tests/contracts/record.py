"""`python -m tests.contracts.record`: what a release writes, as it went by in a whole town, for later ones to read.

Runs every service on servers of its own, has customers, agents, both vendors and the official console do what they do,
listens to the bus, and writes `tests/contracts/vN`: bodies of every kind, stored documents of every collection. What is
written is synthetic: customers of the sandbox, secrets under the tests' key, demo logins.
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import orjson
from aio_pika.abc import AbstractIncomingMessage
from bson import json_util

from deploy.local.servers import mongod, rabbitmq
from shared.bus.connection import Link, linked
from shared.bus.topology import LIVE, Topology, declare
from shared.store.driver import Database
from tests.contracts.schemas import snapshots
from tests.contracts.supplement import supplement
from tests.flow import test_first_answer as first_answer
from tests.flow import test_official_console as official_console
from tests.flow import test_vendor_sessions as vendor_sessions
from tests.flow import test_zhima_sessions as zhima_sessions
from tests.flow.qiyu_desk import QiyuDesk
from tests.flow.town import Caller, Town, town
from tests.support.waiting import eventually

SECRET_KEY: Final = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
V1: Final = Path(__file__).parent / "v1"
SHAPES: Final = 4
"""So many of each kind are kept, each with other fields than the others."""
LARGE: Final = 20_000


async def record(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="wxdesk-record-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        for part in ("rabbitmq", "mongod", "town"):
            (directory / part).mkdir()
        async with rabbitmq(directory / "rabbitmq") as rabbit, mongod(directory / "mongod") as mongo:
            servers = {
                "AMQP_URL": await rabbit.create_vhost("record"),
                "MONGO_URL": mongo.url,
                "MONGO_DB": "record",
                "WXDESK_SECRET_KEYS": SECRET_KEY,
                "HANDOVER_SECONDS": "2",
            }
            async with tapped(servers["AMQP_URL"]) as heard, town(servers, directory / "town") as made:
                await live(made)
                stored = await documents(made.database)
            await rabbit.kill()
            await mongo.kill()
    write(folder, "bus", kinds(heard))
    write(folder, "bus-made", supplement(kinds(heard).keys()))
    write(folder, "stored", stored)
    (folder / "schemas.json").write_text(json.dumps(snapshots(), indent=1, sort_keys=True, ensure_ascii=False) + "\n")


@asynccontextmanager
async def tapped(url: str) -> AsyncIterator[list[bytes]]:
    """Hears everything that is published, on every exchange."""
    heard: list[bytes] = []

    async def take(message: AbstractIncomingMessage) -> None:
        heard.append(message.body)

    async with linked(url, "record") as link:
        await declare(link, Topology())
        queue = await _tap(link)
        await queue.consume(take, no_ack=True)
        yield heard


async def _tap(link: Link) -> Any:
    queue = await (await link.channel()).declare_queue(exclusive=True)
    for name, (exchange, _) in Topology().queues().items():
        await queue.bind(exchange, routing_key=name)
    await queue.bind(LIVE, routing_key="#")
    return queue


async def live(town: Town) -> None:
    """A day at the desk."""
    admin = await town.log_in("admin", presence=None)
    await first_answer.test_by_plain_http_from_entering_to_an_answer_on_the_phone(town)
    await first_answer.test_the_bot_answers_keywords_and_every_book_agrees(town)
    await first_answer.test_the_window_used_up_then_held_then_released_when_the_customer_writes(town)
    await at_the_desk(town)
    await zhima_sessions.test_a_customers_whole_way_through_zhima(town)
    await QiyuDesk(town).set_up(admin)
    await vendor_sessions.test_a_customers_whole_way_through_qiyu(town)
    await vendor_sessions.test_pictures_go_both_ways(town)
    await official_console.test_the_official_console_serves_and_gives_back(town)


async def at_the_desk(town: Town) -> None:
    """Whatever an agent can do with a session, and what a customer sends beside words."""
    openid = await town.create_customer("o-desk")
    lina, wang = await town.log_in("lina"), await town.log_in("wang", presence="offline")
    await town.log_in("zhou", presence="offline")
    await town.customer(openid, "say", {"text": "人工"})
    conversation = await first_answer.waiting_id(town, openid)
    await town.send_picture(openid)
    path = f"/conversations/{conversation}"
    await held_by(town, openid, lina, "lina")
    await lina.must("POST", f"{path}/messages", {"client_id": "d1", "type": "text", "text": "您好"})
    for method, verb, body in DOINGS:
        await told(lina, method, f"{path}/{verb}", body)
    await wang.must("PATCH", "/me", {"presence": "online"})
    await told(lina, "POST", f"{path}/transfer", {"to": {"agent": "wang"}, "note": "请帮忙"})
    await held_by(town, openid, wang, "wang")
    await told(wang, "POST", f"{path}/close", {"reason": "done"})
    await told(await town.log_in("admin", presence=None), "POST", f"{path}/block", {"blocked": True})
    await eventually(lambda: town.settled(openid), 60)


DOINGS: Final = (
    ("POST", "notes", {"client_id": "n1", "text": "老客户"}),
    ("POST", "read", {"seq": 1}),
    ("PUT", "tags", {"tags": ["重要"]}),
)


async def told(caller: Caller, method: str, path: str, body: Any) -> None:
    """Done, or said to be impossible: what the desk asked for went over the bus either way."""
    status, answer = await caller.call(method, path, body)
    print(method, path.rpartition("/")[2], status, (answer or {}).get("code", ""))  # noqa: T201 - a script's progress


async def held_by(town: Town, openid: str, caller: Caller, agent: str) -> None:
    """The session is the agent's, who takes it where nobody gave it to them."""
    conversation = await first_answer.waiting_id(town, openid)

    async def there() -> bool:
        found = await town.conversation(openid)
        session = found.session if found else None
        if session and session.responder and session.responder.id == agent:
            return True
        await caller.call("POST", f"/conversations/{conversation}/accept")
        return False

    await eventually(there, 40, every_seconds=0.5)


def kinds(heard: Iterable[bytes]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for body in heard:
        said = orjson.loads(body)
        found.setdefault(said["kind"], []).append(said)
    return {kind: several(bodies) for kind, bodies in found.items()}


async def documents(database: Database) -> dict[str, list[Any]]:
    _, raw = database.plain
    found = {}
    for name in sorted(await raw.list_collection_names()):
        docs = [doc async for doc in raw[name].find({}) if len(json_util.dumps(doc)) < LARGE]
        if docs:
            texts = [json_util.dumps(doc, json_options=json_util.CANONICAL_JSON_OPTIONS) for doc in docs]
            found[name] = several([json.loads(text) for text in texts])
    return found


def several(found: list[Any]) -> list[Any]:
    """A few that differ in their fields, those with most of them first."""
    by_shape: dict[tuple[str, ...], Any] = {}
    for one in found:
        by_shape.setdefault(tuple(sorted(set(_paths(one)))), one)
    shapes = sorted(by_shape, key=lambda shape: (-len(shape), shape))
    return [by_shape[shape] for shape in shapes[:SHAPES]]


def _paths(value: Any, at: str = "") -> Iterable[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _paths(inner, f"{at}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner, f"{at}[]")
    else:
        yield at


def write(folder: Path, part: str, found: Mapping[str, Any]) -> None:
    (folder / part).mkdir(parents=True, exist_ok=True)
    for name, content in found.items():
        text = json.dumps(content, ensure_ascii=False, indent=1)
        (folder / part / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(record(V1))
