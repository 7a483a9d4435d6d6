"""What tracing costs a fact: nothing recorded, recorded, and recorded for a tenth of the traces."""

import secrets
import time
from typing import cast

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider

from shared.observe import tracing
from shared.observe.otlp import traced
from shared.settings import ObserveSettings
from tests.bench.bench import Table

SPANS = 20_000
NOBODY = "http://127.0.0.1:9"
"""Nothing listens there: the worst of collectors. What waits for it is bounded, the rest is dropped."""


async def measure(table: Table) -> None:
    table.add("tracing: a span, off", _microseconds(), "us", "the comparison that every call site makes")
    for share in (1.0, 0.1):
        settings = ObserveSettings(
            otel_exporter_otlp_endpoint=NOBODY, otel_traces_sampler="traceidratio", otel_traces_sampler_arg=share
        )
        with traced(settings, "bench"):
            table.add(
                f"tracing: a span, {share:.0%} of traces",
                _microseconds(),
                "us",
                "made and handed on; its collector is away",
            )
    table.add("tracing: a span, encoded", _encoded(), "us", "in a thread of its own, besides")


def _encoded() -> float:
    """What the thread that sends does with each span, but for the sending."""
    sdk = TracerProvider().get_tracer("bench")
    spans: list[ReadableSpan] = []
    for _ in range(SPANS // 40):
        span = sdk.start_span("bench", attributes={"wxdesk.app_id": "a", "wxdesk.kind": "k"})
        span.end()
        spans.append(cast("ReadableSpan", span))
    began = time.process_time()
    encode_spans(spans).SerializeToString()
    return 1e6 * (time.process_time() - began) / len(spans)


def _microseconds() -> float:
    traces = [secrets.token_hex(16) for _ in range(SPANS)]
    began = time.process_time()
    for number, trace in enumerate(traces):
        if tracing.tracing():
            span = tracing.span_of("bench", number)
            tracing.record("bench", "consumer", trace, span, tracing.now(), parent=1, app_id="a", kind="k")
    return 1e6 * (time.process_time() - began) / SPANS
