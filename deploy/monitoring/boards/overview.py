"""Whether customers are served, at one look."""

from typing import Final

from deploy.monitoring.boards.charts import (
    ACK,
    ANSWERS,
    COUNT,
    OUTCOMES,
    PER_SECOND,
    QUEUE_AGE,
    WAITING,
)
from deploy.monitoring.expressions import chosen, in_all, only, only_by_app, rate, rate_by
from deploy.monitoring.panels import Chart, Dashboard, Figure, Limits, Query, Row

OVERVIEW: Final = Dashboard(
    "wxdesk-overview",
    "Overview",
    "Whether customers are served.",
    [
        Row(
            "Now",
            [
                Figure("Pushes a second", "Taken from WeChat.", PER_SECOND, rate("gateway_pushes_total")),
                Figure(
                    "Late answers, 1 h",
                    "Pushes answered after WeChat's 5 s. It must be 0.",
                    COUNT,
                    in_all("gateway_pushes_late_total"),
                    Limits(1, 1),
                ),
                Figure("In line", "Sessions that wait for an agent.", COUNT, only_by_app("router_line_waiting")),
                Figure(
                    "Waiting too long",
                    "Past the target of their app, in its working hours.",
                    COUNT,
                    only_by_app("router_line_late"),
                    Limits(1, 10),
                ),
                Figure("Agents online", "Of all apps.", COUNT, only("router_agents_online")),
                Figure(
                    "Unknown sends, 1 h",
                    "Nobody can say whether they arrived.",
                    COUNT,
                    in_all("sender_sends_total", 'outcome="unknown"'),
                    Limits(1, 10),
                ),
                Figure(
                    "Set aside",
                    "Messages that nobody has dealt with: `wxdesk dead list`.",
                    COUNT,
                    only("router_dead_messages"),
                    Limits(1, 10),
                ),
                Figure(
                    "Spooled",
                    "Pushes that wait in MongoDB for RabbitMQ.",
                    COUNT,
                    only("gateway_spool_rows"),
                    Limits(1, 1000),
                ),
            ],
            height=4,
        ),
        Row(
            "From WeChat",
            [
                ANSWERS,
                ACK,
                Chart(
                    "Spool",
                    "Pushes that wait in MongoDB, and how many come to it a second, by reason. Usual is nothing.",
                    COUNT,
                    [
                        Query(only("gateway_spool_rows"), "waiting"),
                        Query(rate_by("reason", "gateway_spooled_total"), "{{reason}} a second"),
                    ],
                    Limits(1, 1000),
                ),
            ],
        ),
        Row(
            "Served by people",
            [
                WAITING,
                Chart(
                    "Agents: load and capacity",
                    "Of those online. Where the load meets the capacity, everybody else waits.",
                    COUNT,
                    [
                        Query(only("router_agents_load"), "load"),
                        Query(only("router_agents_capacity"), "capacity"),
                    ],
                ),
                Chart(
                    "Assignments",
                    "Claims on agents by how they ended, a second.",
                    PER_SECOND,
                    [Query(rate_by("verdict", "router_assignments_total"), "{{verdict}}")],
                    stacked=True,
                ),
            ],
        ),
        Row("To customers", [OUTCOMES, QUEUE_AGE]),
        Row(
            "Servers",
            [
                Chart(
                    "RabbitMQ: connections that stand",
                    "Two a process, one for publishing and one for consuming.",
                    COUNT,
                    [Query(f"sum by (link) ({chosen('wxdesk_rabbitmq_connected')})", "{{link}}")],
                ),
                Chart(
                    "MongoDB: operations without an answer",
                    "A second. A change of primary shows as a short peak.",
                    PER_SECOND,
                    [Query(rate("wxdesk_mongodb_failures_total"), "failures")],
                    Limits(0.1, 1),
                ),
                Chart(
                    "Processes by release",
                    "Two releases side by side are usual during an upgrade alone.",
                    COUNT,
                    [Query(f"count by (service, version) ({chosen('wxdesk_build_info')})", "{{service}} {{version}}")],
                    stacked=True,
                ),
            ],
        ),
    ],
)
