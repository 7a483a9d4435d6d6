"""A desk that lost a day: restored from a backup made while it worked, it goes on, and says nothing twice."""

import asyncio
from pathlib import Path
from typing import Any

from deploy.local.children import stop_child
from shared.store.driver import Database
from tests.flow.test_first_answer import waiting_id
from tests.flow.town import SERVICES, Caller, Town, town
from tests.support.services import KEYS
from tests.support.waiting import eventually

OURS = tuple(name for name in SERVICES if name != "sandbox")


def texts(items: list[dict[str, Any]]) -> list[str]:
    return [item["text"] for item in items if item["from"] == "service"]


async def answer(lina: Caller, conversation: str, text: str) -> None:
    body = {"client_id": text, "type": "text", "text": text}
    await lina.must("POST", f"/conversations/{conversation}/messages", body)


async def stop(made: Town, *names: str) -> None:
    await asyncio.gather(*(stop_child(made.processes.pop(name), 30) for name in names))


async def served(made: Town, openid: str) -> tuple[Caller, str]:
    """A customer whom lina has answered once."""
    await made.create_customer(openid)
    await made.customer(openid, "say", {"text": "人工"})
    conversation = await waiting_id(made, openid)
    lina = await made.log_in("lina")
    await lina.must("POST", f"/conversations/{conversation}/accept")
    await answer(lina, conversation, "第一条")
    await made.sees(openid, "第一条")
    await eventually(lambda: made.settled(openid))
    return lina, conversation


async def test_a_restored_desk_goes_on_and_says_nothing_twice(
    amqp_url: str, mongo_url: str, keeping_the_past: None, tmp_path: Path
) -> None:
    name = "restored-town"
    servers = {"AMQP_URL": amqp_url, "MONGO_URL": mongo_url, "MONGO_DB": name, "WXDESK_SECRET_KEYS": KEYS}
    openid, folder = "o-restored", str(tmp_path / "backup")
    try:
        async with town(servers, tmp_path) as made:
            lina, conversation = await served(made, openid)
            await stop(made, "sender")
            await answer(lina, conversation, "第二条")  # its command waits in RabbitMQ
            assert (await made.wxdesk("backup", folder))[0] == 0
            await made.start("sender")
            await made.sees(openid, "第二条")
            await made.customer(openid, "say", {"text": "备份之后说的"})
            await eventually(lambda: made.settled(openid))
            code, why = await made.wxdesk("restore", folder, "--replace", name)
            assert (code, "stop them all" in why) == (1, True), why

            await stop(made, *OURS)
            code, told = await made.wxdesk("restore", folder, "--replace", name)
            assert code == 0, told
            assert told["unknown"] == 1
            await made.start(*OURS)
            await eventually(lambda: made.settled(openid))
            lina = await made.log_in("lina")
            await made.customer(openid, "say", {"text": "还在吗"})
            await answer(lina, conversation, "在的")
            await made.sees(openid, "在的")
            await eventually(lambda: made.settled(openid))

            history = await made.history(openid)
            assert [message.seq for message in history] == list(range(1, len(history) + 1))
            assert "备份之后说的" not in str(history)
            states = {getattr(one.content, "text", ""): one.delivery.state for one in history if one.delivery}
            assert (states["第一条"], states["第二条"], states["在的"]) == ("sent", "unknown", "sent")
            said = texts(await made.phone(openid))
            assert [said.count(one) for one in ("第一条", "第二条", "在的")] == [1, 1, 1]
    finally:
        database = Database(mongo_url, name)
        await database.drop()
        await database.close()
