"""The broker."""

from typing import Final

from deploy.monitoring.boards.charts import (
    BYTES,
    COUNT,
    PER_SECOND,
    QUEUE_AGE,
)
from deploy.monitoring.expressions import chosen, rate, total
from deploy.monitoring.panels import Chart, Dashboard, Limits, Query, Row

RABBITMQ: Final = Dashboard(
    "wxdesk-rabbitmq",
    "RabbitMQ queues",
    "The broker as it sees itself. For a line a queue scrape `/metrics/per-object`; else there is one for all.",
    [
        Row(
            "Queues",
            [
                Chart(
                    "Ready by queue",
                    "Waiting to be taken. Usual is next to nothing.",
                    COUNT,
                    [Query(f"topk(20, sum by (queue) ({chosen('rabbitmq_queue_messages_ready')}))", "{{queue}}")],
                    Limits(1000, 10000),
                ),
                Chart(
                    "Taken and not acknowledged",
                    "At most a few hundred a queue: what is in hand.",
                    COUNT,
                    [Query(f"topk(20, sum by (queue) ({chosen('rabbitmq_queue_messages_unacked')}))", "{{queue}}")],
                ),
                Chart(
                    "Consumers by queue",
                    "Each replica listens on each partition; one of them is active.",
                    COUNT,
                    [Query(f"bottomk(20, sum by (queue) ({chosen('rabbitmq_queue_consumers')}))", "{{queue}}")],
                ),
            ],
        ),
        Row(
            "Flow",
            [
                Chart(
                    "Messages",
                    "A second, over all queues.",
                    PER_SECOND,
                    [
                        Query(rate("rabbitmq_global_messages_received_total"), "published"),
                        Query(rate("rabbitmq_global_messages_confirmed_total"), "confirmed"),
                        Query(rate("rabbitmq_global_messages_acknowledged_total"), "acknowledged"),
                    ],
                ),
                Chart(
                    "Redelivered",
                    "Given back: a service left, or MongoDB was away.",
                    PER_SECOND,
                    [Query(rate("rabbitmq_global_messages_redelivered_total"), "redelivered")],
                ),
                QUEUE_AGE,
            ],
        ),
        Row(
            "Nodes",
            [
                Chart(
                    "Memory and its limit",
                    "At the limit the broker takes nothing more, and pushes are spooled.",
                    BYTES,
                    [
                        Query(f"sum by (pod) ({chosen('rabbitmq_process_resident_memory_bytes')})", "{{pod}}"),
                        Query(f"min({chosen('rabbitmq_resident_memory_limit_bytes')})", "limit"),
                    ],
                ),
                Chart(
                    "Disk left and its limit",
                    "Below the limit the broker takes nothing more.",
                    BYTES,
                    [
                        Query(f"sum by (pod) ({chosen('rabbitmq_disk_space_available_bytes')})", "{{pod}}"),
                        Query(f"max({chosen('rabbitmq_disk_space_available_limit_bytes')})", "limit"),
                    ],
                ),
                Chart(
                    "Connections and channels",
                    "A connection for publishing and one for consuming a process, a channel a partition.",
                    COUNT,
                    [
                        Query(total("rabbitmq_connections"), "connections"),
                        Query(total("rabbitmq_channels"), "channels"),
                    ],
                ),
            ],
        ),
    ],
)
