"""Facts and decisions."""

from typing import Final

from deploy.monitoring.boards.charts import (
    COUNT,
    LOOP_LAG,
    PER_SECOND,
    SECONDS,
    ages,
)
from deploy.monitoring.expressions import chosen, mean, quantile, rate, rate_by
from deploy.monitoring.panels import Chart, Dashboard, Limits, Query, Row

ROUTER: Final = Dashboard(
    "wxdesk-router",
    "Router",
    "Facts in, decisions out: how fast, how old, and what went wrong.",
    [
        Row(
            "Facts",
            [
                Chart(
                    "Facts decided by kind",
                    "A second. A served message is about three: received, answered, settled.",
                    PER_SECOND,
                    [Query(rate_by("kind", "router_facts_total", 'verdict="decided"'), "{{kind}}")],
                    stacked=True,
                ),
                Chart(
                    "Facts known already",
                    "Told again, and deciding nothing: after a restart, or when WeChat repeats its pushes.",
                    PER_SECOND,
                    [Query(rate_by("kind", "router_facts_total", 'verdict="known"'), "{{kind}}")],
                    stacked=True,
                ),
                Chart(
                    "Age of facts when taken",
                    "Between publishing and taking.",
                    SECONDS,
                    ages("wxdesk_queue_age_seconds", matchers='queue="router"'),
                    Limits(5, 30),
                ),
            ],
        ),
        Row(
            "Batches",
            [
                Chart(
                    "Time of a batch",
                    "From taking to acknowledging.",
                    SECONDS,
                    ages("router_batch_seconds"),
                    Limits(1, 5),
                ),
                Chart(
                    "Facts in a batch",
                    "They grow under load, which is what makes the router faster then.",
                    COUNT,
                    [
                        Query(mean("router_batch_facts"), "on average"),
                        Query(quantile(0.99, "router_batch_facts"), "99 of 100 below"),
                    ],
                ),
                Chart(
                    "Partitions by replica",
                    "From which it took facts within five minutes. Uneven is usual on RabbitMQ 3, and after a restart.",
                    COUNT,
                    [Query(f"sum by (pod) ({chosen('router_partitions_active')}) > 0", "{{pod}}")],
                    stacked=True,
                ),
            ],
        ),
        Row(
            "Assignment and timers",
            [
                Chart(
                    "Looks along the line",
                    "About one a second; at 0 nobody assigns.",
                    PER_SECOND,
                    [Query(rate("router_sweeps_total"), "sweeps")],
                ),
                Chart(
                    "Longest wait by app",
                    "Day and night. Who is late by the app's own hours is on the overview.",
                    SECONDS,
                    [Query(f"max by (app_id) ({chosen('router_line_oldest_seconds')})", "{{app_id}}")],
                ),
                Chart(
                    "Timers told late by",
                    "From the instant a conversation was due. About a second is usual.",
                    SECONDS,
                    ages("router_timer_lag_seconds"),
                    Limits(10, 60),
                ),
            ],
        ),
        Row(
            "Trouble",
            [
                Chart(
                    "Set aside by kind, 1 h",
                    "Messages that could not be read or decided.",
                    COUNT,
                    [Query(f"sum by (kind) (increase({chosen('router_condemned_total')}[1h]))", "{{kind}}")],
                    Limits(1, 5),
                ),
                Chart(
                    "Ledger misses by app, 1 h",
                    "WeChat says that the window is closed where our books had it open.",
                    COUNT,
                    [Query(f"sum by (app_id) (increase({chosen('router_ledger_misses_total')}[1h]))", "{{app_id}}")],
                    Limits(1, 5),
                ),
                Chart(
                    "Races lost",
                    "Commits decided again. Some are usual when partitions change hands; many mean two writers.",
                    PER_SECOND,
                    [Query(rate("router_races_total"), "races")],
                    Limits(1, 10),
                ),
                LOOP_LAG,
            ],
        ),
    ],
)
