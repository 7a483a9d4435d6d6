"""docs/metrics.md against the code, and the code against what is said of it."""

import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from deploy.monitoring import catalogue
from deploy.monitoring.catalogue import families, page
from shared.observe import metrics
from shared.observe.lapsing import LapsingGauge, RecentCount

ROOT = Path(__file__).parents[2]
SERVICES = {"gateway", "router", "sender", "bot", "console", "wxdesk"}
FORBIDDEN = {"openid", "conversation_id", "agent_id", "message_id", "trace_id", "agent", "conversation"}


def test_the_page_is_as_the_code_says() -> None:
    assert (ROOT / "docs" / "metrics.md").read_text() == page(), "run `make metrics`"


def test_a_metric_more_makes_the_page_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    more = Counter("gateway_oddities", "What is odd", ["app_id"], registry=CollectorRegistry())
    monkeypatch.setattr(metrics, "gateway_oddities_total", more, raising=False)
    row = "| `gateway_oddities_total` | counter | count | `app_id` | gateway | What is odd |\n"
    assert page() == (ROOT / "docs" / "metrics.md").read_text() + row


def test_names_begin_with_their_service_and_end_in_their_unit() -> None:
    for family in families():
        assert family.name.partition("_")[0] in SERVICES, family.name
        assert re.fullmatch(r"[a-z][a-z0-9_]*", family.name)
        assert family.name.endswith("_total") == (family.kind == "counter"), family.name


def test_no_label_names_a_person_or_what_they_say() -> None:
    for family in families():
        assert not FORBIDDEN & set(family.labels), family.name


def test_every_metric_of_the_module_is_listed_by_its_own_name() -> None:
    kinds = (Counter, Gauge, Histogram, LapsingGauge, RecentCount)
    defined = {name for name, one in vars(metrics).items() if isinstance(one, kinds)}
    assert {family.name for family in families()} == defined


def test_a_histogram_has_three_series_and_only_buckets_have_limits() -> None:
    (push,) = [family for family in families() if family.name == "gateway_push_seconds"]
    assert push.series == {
        "gateway_push_seconds_bucket": frozenset({"le"}),
        "gateway_push_seconds_sum": frozenset(),
        "gateway_push_seconds_count": frozenset(),
    }
    assert (push.unit, push.service) == ("seconds", "gateway")


def test_what_every_service_exports_is_said_to_be() -> None:
    everybody = {family.name for family in families() if family.service == catalogue.EVERY_SERVICE}
    assert "wxdesk_build_info" in everybody
    assert "gateway_pushes_total" not in everybody
