"""Spans that a collector does not take: a bounded number waits, each one lost is counted, and nobody waits for them."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from shared.observe import tracing
from shared.observe.collector_headers import collector_headers
from shared.observe.otlp import STOP_SECONDS, WAITING_MOST, traced
from shared.settings import ObserveSettings, SettingsRefused, read_settings
from tests.support.collector import Collector, collector
from tests.support.measures import counted

TRACE = "0af7651916cd43dd8448eb211c80319c"
MANY = WAITING_MOST + 2000
BATCH = 512
NO_HANG_SECONDS = 10 * STOP_SECONDS


@pytest.fixture
async def listener() -> AsyncIterator[Collector]:
    async with collector() as made:
        yield made


def record(address: str, count: int, **settings: str) -> float:
    """So many spans in a process that then stops; how long its stop took, in seconds."""
    told = {"otel_exporter_otlp_endpoint": address, **settings}
    with traced(ObserveSettings.model_validate(told), "test"):
        for number in range(count):
            tracing.record("x", "server", TRACE, number + 1, 1)
        ended = time.monotonic()
    return time.monotonic() - ended


def lost(*reasons: str) -> float:
    return sum(
        counted("wxdesk_spans_lost_total", reason=reason) for reason in reasons or ("refused", "full", "stopped")
    )


async def test_what_a_collector_takes_is_not_lost(listener: Collector) -> None:
    before = lost()
    with capture_logs() as logs:
        await asyncio.to_thread(record, listener.url, 100)
    assert len(listener.spans) == 100
    assert lost() == before
    assert logs == []


async def test_a_collector_that_never_answers_costs_all_spans_and_no_time(listener: Collector) -> None:
    """Without a bound on waiting, its batches would be tried one after the other, five seconds each."""
    listener.slow = True
    before, full = lost(), lost("full")
    with capture_logs() as logs:
        took = await asyncio.to_thread(record, listener.url, MANY)
    assert lost() - before == MANY
    assert MANY - WAITING_MOST - BATCH <= lost("full") - full <= MANY - WAITING_MOST
    assert took < NO_HANG_SECONDS
    assert {entry["event"] for entry in logs} == {"spans_lost"}
    assert len(logs) == 3, "the first one at once, then one for each reason"
    assert sum(entry["count"] for entry in logs) == MANY


@pytest.mark.parametrize("status", [400, 500, 503])
async def test_what_a_collector_refuses_is_counted(listener: Collector, status: int) -> None:
    listener.status = status
    before = lost()
    with capture_logs() as logs:
        await asyncio.to_thread(record, listener.url, 10)
    assert listener.asked >= 1
    assert lost() - before == 10
    assert sum(entry["count"] for entry in logs) == 10
    assert listener.spans == []


async def test_nobody_there_is_no_failure_of_ours() -> None:
    before = lost()
    await asyncio.to_thread(record, "http://127.0.0.1:1", 10)
    assert lost() - before == 10


async def test_a_collector_hears_its_key_and_nobody_else_does(listener: Collector) -> None:
    with capture_logs() as logs:
        await asyncio.to_thread(record, listener.url, 1, otel_exporter_otlp_headers="X-API-Key=s%2C3cret")
        listener.status = 401
        await asyncio.to_thread(record, listener.url, 1, otel_exporter_otlp_headers="X-API-Key=s%2C3cret")
    assert listener.keys == {"s,3cret"}
    assert logs
    assert "3cret" not in str(logs)


def test_headers_are_read_as_the_variable_writes_them() -> None:
    assert collector_headers("") == {}
    assert collector_headers(" Authorization=Basic dTpw==, x-tenant=a%20b ,") == {
        "authorization": "Basic dTpw==",
        "x-tenant": "a b",
    }


@pytest.mark.parametrize("wrong", ["s3cret", "a b=s3cret", "=s3cret", "key=s3cret%0Ax", "key=s3cret%0D%0AHost: x"])
def test_headers_that_are_none_are_refused_untold(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", wrong)
    with pytest.raises(SettingsRefused, match="OTEL_EXPORTER_OTLP_HEADERS") as refused:
        read_settings(ObserveSettings)
    assert "s3cret" not in str(refused.value)
