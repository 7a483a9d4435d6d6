"""`wxdesk vendors drill` and `wxdesk apps switch`: sessions that move, with a router on real servers."""

import asyncio
import signal
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.console.administering.switching import Moved, Mover, is_there
from shared.bus.commands import Verdicts
from shared.bus.connection import linked
from shared.bus.publisher import Publisher
from shared.bus.topology import Topology
from shared.clock import real_now
from shared.conversation.content import Text
from shared.conversation.facts import MessageReceived
from shared.conversation.ids import conversation_id
from shared.conversation.model import Conversation
from shared.conversation.routes import AGENTS, Destination
from shared.conversation.vendor_facts import VendorAnswered
from shared.store.audit import COMMAND_LINE
from shared.store.conversations import ConversationStore
from shared.store.driver import Database
from shared.store.open_sessions import OpenSession
from shared.store.vendor_accounts import Breaker, BreakerStore
from tests.cli.cli import ADD, AES_KEY, APP, ROOT, Cli, command
from tests.cli.running import routing
from tests.support.waiting import eventually

TWO = Topology(router_partitions=2, sender_partitions=2)
ZHIMA = ("vendors", "add", "zhima", "--vendor", "zhima", "--name", "芝麻", "--setting", f"app_id={APP}")
DRILL = ("vendors", "drill", "zhima", "--app", APP)
_numbers = iter(range(1, 10_000))


class Phones:
    """Customers who write, and a sender that says what became of what the vendor was given."""

    def __init__(self, database: Database, publisher: Publisher) -> None:
        self._conversations = ConversationStore(database)
        self._publisher = publisher

    async def say(self, openid: str, text: str = "在吗") -> None:
        number = str(next(_numbers))
        origin = self._origin(openid, f"m:{number}")
        await self._publisher.publish(MessageReceived(**origin, openid=openid, msg_id=number, content=Text(text=text)))

    async def conversation(self, openid: str) -> Conversation | None:
        return await self._conversations.get(conversation_id(APP, openid))

    async def state(self, openid: str) -> str | None:
        found = await self.conversation(openid)
        return found.session.state if found and found.session else None

    async def with_vendor(self, openid: str) -> None:
        """Written to until the vendor has them."""

        async def has() -> bool:
            if await self.state(openid) == "vendor":
                return True
            await self.say(openid)
            return False

        await eventually(has)

    async def taken(self, openid: str) -> None:
        """The vendor took all that it was given."""

        async def nothing_owed() -> bool:
            found = await self.conversation(openid)
            stay = found.session.bridging if found and found.session else None
            assert stay is not None
            for message in stay.given:
                await self._publisher.publish(
                    VendorAnswered(
                        **self._origin(openid, f"v:{message}"),
                        account="zhima",
                        call_id=message,
                        call="relay",
                        bridging=stay.number,
                        outcome="sent",
                        message_id=message,
                    )
                )
            return not stay.given

        await eventually(nothing_owed)

    def _origin(self, openid: str, cause: str) -> dict[str, Any]:
        told = {"conversation_id": conversation_id(APP, openid), "app_id": APP, "cause": cause}
        return {**told, "occurred_at": real_now(), "trace_id": "trace"}


@pytest.fixture
async def phones(cli: Cli, database: Database, amqp_url: str) -> AsyncIterator[Phones]:
    """An app that the vendor serves; who it cannot have goes to our agents."""
    await cli.ok(*ADD, "--aes-key", AES_KEY, "--settings", '{"entry": "agents"}')
    await cli.ok(*ZHIMA, "--secret", "push_url=http://127.0.0.1:9/x", "--bridge", "patience_seconds=1")
    await cli.ok("apps", "switch", APP, "--to", "vendor:zhima")
    async with routing(cli), linked(amqp_url, "test") as link:
        await link.wait_connected()
        yield Phones(database, Publisher(link, TWO))


async def breaker(database: Database) -> Breaker | None:
    return await BreakerStore(database).get(APP, "zhima")


async def test_in_a_drill_customers_who_write_fall_into_the_net(cli: Cli, database: Database, phones: Phones) -> None:
    for openid in ("o-writes", "o-silent"):
        await phones.with_vendor(openid)
        await phones.taken(openid)
    drill = asyncio.create_task(cli(*DRILL, "--seconds", "4", "--json"))

    async def is_open() -> bool:
        found = await breaker(database)
        return found is not None and found.down and found.drill

    await eventually(is_open)

    async def moved() -> bool:
        await phones.say("o-writes")
        return await phones.state("o-writes") == "waiting"

    await eventually(moved)
    ran = await drill
    assert ran.code == 0, ran
    told = ran.json
    assert (told["held"], told["sessions"], told["stuck"]) == (True, 2, [])
    assert [(one["conversation"], one["to"]) for one in told["moved"]] == [
        (conversation_id(APP, "o-writes"), "waiting for agents")
    ]
    assert told["quiet"] == [conversation_id(APP, "o-silent")]
    closed = await breaker(database)
    assert closed is not None
    assert (closed.state, closed.drill) == ("closed", False)


async def test_a_net_that_does_not_hold_is_1(cli: Cli, phones: Phones, database: Database) -> None:
    """Nobody says what became of what the vendor was given: no sender runs."""
    await phones.with_vendor("o-owed")
    ran = await cli(*DRILL, "--seconds", "0.2")
    assert ran.code == 1, ran
    assert "the net did not hold" in ran.err
    assert conversation_id(APP, "o-owed") in ran.err
    closed = await breaker(database)
    assert closed is not None
    assert closed.state == "closed"


async def test_ctrl_c_closes_the_breaker(cli: Cli, database: Database, phones: Phones) -> None:
    await phones.with_vendor("o-someone")
    process = await asyncio.create_subprocess_exec(
        *command(*DRILL, "--seconds", "600"), cwd=ROOT, env=cli.process_environment(), stdout=PIPE, stderr=PIPE
    )

    async def is_open() -> bool:
        found = await breaker(database)
        return found is not None and found.down

    await eventually(is_open)
    process.send_signal(signal.SIGINT)
    out, _ = await process.communicate()
    assert process.returncode == 130
    assert "The breaker is closed again." in out.decode()
    closed = await breaker(database)
    assert closed is not None
    assert closed.state == "closed"


async def test_a_drill_left_open_is_ended(cli: Cli, database: Database) -> None:
    await cli.ok(*ADD, "--aes-key", AES_KEY)
    await cli.ok(*ZHIMA, "--secret", "push_url=http://127.0.0.1:9/x")
    await BreakerStore(database).save(Breaker(app_id=APP, account="zhima", since=real_now(), state="open", drill=True))
    assert "is closed" in (await cli.ok(*DRILL, "--end")).out
    closed = await breaker(database)
    assert closed is not None
    assert closed.state == "closed"
    ran = await cli("vendors", "drill", "zhima", "--app", "wx00000000000000ff")
    assert (ran.code, "there is no app" in ran.err) == (1, True)


async def test_switching_an_app_moves_its_sessions(cli: Cli, phones: Phones) -> None:
    for openid in ("o-1", "o-2"):
        await phones.with_vendor(openid)
    ran = await cli.ok("apps", "switch", APP, "--to", "agents", "--sessions", "all", "--json")
    assert (ran.json["entry"], ran.json["moved"], ran.json["failed"]) == ("agents", 2, 0)
    assert [await phones.state(openid) for openid in ("o-1", "o-2")] == ["waiting", "waiting"]
    stay = await cli.ok("apps", "switch", APP, "--to", "vendor:zhima")
    assert "stay where they are" in stay.out
    assert await phones.state("o-1") == "waiting"
    back = await cli.ok("apps", "switch", APP, "--to", "vendor:zhima", "--sessions", "all")
    assert "2 open sessions moved" in back.out
    assert await phones.state("o-1") == "vendor"


async def test_what_is_not_reached_in_time_is_left_for_the_next_call(
    database: Database, phones: Phones, amqp_url: str
) -> None:
    for openid in ("o-1", "o-2"):
        await phones.with_vendor(openid)
    async with linked(amqp_url, "test") as link:
        await link.wait_connected()
        mover = Mover(database, Verdicts(Publisher(link, TWO)), COMMAND_LINE, real_now)
        assert await mover.move(APP, AGENTS, within_seconds=0, each_seconds=10) == Moved(left=2)
        assert await phones.state("o-1") == "vendor"
        assert await mover.move(APP, AGENTS, within_seconds=60, each_seconds=10) == Moved(moved=2)
        assert await mover.move(APP, AGENTS, within_seconds=60, each_seconds=10) == Moved()
        nowhere = Destination(kind="vendor", name="nowhere")
        assert await mover.move(APP, nowhere, within_seconds=60, each_seconds=10) == Moved(failed=2)


@pytest.mark.parametrize(
    ("session", "there"),
    [
        (OpenSession("c", "agent"), {"agents"}),
        (OpenSession("c", "waiting"), {"agents"}),
        (OpenSession("c", "waiting", to_official=True), {"official"}),
        (OpenSession("c", "official"), {"official"}),
        (OpenSession("c", "bot"), {"bot"}),
        (OpenSession("c", "vendor", "zhima"), {"vendor:zhima"}),
    ],
)
def test_who_is_there_already_is_not_moved(session: OpenSession, there: set[str]) -> None:
    everywhere = [*(Destination(kind=kind) for kind in ("agents", "bot", "official")), *map(vendor, ("zhima", "qiyu"))]
    assert {str(to) for to in everywhere if is_there(session, to)} == there


def vendor(name: str) -> Destination:
    return Destination(kind="vendor", name=name)
