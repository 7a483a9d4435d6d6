"""Metrics of others that the dashboards and alerts use: each with the labels that they rely on, and no other.

RabbitMQ's are those of its plugin `rabbitmq_prometheus`, summed over all queues at `/metrics` and one series a queue at
`/metrics/per-object`; those of Kubernetes are kube-state-metrics'.
"""

from typing import Final

TARGET_LABELS: Final = frozenset({"namespace", "pod", "job", "instance", "container"})
"""What Prometheus' operator puts on everything it scrapes."""

FOREIGN: Final[dict[str, frozenset[str]]] = {
    "rabbitmq_queue_messages_ready": frozenset({"queue"}),
    "rabbitmq_queue_messages_unacked": frozenset({"queue"}),
    "rabbitmq_queue_consumers": frozenset({"queue"}),
    "rabbitmq_process_resident_memory_bytes": frozenset(),
    "rabbitmq_resident_memory_limit_bytes": frozenset(),
    "rabbitmq_disk_space_available_bytes": frozenset(),
    "rabbitmq_disk_space_available_limit_bytes": frozenset(),
    "rabbitmq_alarms_memory_used_watermark": frozenset(),
    "rabbitmq_alarms_free_disk_space_watermark": frozenset(),
    "rabbitmq_connections": frozenset(),
    "rabbitmq_channels": frozenset(),
    "rabbitmq_global_messages_received_total": frozenset(),
    "rabbitmq_global_messages_confirmed_total": frozenset(),
    "rabbitmq_global_messages_acknowledged_total": frozenset(),
    "rabbitmq_global_messages_redelivered_total": frozenset(),
    "kube_deployment_status_replicas_unavailable": frozenset({"deployment"}),
    "kube_pod_container_status_restarts_total": frozenset(),
    "process_resident_memory_bytes": frozenset(),
    "process_cpu_seconds_total": frozenset(),
}
