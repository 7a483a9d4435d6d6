"""A collector of spans: takes OTLP over HTTP and keeps what it was told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import NamedTuple

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from shared.observe.http import listen


class Told(NamedTuple):
    """One span as it arrived; ids in hexadecimal digits, `parent` empty for the first of a trace."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, str]


class Collector:
    """`slow`: whoever sends waits for an answer that does not come; `status`: what it is told, 200 for taken."""

    def __init__(self) -> None:
        self.url = ""
        self.spans: list[Told] = []
        self.bodies: list[bytes] = []
        self.slow = False
        self.status = 200
        self.asked = 0
        self.keys: set[str | None] = set()

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.asked += 1
        self.keys.add(request.headers.get("x-api-key"))
        if self.slow:
            await asyncio.Event().wait()
        if self.status != HTTPStatus.OK:
            return web.Response(status=self.status)
        self.bodies.append(body)
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {one.key: one.value.string_value for one in group.resource.attributes}
            for scope in group.scope_spans:
                self.spans += [
                    Told(
                        named["service.name"],
                        span.name,
                        span.trace_id.hex(),
                        span.span_id.hex(),
                        span.parent_span_id.hex(),
                        {one.key: one.value.string_value or str(one.value.int_value) for one in span.attributes},
                    )
                    for span in scope.spans
                ]
        return web.Response(body=b"", content_type="application/x-protobuf")

    def trace(self, trace: str) -> list[Told]:
        return [span for span in self.spans if span.trace == trace]

    def way(self, last: Told) -> list[str]:
        """The names from the beginning of the trace down to this span."""
        by_id = {span.id: span for span in self.trace(last.trace)}
        names = [last.name]
        while last.parent:
            last = by_id[last.parent]
            names.insert(0, last.name)
        return names


@asynccontextmanager
async def collector(port: int = 0) -> AsyncIterator[Collector]:
    made = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", made.take)
    async with listen(app, "127.0.0.1", port, "COLLECTOR_PORT") as taken:
        made.url = f"http://127.0.0.1:{taken}"
        yield made
        made.slow = False
