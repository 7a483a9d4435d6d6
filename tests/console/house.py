"""A console and a router on real servers, with customers who write and agents who call."""

import itertools
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Self
from unittest.mock import patch

import aiohttp
from cryptography.fernet import Fernet
from pydantic import SecretStr

from deploy.local.ports import free_port
from services.console.app import console
from services.console.settings import ConsoleSettings
from services.router import app as routing
from services.router.settings import RouterSettings
from shared.backbone import Backbone, backbone
from shared.bus.connection import linked
from shared.bus.publisher import Publisher
from shared.bus.topology import Topology
from shared.clock import real_now
from shared.contracts.hints import ConversationChanged, ConversationsChanged
from shared.conversation.content import Content, Text
from shared.conversation.facts import CustomerDeleted, CustomerEntered, MessageReceived, SendSettled
from shared.conversation.ids import conversation_id
from shared.conversation.policy import Assignment, Policy
from shared.conversation.quota import Outcome
from shared.passwords import hash_password
from shared.store.agents import Agent, AgentStore
from shared.store.apps import App, AppCache, AppStore
from shared.store.conversations import ConversationStore
from shared.store.driver import Database
from shared.store.logins import LoginStore
from shared.store.sealing import Sealer
from tests.support.waiting import eventually

APP = "wx0123456789abcdef"
VIP_APP = "wxfedcba9876543210"
PASSWORD = "correct horse"
HASH = hash_password(PASSWORD)
API = "/api/v1"
_numbers = itertools.count(1)


class Customer:
    """Someone who writes to an app; what they do is published as the gateway would."""

    def __init__(self, publisher: Publisher, app_id: str = APP) -> None:
        self.openid = f"o-customer-{next(_numbers)}"
        self.app_id = app_id
        self.id = conversation_id(app_id, self.openid)
        self._publisher = publisher

    async def say(self, text: str = "你好", content: Content | None = None) -> None:
        number = str(next(_numbers))
        await self._publisher.publish(
            MessageReceived(
                **self._origin(f"m:{number}"), openid=self.openid, msg_id=number, content=content or Text(text=text)
            )
        )

    async def enter(self, source: str | None = None) -> None:
        await self._publisher.publish(
            CustomerEntered(**self._origin(f"e:{next(_numbers)}"), openid=self.openid, session_from=source)
        )

    async def vanish(self) -> None:
        await self._publisher.publish(CustomerDeleted(**self._origin(f"d:{next(_numbers)}")))

    async def settle(self, message: Mapping[str, Any], outcome: Outcome, **more: Any) -> None:
        """What the sender would tell of a message."""
        origin = self._origin(f"s:{message['id']}:{outcome}")
        await self._publisher.publish(
            SendSettled(**origin, send_id=message["id"], outcome=outcome, attempted_at=real_now(), **more)
        )

    def _origin(self, cause: str) -> dict[str, Any]:
        return {
            "conversation_id": self.id,
            "app_id": self.app_id,
            "cause": cause,
            "occurred_at": real_now(),
            "trace_id": "trace",
        }


class Answer:
    def __init__(self, status: int, headers: Mapping[str, str], body: Any) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def code(self) -> str:
        assert self.headers["Content-Type"] == "application/problem+json", self.body
        assert self.body["status"] == self.status
        return str(self.body["code"])


class Caller:
    """One agent's script: a bearer token and the REST calls. Every answer must be one the document names."""

    def __init__(self, url: str, session: aiohttp.ClientSession, document: Mapping[str, Any]) -> None:
        self.url = url
        self.session = session
        self.headers: dict[str, str] = {}
        self._document = document

    async def log_in(self, login: str, password: str = PASSWORD) -> Answer:
        answer = await self.call("POST", "/login", {"login": login, "password": password})
        if answer.status == 200:
            self.headers = {"Authorization": f"Bearer {answer.body['token']}"}
        return answer

    async def call(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Answer:
        given = {"json": body} if body is not None else more
        asked = self.session.request(
            method, self.url + API + path, headers={**self.headers, **(headers or {})}, **given
        )
        async with asked as response:
            kind = response.content_type
            content = await response.json(content_type=None) if kind.endswith("json") else await response.read()
            answer = Answer(response.status, response.headers, content)
        self._check_documented(method, path.partition("?")[0], answer)
        return answer

    async def get(self, path: str, **params: Any) -> Answer:
        return await self.call("GET", path, params=params)

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> Answer:
        return await self.call("POST", path, body, headers={"Idempotency-Key": key} if key else None)

    async def say(self, customer: Customer, text: str = "好的", **more: Any) -> Answer:
        body = {"client_id": f"k{next(_numbers)}", "type": "text", "text": text, **more}
        return await self.post(f"/conversations/{customer.id}/messages", body)

    async def accept(self, customer: Customer) -> Answer:
        return await self.post(f"/conversations/{customer.id}/accept")

    async def conversation(self, customer: Customer) -> Any:
        return (await self.get(f"/conversations/{customer.id}")).body

    async def state(self, customer: Customer) -> str | None:
        answer = await self.get(f"/conversations/{customer.id}")
        return str(answer.body["session"]["state"]) if answer.status == 200 else None

    def live(self, **more: Any) -> Any:
        return self.session.ws_connect(f"{self.url}{API}/live", headers=self.headers, **more)

    def _check_documented(self, method: str, path: str, answer: Answer) -> None:
        for template, operations in self._document["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), API + path) and method.lower() in operations:
                responses = operations[method.lower()]["responses"]
                assert str(answer.status) in responses, f"{method} {path}: {answer.status} is not documented"
                if answer.status >= 400:
                    schema = responses[str(answer.status)]["content"]["application/problem+json"]["schema"]
                    assert answer.code in schema["allOf"][1]["properties"]["code"]["enum"]


class House:
    """The services, a publisher to play the other ones, and callers by login."""

    def __init__(
        self,
        url: str,
        database: Database,
        publisher: Publisher,
        session: aiohttp.ClientSession,
        common: Mapping[str, Any],
    ) -> None:
        self.url = url
        self.common = common
        self.database = database
        self.publisher = publisher
        self.session = session
        self.agents = AgentStore(database)
        self.document: dict[str, Any] = {}
        self.routed: AppCache | None = None
        """The apps as the router knows them; None: there is no router."""

    async def start(self) -> Self:
        async with self.session.get(f"{self.url}{API}/openapi.json") as response:
            self.document = await response.json()
        return self

    def stranger(self) -> Caller:
        return Caller(self.url, self.session, self.document)

    async def agent(self, *, presence: Any = "away", **fields: Any) -> Caller:
        """A new agent, logged in. Away, so that nobody is assigned who does not accept."""
        login = f"agent{next(_numbers)}"
        agent = Agent(id=login, name=login.title(), presence=presence, password_hash=HASH, **fields)
        await self.agents.add(agent)
        # Not by the call, which takes a tenth of a second of CPU for each password.
        token, _ = await LoginStore(self.database).begin(agent, 3600)
        caller = self.stranger()
        caller.headers = {"Authorization": f"Bearer {token}"}
        return caller

    async def routed_by(self, app_id: str, version: int) -> None:
        """Wait until the router serves this app by these settings, of which it hears a moment after the console."""
        known = self.routed
        assert known is not None
        await eventually(lambda: known.policy(app_id).version == version)

    async def waiting(self, caller: Caller, app_id: str = APP, text: str = "转人工") -> Customer:
        """A new customer whose session waits for an agent."""
        customer = Customer(self.publisher, app_id)
        await customer.say(text)

        async def waits() -> bool:
            return await caller.state(customer) == "waiting"

        await eventually(waits)
        return customer

    async def held_by(self, caller: Caller) -> Customer:
        """A new customer whose session this agent has."""
        customer = await self.waiting(caller)
        assert (await caller.accept(customer)).status == 200
        return customer

    async def hint_all(self, customers: Sequence[Customer]) -> None:
        """Tell again what was told: every message and version of these conversations."""
        loaded = await ConversationStore(self.database).load([customer.id for customer in customers])
        docs = await self.database["messages"].find({"conversation": {"$in": list(loaded)}}, {"conversation": 1})
        changed = tuple(
            ConversationChanged(
                conversation_id=name,
                app_id=one.conversation.app_id,
                version=one.conversation.version,
                message_ids=tuple(doc["_id"] for doc in docs if doc["conversation"] == name),
            )
            for name, one in loaded.items()
        )
        await self.publisher.hint(ConversationsChanged(changed=changed))


def settings(amqp_url: str, mongo_url: str, mongo_db: str, **more: Any) -> dict[str, Any]:
    return {
        "amqp_url": SecretStr(amqp_url),
        "mongo_url": SecretStr(mongo_url),
        "mongo_db": mongo_db,
        "wxdesk_secret_keys": SecretStr(KEY),
        "router_partitions": 2,
        "sender_partitions": 2,
        "ops_port": 0,
        **more,
    }


KEY = Fernet.generate_key().decode()


@asynccontextmanager
async def replica(common: Mapping[str, Any], **more: Any) -> AsyncIterator[str]:
    """One console; yields its address."""
    port = free_port()
    async with console(ConsoleSettings(**common, console_port=port, **more)):
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def house(
    amqp_url: str, mongo_url: str, mongo_db: str, *, routed: bool = True, **more: Any
) -> AsyncIterator[House]:
    """Everything of a small desk but the gateway and the sender, which tests play themselves."""
    common = settings(amqp_url, mongo_url, mongo_db)
    async with AsyncExitStack() as stack:
        database = Database(mongo_url, mongo_db)
        stack.push_async_callback(database.close)
        await _register_apps(database)
        apps = await stack.enter_async_context(_router(common)) if routed else None
        url = await stack.enter_async_context(replica(common, **more))
        link = await stack.enter_async_context(linked(amqp_url, "test"))
        await link.wait_connected()
        session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        publisher = Publisher(link, Topology(router_partitions=2, sender_partitions=2))
        desk = House(url, database, publisher, session, common)
        desk.routed = apps
        yield await desk.start()


@asynccontextmanager
async def _router(common: Mapping[str, Any]) -> AsyncIterator[AppCache]:
    """A router; yields the apps as it knows them, which it shows to nobody else."""
    known: list[AppCache] = []

    @asynccontextmanager
    async def overheard(settings: RouterSettings, *more: Any) -> AsyncIterator[Backbone]:
        async with backbone(settings, *more) as base:
            known.append(base.apps)
            yield base

    async with AsyncExitStack() as stack:
        with patch.object(routing, "backbone", overheard):
            await stack.enter_async_context(routing.router(RouterSettings(**common)))
        yield known[0]


async def _register_apps(database: Database) -> None:
    apps = AppStore(database, Sealer([KEY]))
    agents_first = Policy(entry="agents")
    secret = SecretStr("secret")
    await apps.add(App(app_id=APP, name="店铺", secret=secret, token=secret, policy=agents_first))
    vip = agents_first.model_copy(update={"assignment": Assignment(groups=("vip",))})
    await apps.add(App(app_id=VIP_APP, name="会员店", secret=secret, token=secret, policy=vip))
