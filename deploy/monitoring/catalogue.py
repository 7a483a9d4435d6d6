"""Every metric that wxdesk exports, read from the code that exports it; and the page that lists them."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from prometheus_client import Counter, Gauge, Histogram

from shared.observe import metrics
from shared.observe.lapsing import LapsingGauge, RecentCount

Measured = Counter | Gauge | Histogram | LapsingGauge | RecentCount

EVERY_SERVICE: Final = "every service"
_SUFFIXES: Final = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_sum", "_count"),
}
_UNITS: Final = {"_timestamp_seconds": "Unix time", "_seconds": "seconds", "_connected": "0 or 1", "_open": "0 or 1"}
"""By how a name ends; everything else counts what its name says."""


class Family(NamedTuple):
    """One metric. `name` is how a query names it, but for a histogram's suffixes."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str

    @property
    def unit(self) -> str:
        return next((unit for end, unit in _UNITS.items() if self.name.endswith(end)), "count")

    @property
    def service(self) -> str:
        """Who sets it. All processes share the code, so that others may show it as 0."""
        service = self.name.partition("_")[0]
        return EVERY_SERVICE if service == "wxdesk" else service

    @property
    def series(self) -> dict[str, frozenset[str]]:
        """The names that a query may use, each with its labels."""
        suffixes = ("",) if self.kind == "counter" else _SUFFIXES[self.kind]
        return {self.name + end: frozenset({*self.labels, *(["le"] if end == "_bucket" else [])}) for end in suffixes}


def families() -> list[Family]:
    """In the order in which the code has them."""
    return [_family(one) for one in vars(metrics).values() if isinstance(one, Measured)]


def page() -> str:
    """`docs/metrics.md`, whole."""
    return _HEAD + "\n".join(_rows()) + "\n"


def _family(metric: Measured) -> Family:
    (told,) = metric.describe()
    labels: tuple[str, ...] = (
        metric.labels if isinstance(metric, LapsingGauge | RecentCount) else tuple(metric._labelnames)  # noqa: SLF001
    )
    name = told.name + "_total" if told.type == "counter" else told.name
    return Family(name, told.type, labels, told.documentation)


def _rows() -> Iterator[str]:
    yield "| metric | type | unit | labels | exported by | meaning |"
    yield "|---|---|---|---|---|---|"
    for one in families():
        labels = ", ".join(f"`{label}`" for label in one.labels) or "–"
        yield f"| `{one.name}` | {one.kind} | {one.unit} | {labels} | {one.service} | {one.meaning} |"


_HEAD: Final = """# Metrics

Every process answers `GET /metrics` on its ops port, in Prometheus' text format. This page is made from
`shared/observe/metrics.py`; after a change there, `make metrics` writes it anew, together with the dashboards and the
alert rules in `deploy/monitoring/`.

- **Labels are few.** An app, a vendor account, an outcome, a code; never a customer, a conversation, a message or an
  agent.
- **A histogram** has `_bucket` (with the label `le`), `_sum` and `_count`.
- **Some gauges are absent.** What only one replica knows at a time (the line, the agents, what is set aside) is
  exported by whoever measured it a moment ago, and by nobody when nobody did. An app without anybody in line has no
  series, so write `sum(max by (app_id) (router_line_waiting)) or vector(0)`.
- **Counters begin at 0 with each process**: use `rate` or `increase`. All processes share the code, so each shows
  every counter that has no labels, and only those of its own service move.
- **Ages across machines** (`wxdesk_queue_age_seconds`, `router_timer_lag_seconds`, `console_feed_lag_seconds`)
  compare two clocks; what would be negative is counted as 0. `wxdesk doctor` compares the clocks.
- Beside these there are Python's and the process's own: `process_resident_memory_bytes`,
  `process_cpu_seconds_total`, `python_gc_collections_total` and their like.

"""
