"""Units, and charts that stand on several dashboards."""

from typing import Final

from deploy.monitoring.expressions import chosen, quantile, rate_by
from deploy.monitoring.panels import Chart, Limits, Query

PER_SECOND: Final = "ops"
SECONDS: Final = "s"
COUNT: Final = "short"
SHARE: Final = "percentunit"
FAILED: Final = 'status=~"5.."'
BYTES: Final = "bytes"


def ages(name: str, by: str = "", matchers: str = "") -> list[Query]:
    """The middle and the slow end of a histogram."""
    legend = f" {{{{{by}}}}}" if by else ""
    return [
        Query(quantile(0.5, name, by, matchers), f"half within{legend}"),
        Query(quantile(0.99, name, by, matchers), f"99 of 100 within{legend}"),
    ]


ANSWERS: Final = Chart(
    "Pushes by answer",
    "A second, by what we answered. 200: taken; 503: WeChat is to come again; 403 and 400: refused for good.",
    PER_SECOND,
    [Query(rate_by("status", "gateway_pushes_total"), "{{status}}")],
    stacked=True,
)
ACK: Final = Chart(
    "Time to answer a push",
    "WeChat waits 5 s. Usual are milliseconds; above 1 s the broker or the machine is in trouble.",
    SECONDS,
    ages("gateway_push_seconds"),
    Limits(1, 5),
)
WAITING: Final = Chart(
    "Customers in line by app",
    "Sessions that wait for an agent, as the last look along the line found them.",
    COUNT,
    [Query(f"max by (app_id) ({chosen('router_line_waiting')})", "{{app_id}}")],
    stacked=True,
)
OUTCOMES: Final = Chart(
    "Sends by outcome",
    "A second. Refused is WeChat's word, expired is ours; of unknown ones nobody can say whether they arrived.",
    PER_SECOND,
    [Query(rate_by("outcome", "sender_sends_total"), "{{outcome}}")],
    stacked=True,
)
QUEUE_AGE: Final = Chart(
    "Age of what is taken from a queue",
    "Between publishing and taking. Usual is far below 1 s; it grows where a service is too slow, or was away.",
    SECONDS,
    [Query(quantile(0.99, "wxdesk_queue_age_seconds", "queue"), "{{queue}}")],
    Limits(5, 30),
)
LOOP_LAG: Final = Chart(
    "Event loop lag",
    "How late a process is for what it wanted to do. Above 0.5 s it has too little CPU, or something holds it up.",
    SECONDS,
    [Query(quantile(0.99, "wxdesk_event_loop_lag_seconds", "pod"), "{{pod}}")],
    Limits(0.1, 0.5),
)
MEMORY: Final = Chart(
    "Memory by process",
    "Resident memory of every process that Prometheus scrapes in the namespace.",
    BYTES,
    [Query(f"sum by (pod) ({chosen('process_resident_memory_bytes')})", "{{pod}}")],
)
