"""A gateway with one app and its Zhima account, to which WeChat, Zhima and Zhima's staff speak over HTTP."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientSession
from pydantic import SecretStr

from deploy.local.ports import free_port
from services.gateway.app import gateway
from services.gateway.settings import GatewaySettings
from services.router.app import router
from services.router.settings import RouterSettings
from shared.bus.connection import linked
from shared.bus.consuming import consuming
from shared.bus.partition_consumer import PartitionConsumer, Received
from shared.contracts import decode_fact
from shared.conversation.facts import AnyFact
from shared.conversation.ids import conversation_id
from shared.conversation.model import Conversation, Message
from shared.conversation.policy import Policy
from shared.lifecycle import Background
from shared.steps import Step, no_step
from shared.store.apps import App, AppStore
from shared.store.conversations import ConversationStore
from shared.store.driver import Database
from shared.store.messages import MessageStore
from shared.store.sealing import Sealer
from shared.store.vendor_accounts import VendorAccount, VendorAccountStore
from shared.wechat.crypto import signature
from tests.support.services import KEYS, told
from tests.support.waiting import eventually
from tests.vendors.zhima_receiver import ACCOUNT, APP_ID, zhima_account
from tests.wechat.builders import TOKEN, plain_query

QUEUES = ("router.v1.p00", "router.v1.p01")
OPENID = "o9AgO5Kd5ggOC-bXrbNODIiE3bGY"
CONVERSATION = conversation_id(APP_ID, OPENID)
DEVELOPER_TOKEN = "developer-token"
PATH_SECRET = "s" * 40

Answer = tuple[int, str]


@dataclass
class ZhimaEdge:
    url: str
    session: ClientSession
    amqp_url: str
    database: Database

    async def post(
        self, path: str, body: Any, *, query: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.session.post(f"{self.url}{path}", params=query, data=raw, headers=headers) as answer:
            return answer.status, await answer.text()

    async def tell(self, body: Any, *, token: str = DEVELOPER_TOKEN, account: str = ACCOUNT) -> Answer:
        """A push of developer mode."""
        query = plain_query(str(int(datetime.now(UTC).timestamp())), token=token)
        return await self.post(f"/vendors/zhima/{account}", body, query=query)

    async def write(self, msg_id: int, words: str = "你好", **fields: Any) -> None:
        """A message of the customer, as WeChat pushes it."""
        now = int(datetime.now(UTC).timestamp())
        said = {"MsgType": "text", "Content": words, "MsgId": msg_id, **fields}
        body = {"ToUserName": "gh_97417a04a28d", "FromUserName": OPENID, "CreateTime": now, **said}
        assert await self.post(f"/wechat/{APP_ID}", body, query=plain_query()) == (200, "success")

    async def facts(self, count: int) -> list[AnyFact]:
        """That many facts, as a router would get them; it gets no more."""
        found: list[AnyFact] = []

        async def take(batch: list[Received]) -> None:
            found.extend(decode_fact(one.body) for one in batch)

        async with linked(self.amqp_url, "looks") as link, Background() as background:
            consumers = [PartitionConsumer(link, queue, take, always) for queue in QUEUES]
            async with consuming(background, consumers):
                await eventually(lambda: len(found) >= count)
        assert len(found) == count
        return found

    async def conversation(self) -> Conversation:
        found = await ConversationStore(self.database).get(CONVERSATION)
        assert found is not None
        return found

    async def messages(self, sender: str) -> list[Message]:
        page = await MessageStore(self.database).page(CONVERSATION, after_seq=0, limit=200)
        return [message for message in page if message.sender.kind == sender]

    async def with_zhima(self) -> None:
        """The customer has written, and the session is with Zhima."""
        await self.write(1)

        async def bridged() -> bool:
            found = await ConversationStore(self.database).get(CONVERSATION)
            return found is not None and found.session is not None and found.session.bridging is not None

        await eventually(bridged)


async def always() -> bool:
    return True


def signed_query(token: str = TOKEN) -> dict[str, str]:
    timestamp = str(int(datetime.now(UTC).timestamp()))
    return {"signature": signature(token, timestamp, "7"), "timestamp": timestamp, "nonce": "7"}


def account(**changes: Any) -> VendorAccount:
    secrets = {"developer_token": DEVELOPER_TOKEN, "token_path_secret": PATH_SECRET, **changes.pop("secrets", {})}
    settings = {"developer_auth": "wechat_sig", **changes.pop("settings", {})}
    return zhima_account(secrets=secrets, settings=settings, **changes)


async def register(database: Database, *accounts: VendorAccount, policy: Policy | None = None, **changes: Any) -> None:
    """The app, whose sessions go to Zhima; and these accounts."""
    sealer = Sealer([KEYS])
    policy = policy or Policy(entry=f"vendor:{ACCOUNT}")
    secrets = {"secret": SecretStr("s"), "token": SecretStr(TOKEN)}
    fields = {"app_id": APP_ID, "name": "店", "mode": "plain", "policy": policy, **secrets, **changes}
    await AppStore(database, sealer).add(App(**fields))
    for one in accounts:
        await VendorAccountStore(database, sealer).add(one)


@asynccontextmanager
async def zhima_edge(
    environment: dict[str, str], database: Database, *, step: Step = no_step, **variables: str | int
) -> AsyncIterator[ZhimaEdge]:
    """App and accounts are registered already. Facts stay in their queues, for whoever reads them."""
    port = free_port()
    patient = {"LOOKUP_SECONDS": "4", "GATEWAY_PORT": port, **variables}
    settings = told(GatewaySettings, environment, **patient)
    async with gateway(settings, step), ClientSession() as session:
        yield ZhimaEdge(f"http://127.0.0.1:{port}", session, environment["AMQP_URL"], database)


@asynccontextmanager
async def zhima_town(
    environment: dict[str, str], database: Database, **variables: str | int
) -> AsyncIterator[ZhimaEdge]:
    """With a router, that decides what is told."""
    edge_settings: dict[str, Any] = dict(variables)
    async with router(told(RouterSettings, environment)), zhima_edge(environment, database, **edge_settings) as edge:
        yield edge
