"""Spans to a collector by OTLP over HTTP. Imported only where an address is set.

A collector that is slow or away costs nothing but its spans: they wait in a bounded queue for a thread of their own.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Decision, Sampler, TraceIdRatioBased
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags
from typing_extensions import override

from shared.observe import metrics, tracing
from shared.settings import ObserveSettings
from shared.version import version

log = structlog.get_logger()

EXPORT_SECONDS: Final = 5.0
STOP_SECONDS: Final = 3.0
"""How long a stopping service waits for its last spans to be taken."""
WAITING_MOST: Final = 4096
SAY_AGAIN_SECONDS: Final = 60.0
REASONS: Final = {
    "refused": "the collector did not take them",
    "full": "too many waited for the collector",
    "stopped": "the process stopped before the collector had them",
}
KINDS: Final = {
    "server": SpanKind.SERVER,
    "consumer": SpanKind.CONSUMER,
    "producer": SpanKind.PRODUCER,
    "client": SpanKind.CLIENT,
}


@contextmanager
def traced(settings: ObserveSettings, service: str) -> Iterator[None]:
    """Record spans of this process while inside; what is left at the end has STOP_SECONDS to be taken."""
    # What it says of its own is said by _Account, once a minute and in our words, which tell no header.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    address = f"{(settings.otel_exporter_otlp_endpoint or '').rstrip('/')}/v1/traces"
    account = _Account()
    sends = OTLPSpanExporter(endpoint=address, headers=settings.collector_headers, timeout=EXPORT_SECONDS)
    processor = BatchSpanProcessor(
        _Exporter(sends, account),
        max_queue_size=WAITING_MOST,
        schedule_delay_millis=1000,
        max_export_batch_size=512,
    )
    resource = Resource.create({"service.name": f"wxdesk-{service}", "service.version": version()})

    def take(span: tracing.Span) -> None:
        if account.admits():
            processor.on_end(_readable(span, resource))

    tracing.trace_to(tracing.Sink(_wants(_sampler(settings)), take))
    try:
        yield
    finally:
        tracing.trace_to(None)
        ending = threading.Thread(target=processor.shutdown, daemon=True)
        ending.start()
        ending.join(STOP_SECONDS)
        account.close()


class _Account:
    """How many spans wait, and how many are lost and why, which is said at most once a minute. Of any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = 0
        self._sending = 0
        self._lost: Counter[str] = Counter()
        self._said_at = -SAY_AGAIN_SECONDS
        self._closed = False

    def admits(self) -> bool:
        """Whether one more may wait: the SDK would drop another one for it, and not say so."""
        with self._lock:
            if self._waiting < WAITING_MOST:
                self._waiting += 1
                return True
        self._lose(1, "full")
        return False

    def sends(self, count: int) -> None:
        with self._lock:
            self._waiting -= count
            self._sending += count

    def sent(self, count: int, *, taken: bool) -> None:
        with self._lock:
            self._sending -= count
            if self._closed:
                return
        if not taken:
            self._lose(count, "refused")

    def close(self) -> None:
        """What nobody has by now is lost, and what was not said yet is."""
        with self._lock:
            self._closed = True
            left = self._waiting + self._sending
            self._said_at = -SAY_AGAIN_SECONDS
        self._lose(left, "stopped")

    def _lose(self, count: int, reason: str) -> None:
        metrics.wxdesk_spans_lost_total.labels(reason).inc(count)
        with self._lock:
            self._lost[reason] += count
            if time.monotonic() - self._said_at < SAY_AGAIN_SECONDS:
                return
            lost, self._lost, self._said_at = +self._lost, Counter(), time.monotonic()
        for why, number in lost.items():
            log.warning("spans_lost", count=number, reason=REASONS[why])


class _Exporter(SpanExporter):
    """Keeps account of what is handed to the collector."""

    def __init__(self, inner: OTLPSpanExporter, account: _Account) -> None:
        self._inner = inner
        self._account = account

    @override
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._account.sends(len(spans))
        result = SpanExportResult.FAILURE
        try:
            result = self._inner.export(spans)
        finally:
            self._account.sent(len(spans), taken=result is SpanExportResult.SUCCESS)
        return result

    @override
    def shutdown(self) -> None:
        self._inner.shutdown()  # type: ignore[no-untyped-call] # theirs has no types


_SCOPE: Final = InstrumentationScope("wxdesk", version())


def _readable(span: tracing.Span, resource: Resource) -> ReadableSpan:
    trace = tracing.trace_number(span.trace_id)
    flags = TraceFlags(TraceFlags.SAMPLED)
    parent = None if span.parent is None else SpanContext(trace, span.parent, is_remote=True, trace_flags=flags)
    return ReadableSpan(
        span.name,
        context=SpanContext(trace, span.id, is_remote=False, trace_flags=flags),
        parent=parent,
        resource=resource,
        attributes=dict(span.attributes),
        kind=KINDS[span.kind],
        status=Status(StatusCode.ERROR if span.failed else StatusCode.UNSET),
        start_time=span.began,
        end_time=span.ended,
        instrumentation_scope=_SCOPE,
    )


def _sampler(settings: ObserveSettings) -> Sampler:
    """By the trace's id alone, so that every service chooses the same traces, whoever recorded the parent."""
    match settings.otel_traces_sampler.removeprefix("parentbased_"):
        case "always_off":
            return ALWAYS_OFF
        case "traceidratio":
            return TraceIdRatioBased(settings.otel_traces_sampler_arg)
        case _:
            return ALWAYS_ON


def _wants(sampler: Sampler) -> Callable[[int], bool]:
    def wants(trace: int) -> bool:
        return sampler.should_sample(None, trace, "").decision is Decision.RECORD_AND_SAMPLE

    return wants
