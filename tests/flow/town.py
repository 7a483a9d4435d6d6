"""Every service as its own process on real servers, with the sandbox as WeChat: what a user of wxdesk has."""

import asyncio
import base64
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from deploy.local.children import kill_child, start_child, stop_child
from deploy.local.plan import Plan, Replica, RunSettings, common_environment, own_environment, plan
from deploy.local.ports import free_port
from deploy.local.seed import APP_ID, Seeded, register, save
from shared.conversation.ids import conversation_id
from shared.conversation.model import Conversation, Message
from shared.store.agents import AgentStore
from shared.store.conversations import ConversationStore
from shared.store.driver import Database
from shared.store.messages import MessageStore
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
SERVICES = ("sandbox", "gateway", "router", "sender", "bot", "console")
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A PNG of one pixel."""
FINAL = {"sent", "refused", "expired", "unknown", "discarded", "held"}


@dataclass
class Caller:
    """One agent's script."""

    url: str
    session: aiohttp.ClientSession
    token: str

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.session.request(method, f"{self.url}/api/v1{path}", json=body, headers=headers) as answer:
            return answer.status, None if answer.status == HTTPStatus.NO_CONTENT else await answer.json()

    async def must(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = await self.call(method, path, body)
        assert status < 300, (method, path, status, answer)
        return answer


@dataclass
class Town:
    plan: Plan
    common: Mapping[str, str]
    seeded: Seeded
    database: Database
    session: aiohttp.ClientSession
    logs: Path
    processes: dict[str, Process] = field(default_factory=dict)

    async def start(self, *names: str) -> None:
        """Start replicas by name, all at once, and wait until they are ready."""
        chosen = [replica for replica in self.plan.replicas if replica.name in names]
        for replica in chosen:
            with (self.logs / f"{replica.name}.log").open("ab") as log:
                command = [sys.executable, "-m", f"services.{replica.service}"]
                environment = own_environment(replica, self.common)
                self.processes[replica.name] = await start_child(command, environment, ROOT, log)
        for replica in chosen:
            await eventually(lambda replica=replica: self._ready(replica), within_seconds=60)  # type: ignore[misc] # bound now

    async def kill(self, name: str) -> None:
        """kill -9."""
        await kill_child(self.processes.pop(name))

    async def stop(self) -> None:
        for process in reversed(self.processes.values()):
            await stop_child(process, 20)

    async def sandbox(self, method: str, path: str, body: Any = None) -> Any:
        async with self.session.request(method, f"{self.plan.url('sandbox')}/sandbox/api{path}", json=body) as answer:
            return await answer.json()

    async def customer(self, openid: str, action: str, body: Any = None) -> Any:
        """Something a customer does, told when WeChat's side of it is settled."""
        return await self.sandbox("POST", f"/apps/{APP_ID}/customers/{openid}/{action}", body or {})

    async def send_picture(self, openid: str) -> Any:
        """The customer takes a picture."""
        form = aiohttp.FormData()
        form.add_field("file", PICTURE, filename="p.png", content_type="image/png")
        url = f"{self.plan.url('sandbox')}/sandbox/api/apps/{APP_ID}/customers/{openid}/image"
        async with self.session.post(url, data=form) as answer:
            return await answer.json()

    async def create_customer(self, openid: str) -> str:
        await self.sandbox("POST", f"/apps/{APP_ID}/customers", {"openid": openid})
        return openid

    async def phone(self, openid: str) -> list[dict[str, Any]]:
        """What the customer sees."""
        seen = await self.sandbox("GET", f"/apps/{APP_ID}/customers/{openid}/phone?after=0")
        items: list[dict[str, Any]] = seen["items"]
        return items

    async def sees(self, openid: str, text: str, within_seconds: float = 40) -> None:
        async def there() -> bool:
            return any(text in (item.get("text") or "") for item in await self.phone(openid))

        await eventually(there, within_seconds)

    async def log_in(self, login: str = "lina", *, presence: str | None = "online") -> Caller:
        password = next(agent.password for agent in self.seeded.agents if agent.login == login)
        url = self.plan.url("console")
        body = {"login": login, "password": password}
        async with self.session.post(f"{url}/api/v1/login", json=body) as answer:
            assert answer.status == 200, await answer.text()
            caller = Caller(url, self.session, (await answer.json())["token"])
        if presence:
            await caller.must("PATCH", "/me", {"presence": presence})
        return caller

    async def wxdesk(self, *arguments: str, **variables: str) -> tuple[int, Any]:
        """`wxdesk …` as one types it; the exit code, and what --json printed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.console.cli",
            *arguments,
            "--json",
            cwd=ROOT,
            env={
                **self.common,
                "CONSOLE_URL": self.plan.url("console"),
                "SANDBOX_URL": self.plan.url("sandbox"),
                **variables,
            },
            stdout=PIPE,
            stderr=PIPE,
        )
        out, err = await process.communicate()
        return process.returncode or 0, json.loads(out) if out.strip() else err.decode()

    async def conversation(self, openid: str) -> Conversation | None:
        return await ConversationStore(self.database).get(conversation_id(APP_ID, openid))

    async def history(self, openid: str) -> list[Message]:
        """Every message that the conversation counts by now: they are stored a moment after it says so."""
        name, conversation = conversation_id(APP_ID, openid), await self.conversation(openid)
        if conversation is None or not conversation.last_seq:
            return []
        last_seq = conversation.last_seq

        async def stored() -> list[Message]:
            found = await MessageStore(self.database).page(name, after_seq=0, limit=10_000)
            return found if found and found[-1].seq >= last_seq else []

        return await eventually(stored)

    async def settled(self, openid: str) -> bool:
        """Nothing of this customer's is under way any more."""
        history = await self.history(openid)
        states = [m.delivery.state for m in history if m.delivery is not None]
        conversation = await self.conversation(openid)
        turn = conversation.session.turn if conversation and conversation.session else None
        return turn is None and all(state in FINAL for state in states)

    async def _ready(self, replica: Replica) -> bool:
        process = self.processes[replica.name]
        if process.returncode is not None:
            raise SystemExit(f"{replica.name} ended: {(self.logs / f'{replica.name}.log').read_text()[-2000:]}")
        try:
            async with self.session.get(f"{replica.ops_url}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False


@asynccontextmanager
async def town(
    servers: Mapping[str, str],
    directory: Path,
    planned: Callable[[Plan], None] = lambda _: None,
    later: Callable[[Replica], bool] = lambda _: False,
    **settings: Any,
) -> AsyncIterator[Town]:
    """A whole wxdesk on these servers (AMQP_URL, MONGO_URL, MONGO_DB, WXDESK_SECRET_KEYS, …), its app registered.

    `planned` hears who will listen where, before anyone does. Replicas that are for `later` are not started yet.
    """
    run = RunSettings(
        gateway_port=0, console_port=0, sandbox_port=0, ops_port=0, data_dir=directory, mongo_db=servers["MONGO_DB"],
        **settings,
    )  # fmt: skip
    everything = plan(run, free_port)
    planned(everything)
    path = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
    common = {**common_environment(run, everything, servers, path), **servers, "LOG_FORMAT": "json"}
    seeded = await save(common, directory)
    database = Database(servers["MONGO_URL"], servers["MONGO_DB"])
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        made = Town(everything, common, seeded, database, session, directory)
        try:
            await made.start(*(replica.name for replica in everything.replicas if not later(replica)))
            await register(common, seeded)
            yield made
        finally:
            await made.stop()
            await database.close()


@dataclass
class Books:
    """What each side has written down; `check` says where they differ."""

    town: Town

    async def check(
        self, openids: list[str], said: Mapping[str, list[str]], doubtful: frozenset[str] = frozenset()
    ) -> None:
        """Every text accepted is in the history once, in order, a doubtful one at most; every outcome is true."""
        delivered = await self._delivered()
        for openid in openids:
            history = await self.town.history(openid)
            assert [message.seq for message in history] == list(range(1, len(history) + 1))
            inbound = [_text(m) for m in history if m.direction == "inbound" and _text(m)]
            assert len(set(inbound) & doubtful) == len([text for text in inbound if text in doubtful]), openid
            assert [text for text in inbound if text not in doubtful] == said[openid], openid
            self._check_outcomes(history, delivered[openid])
        await self._check_claims()

    def _check_outcomes(self, history: list[Message], delivered: list[str]) -> None:
        outbound = [m for m in history if m.direction == "outbound" and m.delivery is not None]
        sent = [_text(m) for m in outbound if m.delivery and m.delivery.state == "sent"]
        maybe = [_text(m) for m in outbound if m.delivery and m.delivery.state in {"sent", "unknown"}]
        for text in set(sent):
            assert delivered.count(text) >= sent.count(text), (text, delivered)
        for text in set(delivered):
            assert delivered.count(text) <= maybe.count(text), (text, "reached the customer more often than we know")

    async def _delivered(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        after = 0
        while True:
            page = await self.town.sandbox("GET", f"/calls?after={after}&path=/cgi-bin/message/custom/send")
            if not page["items"]:
                return found
            for call in page["items"]:
                after = call["n"]
                if call["delivered"]:
                    found[call["openid"]].append(call["body"].get("text", {}).get("content", ""))

    async def _check_claims(self) -> None:
        """Each claim an agent holds is one a session shows, and nobody has more than their capacity."""
        agents = await AgentStore(self.town.database).everyone()
        held = {claim.id for agent in agents for claim in agent.claims}
        assert held == await ConversationStore(self.town.database).showing_claims(held)
        assert all(agent.load <= agent.capacity for agent in agents)


def _text(message: Message) -> str:
    return getattr(message.content, "text", "") or ""
