"""Replacing replicas under load as Kubernetes would with our manifests: a new one in, then an old one out."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import yaml
from aiohttp import web

from deploy.local.plan import Replica
from shared.observe.http import listen
from tests.flow.town import ROOT, Town

REPLACED: Final = ("gateway", "router", "sender", "bot", "console")
ENDPOINT_LAG_SECONDS: Final = 1.0
"""So long after a pod is told to end it may still be sent requests: its removal has to reach every node."""
REPLICAS: Final = 2
"""Of each service, as in the production overlay; as many again take their places."""
LIVE: Final = "/api/v1/live"
BROKEN_OFF: Final = 1014
"""How the door closes a socket behind which the replica went without a word."""
HOP_BY_HOP: Final = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "content-encoding"}


class Balancer:
    """What stands before a service: passes each request or socket to a replica that is in, and notes how that went.

    Connections to replicas are kept and used again, as an ingress does. Nothing is tried twice.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._turn = 0
        self.url = ""
        self.replicas: list[str] = []
        self.seconds: list[float] = []
        self.failures: list[str] = []

    async def take(self, request: web.Request) -> web.StreamResponse:
        if request.path == LIVE:
            return await self._take_socket(request)
        body = await request.read()
        began = time.perf_counter()
        try:
            return await self._passed(self._next(), request, body)
        except (aiohttp.ClientError, OSError) as failure:
            self.failures.append(f"{request.method} {request.path}: {type(failure).__name__}")
            return web.Response(status=502)
        finally:
            self.seconds.append(time.perf_counter() - began)

    def _next(self) -> str:
        self._turn += 1
        return self.replicas[self._turn % len(self.replicas)]

    async def _take_socket(self, request: web.Request) -> web.StreamResponse:
        """What either side says is passed on, and so is the code with which the replica ends it."""
        headers = {"Authorization": request.headers["Authorization"]}
        try:
            async with self._session.ws_connect(f"{self._next()}{LIVE}", headers=headers) as replica:
                desk = web.WebSocketResponse()
                await desk.prepare(request)
                ways = [asyncio.create_task(_pass_on(replica, desk)), asyncio.create_task(_pass_on(desk, replica))]
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()
                    await asyncio.gather(*ways, return_exceptions=True)
                await desk.close(code=BROKEN_OFF if replica.close_code in {None, 1006} else replica.close_code or 0)
                return desk
        except (aiohttp.ClientError, OSError) as failure:
            self.failures.append(f"socket: {type(failure).__name__}")
            return web.Response(status=502)

    async def _passed(self, replica: str, request: web.Request, body: bytes) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        url = f"{replica}{request.path_qs}"
        async with self._session.request(request.method, url, data=body, headers=headers) as answer:
            said = await answer.read()
            if answer.status >= 500:
                self.failures.append(f"{request.method} {request.path}: {answer.status}")
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
            return web.Response(status=answer.status, body=said, headers=kept)


async def _pass_on(
    one: aiohttp.ClientWebSocketResponse | web.WebSocketResponse,
    other: aiohttp.ClientWebSocketResponse | web.WebSocketResponse,
) -> None:
    """Until the first closes."""
    async for message in one:
        if message.type is aiohttp.WSMsgType.TEXT:
            await other.send_str(message.data)


@asynccontextmanager
async def balancer() -> AsyncIterator[Balancer]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        made = Balancer(session)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", made.take)
        async with listen(app, "127.0.0.1", 0, "BALANCER_PORT") as port:
            made.url = f"http://127.0.0.1:{port}"
            yield made


def pod_of(service: str) -> tuple[float, float]:
    """From the service's manifest: seconds of its preStop sleep, and of all that its ending may take."""
    documents = yaml.safe_load_all((ROOT / "deploy" / "base" / f"{service}.yaml").read_text(encoding="utf-8"))
    pod: dict[str, Any] = next(d for d in documents if d and d["kind"] == "Deployment")["spec"]["template"]["spec"]
    container = next(one for one in pod["containers"] if one["name"] == service)
    sleep = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    return float(sleep), float(pod["terminationGracePeriodSeconds"])


def is_new(replica: Replica) -> bool:
    """Whether it takes an old one's place: it is not there before the roll."""
    return replica.service in REPLACED and replica.number > REPLICAS


class Rollout:
    """Replaces the replicas of a service one by one. `before` are the balancers of those services that have one."""

    def __init__(self, town: Town, before: dict[str, Balancer]) -> None:
        self._town = town
        self._before = before
        self.took: dict[str, float] = {}
        """Seconds from SIGTERM to the end of each."""
        self.codes: dict[str, int] = {}

    async def replace(self, service: str) -> None:
        """A new one in, an old one out; the next new one does not wait until the old one has ended.

        Raises TimeoutError, in a group, where an old one outlives its grace period.
        """
        replicas = self._town.plan.of(service)
        async with asyncio.TaskGroup() as ending:
            for old, new in zip(replicas[:REPLICAS], replicas[REPLICAS:], strict=True):
                await self._town.start(new.name)
                if service in self._before:
                    self._before[service].replicas.append(new.url)
                ending.create_task(self._retire(old))

    async def _retire(self, old: Replica) -> None:
        sleep, grace = pod_of(old.service)
        if old.service in self._before:
            await asyncio.sleep(ENDPOINT_LAG_SECONDS)  # the manifest's own times are what is tried
            self._before[old.service].replicas.remove(old.url)
            await asyncio.sleep(sleep - ENDPOINT_LAG_SECONDS)
        process = self._town.processes.pop(old.name)
        began = time.perf_counter()
        process.terminate()
        try:
            async with asyncio.timeout(grace - sleep):
                self.codes[old.name] = await process.wait()
        except TimeoutError:
            self._town.processes[old.name] = process
            raise
        self.took[old.name] = time.perf_counter() - began
