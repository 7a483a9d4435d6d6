"""A sender between a real broker, a real MongoDB and the sandbox in WeChat's place; and the books of all sides."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from aiohttp import ClientSession
from pydantic import SecretStr

from services.sandbox.app import sandbox
from services.sandbox.settings import SandboxSettings
from services.sender.app import sender
from services.sender.settings import SenderSettings
from shared.bus.connection import linked
from shared.bus.partition_consumer import PartitionConsumer, Received
from shared.bus.publisher import Publisher
from shared.bus.topology import Topology, declare
from shared.contracts import BusMessage, decode_fact
from shared.conversation.commands import SendMessage
from shared.conversation.content import Sendable, Text
from shared.conversation.facts import AnyFact, FactCondemned, SendSettled
from shared.conversation.ids import conversation_id, message_id
from shared.lifecycle import Background
from shared.steps import Step, no_step
from shared.store.apps import App, AppStore
from shared.store.driver import Database
from shared.store.sealing import Sealer
from shared.store.sends import SendStore, StoredSend
from tests.sandbox.box import APPID, SECRET, SEND, Box
from tests.sandbox.receiver import receiving
from tests.support.services import KEYS, told
from tests.support.waiting import eventually

OPENID = "o-customer-1"
SMALL = Topology(router_partitions=2, sender_partitions=2)
WRITTEN = ("apps", "clock", "dead", "lanes", "leases", "media", "sends", "taking", "tokens", "uploads")


class Office:
    """Sends as the router would, and reads what came of it."""

    def __init__(self, environment: Mapping[str, str], box: Box, database: Database, publisher: Publisher) -> None:
        self.environment = environment
        self.box = box
        self.database = database
        self.publisher = publisher
        self.sends = SendStore(database)
        self.facts: list[AnyFact] = []
        self._versions = itertools.count(1)

    @property
    def now(self) -> datetime:
        return self.box.running.parts.clock.now()

    @asynccontextmanager
    async def sender(self, step: Step = no_step, **settings: str | int) -> AsyncIterator[Background]:
        """The service, as `python -m services.sender` would run it."""
        async with sender(told(SenderSettings, self.environment, **settings), step) as background:
            yield background

    async def open_window(self, openid: str = OPENID) -> None:
        """The customer writes: five messages may be sent to them."""
        await self.box.control("POST", f"/apps/{APPID}/customers", {"openid": openid})
        await self.box.say(openid=openid)

    def command(
        self,
        text: str = "您好",
        *,
        openid: str = OPENID,
        content: Sendable | None = None,
        expires_in: float = 3600,
        app_id: str = APPID,
    ) -> SendMessage:
        """The next send to a customer, in the order of the calls."""
        version, conversation = next(self._versions), conversation_id(app_id, openid)
        return SendMessage(
            conversation_id=conversation,
            app_id=app_id,
            trace_id=f"trace-{version}",
            send_id=message_id(conversation, f"c:{version}"),
            openid=openid,
            content=content or Text(text=text),
            place=(version, 0),
            expires_at=self.now + timedelta(seconds=expires_in),
        )

    async def publish(self, *messages: BusMessage) -> None:
        await self.publisher.publish_all(messages)

    async def send(self, text: str = "您好", **more: Any) -> SendMessage:
        """Publish the next send."""
        command = self.command(text, **more)
        await self.publish(command)
        return command

    async def faults(self, *api: dict[str, Any]) -> None:
        assert (await self.box.control("PUT", "/faults", {"api": list(api)})).status == 200

    async def settled(self, send: SendMessage, *, within_seconds: float = 20) -> SendSettled:
        """The last word told of this send, once there is one."""
        await eventually(lambda: self.told(send), within_seconds)
        return self.told(send)[-1]

    def told(self, send: SendMessage) -> list[SendSettled]:
        return [fact for fact in self.facts if isinstance(fact, SendSettled) and fact.send_id == send.send_id]

    def condemned(self) -> list[FactCondemned]:
        return [fact for fact in self.facts if isinstance(fact, FactCondemned)]

    async def row(self, send: SendMessage) -> StoredSend | None:
        return await self.sends.get(send.send_id)

    async def phone(self, openid: str = OPENID) -> list[str]:
        """The texts that reached the customer, in order."""
        items = (await self.box.phone(openid=openid))["items"]
        return [item["text"] for item in items if item["from"] == "service"]

    async def calls(self, path: str = SEND) -> list[Any]:
        return await self.box.calls(path)

    async def in_collection(self, send: SendMessage, state: str) -> StoredSend:
        """The send's row, once it is in this state."""

        async def found() -> StoredSend | None:
            row = await self.row(send)
            return row if row is not None and row.state == state else None

        row = await eventually(found)
        assert row is not None
        return row

    async def written(self, send: SendMessage) -> StoredSend:
        """The send's row, once it has one."""
        row = await eventually(lambda: self.row(send))
        assert row is not None
        return row

    async def nothing_left(self) -> None:
        """Wait until no row needs anybody's attention any more."""

        async def attended() -> bool:
            return await self.database["sends"].count({"due_at": {"$type": "date"}}) == 0

        await eventually(attended)

    async def take(self, received: list[Received]) -> None:
        self.facts += [decode_fact(one.body) for one in received]


async def emptied(environment: Mapping[str, str], database: Database) -> None:
    """Nothing in any queue or collection that a sender reads or writes."""
    async with linked(environment["AMQP_URL"], "emptying") as link:
        await declare(link, SMALL)
        channel = await link.channel()
        for queue in SMALL.queues():
            await (await channel.get_queue(queue, ensure=False)).purge()
    for collection in WRITTEN:
        await database[collection].delete_many({})


@asynccontextmanager
async def office(environment: Mapping[str, str], database: Database, **app: Any) -> AsyncIterator[Office]:
    """An office whose app and one customer exist on both sides; facts for the router are collected."""
    url, name = environment["MONGO_URL"], environment["MONGO_DB"]
    settings = SandboxSettings(host="127.0.0.1", sandbox_port=0, ops_port=0, mongo_url=SecretStr(url), mongo_db=name)
    async with (
        receiving() as receiver,
        sandbox(settings) as running,
        ClientSession() as session,
        linked(environment["AMQP_URL"], "office") as link,
    ):
        box = Box(running, session, receiver)
        assert (await box.put_app(mode="plain", aes_key="", **app)).body == {"verified": True}
        await AppStore(database, Sealer([KEYS])).add(
            App(app_id=APPID, name="店", secret=SecretStr(SECRET), token=SecretStr("t"), mode="plain")
        )
        await declare(link, SMALL)
        whole = {**environment, "WECHAT_API_BASE": running.url, "CLOCK": "sandbox", "SENDER_ANSWER_SECONDS": "2"}
        made = Office(whole, box, database, Publisher(link, SMALL))
        await made.open_window()
        routers = [
            PartitionConsumer(link, f"router.v1.p0{number}", made.take, database.alive)
            for number in range(SMALL.router_partitions)
        ]
        running_routers = [asyncio.create_task(router.run()) for router in routers]
        try:
            yield made
        finally:
            for task in running_routers:
                task.cancel()
            await asyncio.gather(*running_routers, return_exceptions=True)
