"""Replacing every service under load as Kubernetes would with our manifests: the new one in, then the old one out."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import yaml
from aiohttp import web

from shared.observe.http import listen
from tests.chaos.crowd import Crowd
from tests.flow.town import ROOT, Town

REPLACED: Final = ("gateway", "router", "sender", "bot", "console")
ENDPOINT_LAG_SECONDS: Final = 1.0
"""So long after a pod is told to end it may still be sent requests: its removal has to reach every node."""
PACE_SECONDS: Final = 0.2
HOP_BY_HOP: Final = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "content-encoding"}


class Balancer:
    """What stands before a service: passes each request to a replica that is in, and notes how that went.

    Connections to replicas are kept and used again, as an ingress does. Nothing is tried twice.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._turn = 0
        self.url = ""
        self.replicas: list[str] = []
        self.seconds: list[float] = []
        self.failures: list[str] = []

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        began = time.perf_counter()
        self._turn += 1
        replica = self.replicas[self._turn % len(self.replicas)]
        try:
            return await self._passed(replica, request, body)
        except (aiohttp.ClientError, OSError) as failure:
            self.failures.append(f"{request.method} {request.path}: {type(failure).__name__}")
            return web.Response(status=502)
        finally:
            self.seconds.append(time.perf_counter() - began)

    async def _passed(self, replica: str, request: web.Request, body: bytes) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        url = f"{replica}{request.path_qs}"
        async with self._session.request(request.method, url, data=body, headers=headers) as answer:
            said = await answer.read()
            if answer.status >= 500:
                self.failures.append(f"{request.method} {request.path}: {answer.status}")
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
            return web.Response(status=answer.status, body=said, headers=kept)


@asynccontextmanager
async def balancer() -> AsyncIterator[Balancer]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        made = Balancer(session)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", made.take)
        async with listen(app, "127.0.0.1", 0, "BALANCER_PORT") as port:
            made.url = f"http://127.0.0.1:{port}"
            yield made


class Passers(Crowd):
    """Customers who keep writing until it is over, at an even pace."""

    async def keep_writing(self, openid: str, until: asyncio.Event, *, first: str) -> None:
        await self.town.create_customer(openid)
        number, text = 0, first
        while not until.is_set():
            accepted = (await self.town.customer(openid, "say", {"text": text}))["accepted"]
            if accepted:
                self.said[openid].append(text)
            else:
                self.doubtful.add(text)
            number += 1
            text = f"什么时候发货 {number}"
            await asyncio.sleep(PACE_SECONDS)  # the load, not a wait


def pod_of(service: str) -> tuple[float, float]:
    """From the service's manifest: seconds of its preStop sleep, and of all that its ending may take."""
    documents = yaml.safe_load_all((ROOT / "deploy" / "base" / f"{service}.yaml").read_text(encoding="utf-8"))
    pod: dict[str, Any] = next(d for d in documents if d and d["kind"] == "Deployment")["spec"]["template"]["spec"]
    container = next(one for one in pod["containers"] if one["name"] == service)
    sleep = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    return float(sleep), float(pod["terminationGracePeriodSeconds"])


class Rollout:
    """Replaces `service` by `service-2`. `before` are the balancers of those services that have one."""

    def __init__(self, town: Town, before: dict[str, Balancer]) -> None:
        self._town = town
        self._before = before
        self.took: dict[str, float] = {}
        """Seconds from SIGTERM to the end of each."""
        self.codes: dict[str, int] = {}

    async def replace(self, service: str) -> None:
        """Raises TimeoutError where the old one outlives its grace period."""
        new = f"{service}-2"
        await self._town.start(new)
        if service in self._before:
            self._before[service].replicas.append(self._url(new))
        await self.retire(service, service)

    async def retire(self, name: str, service: str) -> None:
        sleep, grace = pod_of(service)
        if service in self._before:
            await asyncio.sleep(ENDPOINT_LAG_SECONDS)  # the manifest's own times are what is tried
            self._before[service].replicas.remove(self._url(name))
            await asyncio.sleep(sleep - ENDPOINT_LAG_SECONDS)
        process = self._town.processes.pop(name)
        began = time.perf_counter()
        process.terminate()
        try:
            async with asyncio.timeout(grace - sleep):
                self.codes[name] = await process.wait()
        except TimeoutError:
            self._town.processes[name] = process
            raise
        self.took[name] = time.perf_counter() - began

    def _url(self, name: str) -> str:
        return next(one.url for one in self._town.plan.replicas if one.name == name)
