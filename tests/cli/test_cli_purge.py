"""`wxdesk apps remove --purge`: typed twice, told to the router, waited for, and only then forgotten."""

import asyncio
from typing import Any

import pytest

from shared.bus.connection import linked
from shared.bus.publisher import Publisher
from shared.bus.topology import Topology
from shared.conversation.ids import conversation_id
from shared.store.apps import AppStore
from shared.store.conversations import ConversationStore
from shared.store.driver import Database
from shared.store.erasing import HOLDING
from shared.store.messages import MessageStore
from shared.store.sealing import Sealer
from shared.store.topology import agree_on_topology
from tests.cli.cli import ADD, AES_KEY, APP, SECRET_KEYS, Cli
from tests.cli.running import routing
from tests.support.facts import received
from tests.support.waiting import eventually

TWO = Topology(router_partitions=2, sender_partitions=2)
OTHER_APP = "wxfedcba9876543210"
OPENIDS = [f"o-{number}" for number in range(5)]


async def write(amqp_url: str, openids: list[str]) -> None:
    async with linked(amqp_url, "test") as link:
        await link.wait_connected()
        await Publisher(link, TWO).publish_all([received("你好", openid=openid) for openid in openids])


async def everyone_is_there(database: Database, openids: list[str]) -> bool:
    wrote = {conversation_id(APP, openid) for openid in openids}
    return set(await ConversationStore(database).load(list(wrote))) == wrote


async def left(database: Database) -> dict[str, int]:
    counts = {collection: await database[collection].count({"app_id": APP}) for collection in HOLDING}
    return {collection: count for collection, count in counts.items() if count}


async def test_everything_goes_and_tombstones_stay(cli: Cli, database: Database, amqp_url: str) -> None:
    await cli.ok(*ADD, "--aes-key", AES_KEY)
    async with routing(cli):
        await write(amqp_url, OPENIDS)
        await eventually(lambda: everyone_is_there(database, OPENIDS))
        await database["tokens"].insert_one({"_id": APP, "value": "sealed"})
        ran = await cli.ok("apps", "remove", APP, "--purge", "--json", stdin=f"{APP}\n")
        assert ran.json == {"app_id": APP, "purged": True, "conversations": 5}
        assert await left(database) == {}
        assert await database["tokens"].count({}) == 0
        conversation = await ConversationStore(database).get(conversation_id(APP, OPENIDS[0]))
        assert conversation is not None
        assert (conversation.openid, conversation.deleted_at is not None) == ("", True)
    assert (await cli.ok("apps", "list", "--json")).json == []


async def test_other_apps_keep_everything(cli: Cli, database: Database, amqp_url: str) -> None:
    await cli.ok(*ADD, "--aes-key", AES_KEY)
    other = [OTHER_APP if argument == APP else argument for argument in ADD]
    await cli.ok(*other, "--aes-key", AES_KEY)
    async with routing(cli):
        await write(amqp_url, OPENIDS[:2])
        await eventually(lambda: everyone_is_there(database, OPENIDS[:2]))
        await cli.ok("apps", "remove", OTHER_APP, "--purge", "--yes", OTHER_APP)
    assert len(await MessageStore(database).page(conversation_id(APP, OPENIDS[0]))) > 0
    assert [app["app_id"] for app in (await cli.ok("apps", "list", "--json")).json] == [APP]


@pytest.mark.parametrize(
    ("argv", "stdin"), [((), ""), ((), "wx0000000000000000\n"), (("--yes", "yes"), ""), (("--yes", ""), "")]
)
async def test_without_the_appid_typed_again_nothing_happens(
    cli: Cli, database: Database, argv: tuple[str, ...], stdin: str
) -> None:
    await cli.ok(*ADD, "--aes-key", AES_KEY)
    ran = await cli("apps", "remove", APP, "--purge", *argv, stdin=stdin)
    assert ran.code == 1
    assert "nothing was changed" in ran.err
    app = await AppStore(database, Sealer([SECRET_KEYS])).get(APP)
    assert app is not None
    assert app.enabled


async def test_without_a_router_it_gives_up_and_can_be_given_again(cli: Cli, database: Database, amqp_url: str) -> None:
    await cli.ok(*ADD, "--aes-key", AES_KEY)
    async with routing(cli):
        await write(amqp_url, OPENIDS)
        await eventually(lambda: everyone_is_there(database, OPENIDS))
    purge = ("apps", "remove", APP, "--purge", "--yes", APP)
    ran = await cli(*purge, "--patience", "0.3")
    assert ran.code == 3
    assert "5 of 5 conversations" in ran.err
    (app,) = (await cli.ok("apps", "list", "--json")).json
    assert app["enabled"] is False
    async with routing(cli):
        assert (await cli.ok(*purge)).code == 0
    assert await left(database) == {}


async def test_a_customer_who_writes_meanwhile_is_erased_too(cli: Cli, database: Database, amqp_url: str) -> None:
    """The gateways hear of the end a little later; what they still let through must not survive."""
    await cli.ok(*ADD, "--aes-key", AES_KEY)
    async with routing(cli):
        await write(amqp_url, OPENIDS)
        await eventually(lambda: everyone_is_there(database, OPENIDS))
    purging = asyncio.create_task(cli("apps", "remove", APP, "--purge", "--yes", APP))
    await eventually(lambda: _is_disabled(database))
    await write(amqp_url, [OPENIDS[0], "o-late"])
    async with routing(cli):
        ran = await purging
    assert ran.code == 0, ran
    assert await left(database) == {}


async def test_an_app_nobody_wrote_to_needs_no_router_and_no_broker(cli: Cli, database: Database) -> None:
    await agree_on_topology(database, TWO)
    await cli.ok(*ADD, "--aes-key", AES_KEY)
    cli.variables["AMQP_URL"] = "amqp://127.0.0.1:1/"
    ran = await cli.ok("apps", "remove", APP, "--purge", "--yes", APP, "--json")
    assert ran.json["conversations"] == 0


async def _is_disabled(database: Database) -> Any:
    app = await AppStore(database, Sealer([SECRET_KEYS])).get(APP)
    return app is not None and not app.enabled
