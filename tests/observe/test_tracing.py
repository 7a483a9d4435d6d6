"""Spans without a collector: their ids hold across crashes, and nothing unasked gets into them."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from shared.clock import real_now
from shared.contracts import AgentChanged
from shared.conversation.commands import AskBot
from shared.conversation.content import Text
from shared.conversation.facts import MessageReceived
from shared.observe import tracing
from shared.observe.otlp import traced
from shared.settings import ObserveSettings, SettingsRefused, read_settings

TRACE = "0af7651916cd43dd8448eb211c80319c"
TURN = AskBot(
    conversation_id="c", app_id="wx", trace_id=TRACE, session=1, turn=2, inputs=("你好",), deadline=real_now()
)
FACT = MessageReceived(
    conversation_id="c", app_id="wx", cause="m:1", occurred_at=real_now(), trace_id=TRACE, openid="o", msg_id="1",
    content=Text(text="你好"),
)  # fmt: skip


@pytest.fixture
def recorded() -> Iterator[list[tracing.Span]]:
    spans: list[tracing.Span] = []
    tracing.trace_to(tracing.Sink(lambda _: True, spans.append))
    yield spans
    tracing.trace_to(None)


def test_the_trace_of_a_push_is_the_id_in_the_logs(recorded: list[tracing.Span]) -> None:
    assert tracing.traceparent(FACT) == f"00-{TRACE}-{tracing.told(FACT):016x}-01"
    assert recorded == []


def test_a_readable_trace_id_has_a_trace_of_its_own() -> None:
    assert tracing.trace_number("timer-abc") == tracing.trace_number("timer-abc") != tracing.trace_number("timer-abd")


def test_what_is_read_again_has_the_same_span(recorded: list[tracing.Span]) -> None:
    again = AskBot.model_validate_json(TURN.model_dump_json())
    assert tracing.traceparent(again) == tracing.traceparent(TURN)
    assert tracing.sent_on(again) != tracing.sent_on(TURN.model_copy(update={"turn": 3}))
    assert recorded == []


def test_what_nobody_records_has_no_parent_to_name(recorded: list[tracing.Span]) -> None:
    assert tracing.traceparent(AgentChanged(agent_id="a", trace_id=TRACE)) is None
    assert recorded == []


def test_a_key_without_a_meaning_is_refused(recorded: list[tracing.Span]) -> None:
    with pytest.raises(KeyError, match="openid"):
        tracing.record("x", "server", TRACE, 1, 1, openid="o")
    assert recorded == []


def test_off_nothing_is_said_or_imported() -> None:
    assert tracing.traceparent(FACT) is None
    assert tracing.now() == 0
    every = ", ".join(f"services.{name}.app" for name in ("gateway", "router", "sender", "bot", "console"))
    code = f"import {every}, sys; sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(("sampler", "share", "flag"), [("always_off", 1.0, "00"), ("traceidratio", 0.0, "00"),
                                                        ("parentbased_traceidratio", 1.0, "01")])  # fmt: skip
def test_a_trace_is_chosen_by_its_id_alone(sampler: str, share: float, flag: str) -> None:
    told = {"otel_traces_sampler": sampler, "otel_traces_sampler_arg": share}
    settings = ObserveSettings.model_validate({"otel_exporter_otlp_endpoint": "http://127.0.0.1:9", **told})
    with traced(settings, "test"):
        header = tracing.traceparent(FACT)
    assert header is not None
    assert header.endswith(flag)


def test_a_collector_must_be_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")
    with pytest.raises(SettingsRefused, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        read_settings(ObserveSettings)
