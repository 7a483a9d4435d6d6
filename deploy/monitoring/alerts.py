"""The alerts: what somebody must look at, and how soon. Each has its page in `docs/runbooks/`.

`critical` wants a person now: customers are not served, or something is lost. `warning` wants one today.
"""

from typing import Final, Literal, NamedTuple

RUNBOOKS: Final = "docs/runbooks"
"""Relative on purpose: where the pages are published differs, and the component `monitoring` says it."""
SERVICES: Final = ("gateway", "router", "sender", "bot", "console")
_OURS: Final = "|".join(SERVICES)


class Alert(NamedTuple):
    """`expr` holds for as long as `lasts` before anybody is told."""

    name: str
    expr: str
    lasts: str
    severity: Literal["critical", "warning"]
    summary: str
    description: str

    @property
    def runbook(self) -> str:
        return f"{RUNBOOKS}/{self.name}.md"


class Group(NamedTuple):
    name: str
    alerts: tuple[Alert, ...]


def _share(name: str, which: str) -> str:
    """Of the counter's rate, the share that these matchers choose; absent where nothing is counted."""
    return f"sum by (namespace) (rate({name}{{{which}}}[5m])) / (sum by (namespace) (rate({name}[5m])) > 0)"


def _slow(part: float, name: str, by: str = "namespace") -> str:
    return f"histogram_quantile({part}, sum by ({by}, le) (rate({name}_bucket[5m])))"


GATEWAY: Final = Group(
    "wxdesk-gateway",
    (
        Alert(
            "WxdeskPushesLate",
            "sum by (namespace) (increase(gateway_pushes_late_total[10m])) > 0",
            "0m",
            "critical",
            "Pushes were answered after WeChat's 5 s",
            "{{ $value | humanize }} pushes of the last 10 minutes were answered too late; their customers may have "
            "seen an error.",
        ),
        Alert(
            "WxdeskAckSlow",
            f"{_slow(0.99, 'gateway_push_seconds')} > 1",
            "5m",
            "warning",
            "Pushes are answered slowly",
            "99 of 100 pushes are answered within {{ $value | humanizeDuration }}; WeChat waits 5 s.",
        ),
        Alert(
            "WxdeskPushesTurnedAway",
            'sum by (namespace) (rate(gateway_pushes_total{status="503"}[2m])) > 0',
            "1m",
            "critical",
            "Pushes are answered 503",
            "Nothing takes pushes: neither RabbitMQ nor MongoDB, or the spool is full. WeChat repeats a push a few "
            "times within 15 s; after that it is lost.",
        ),
        Alert(
            "WxdeskSpoolNotEmpty",
            "max by (namespace) (gateway_spool_rows) > 0",
            "5m",
            "warning",
            "Pushes wait in the spool",
            "{{ $value | humanize }} pushes wait in MongoDB because RabbitMQ does not take them; agents do not see "
            "them yet.",
        ),
        Alert(
            "WxdeskSpoolOld",
            "max by (namespace) (gateway_spool_oldest_seconds) > 600",
            "1m",
            "critical",
            "Pushes have waited in the spool for over 10 minutes",
            "The oldest has waited for {{ $value | humanizeDuration }}.",
        ),
    ),
)

ROUTER: Final = Group(
    "wxdesk-router",
    (
        Alert(
            "WxdeskNothingAssigned",
            "sum by (namespace) (rate(router_sweeps_total[2m])) == 0 and on (namespace) "
            'group by (namespace) (wxdesk_build_info{service="router"})',
            "2m",
            "critical",
            "No router looks along the line",
            "Routers run, but none holds the queue offers.v1: nobody is assigned, and probably no fact is decided.",
        ),
        Alert(
            "WxdeskQueueOld",
            f"{_slow(0.95, 'wxdesk_queue_age_seconds', 'namespace, queue')} > 30",
            "5m",
            "warning",
            "Messages are old when they are taken from {{ $labels.queue }}",
            "5 of 100 messages have waited longer than {{ $value | humanizeDuration }}.",
        ),
        Alert(
            "WxdeskQueueBacklog",
            "sum by (namespace) (rabbitmq_queue_messages_ready) > 5000",
            "5m",
            "warning",
            "Messages pile up in RabbitMQ",
            "{{ $value | humanize }} messages are ready and not taken.",
        ),
        Alert(
            "WxdeskTimersLate",
            f"{_slow(0.95, 'router_timer_lag_seconds')} > 30",
            "5m",
            "warning",
            "Timers are told late",
            "5 of 100 are later than {{ $value | humanizeDuration }}: hand-offs, words to those who wait and closings "
            "come late.",
        ),
        Alert(
            "WxdeskMessagesSetAside",
            "max by (namespace) (router_dead_messages) > 0",
            "1m",
            "warning",
            "Messages are set aside",
            "{{ $value | humanize }} messages could not be read or decided, and nobody has dealt with them.",
        ),
        Alert(
            "WxdeskLedgerMisses",
            "sum by (namespace, app_id) (increase(router_ledger_misses_total[1h])) > 2",
            "0m",
            "warning",
            "WeChat closes windows of {{ $labels.app_id }} that our ledger has open",
            "{{ $value | humanize }} sends of the last hour were refused for a quota that should not be used up.",
        ),
        Alert(
            "WxdeskCustomersWaitTooLong",
            "max by (namespace, app_id) (router_line_late) > 0",
            "10m",
            "warning",
            "Customers of {{ $labels.app_id }} wait too long",
            "{{ $value | humanize }} sessions wait longer than the app's target, in its working hours.",
        ),
    ),
)

SENDER: Final = Group(
    "wxdesk-sender",
    (
        Alert(
            "WxdeskUnknownOutcomes",
            'sum by (namespace, app_id) (increase(sender_sends_total{outcome="unknown"}[15m])) > 2',
            "0m",
            "warning",
            "Sends of {{ $labels.app_id }} end without an answer",
            "Of {{ $value | humanize }} sends of the last 15 minutes nobody can say whether they arrived.",
        ),
        Alert(
            "WxdeskLaneClosed",
            "max by (namespace, app_id, code) (sender_lane_closed) > 0",
            "2m",
            "warning",
            "Nothing goes out for {{ $labels.app_id }}",
            "WeChat answered {{ $labels.code }}; sends wait until the lane opens again.",
        ),
        Alert(
            "WxdeskTokenFailing",
            "max by (namespace, app_id) (sender_token_failures) > 0",
            "5m",
            "critical",
            "No access token for {{ $labels.app_id }}",
            "Getting one has failed {{ $value | humanize }} times in a row; once the last one ends nothing is sent.",
        ),
        Alert(
            "WxdeskBreakerOpen",
            "max by (namespace, account, app_id) (sender_vendor_breaker_open) > 0",
            "1m",
            "warning",
            "The vendor account {{ $labels.account }} is out of service",
            "Nothing of {{ $labels.app_id }} goes there; its customers are served as the app's settings say.",
        ),
    ),
)

CONSOLE: Final = Group(
    "wxdesk-console",
    (
        Alert(
            "WxdeskConsoleFailing",
            _share("console_requests_total", 'status=~"5.."') + " > 0.05",
            "5m",
            "critical",
            "The console answers with errors",
            "{{ $value | humanizePercentage }} of its answers are 5xx: agents cannot work.",
        ),
        Alert(
            "WxdeskFeedLate",
            f"{_slow(0.95, 'console_feed_lag_seconds')} > 2.5",
            "5m",
            "warning",
            "Desks hear late of what happens",
            "5 of 100 changes take longer than {{ $value | humanizeDuration }} to be shown.",
        ),
    ),
)

SERVERS: Final = Group(
    "wxdesk-servers",
    (
        Alert(
            "WxdeskRabbitMQUnreachable",
            "min by (namespace, pod) (wxdesk_rabbitmq_connected) == 0",
            "1m",
            "critical",
            "{{ $labels.pod }} does not reach RabbitMQ",
            "A connection is gone for a minute. If all processes say so, RabbitMQ is away and pushes are spooled.",
        ),
        Alert(
            "WxdeskMongoDBUnreachable",
            "sum by (namespace) (rate(wxdesk_mongodb_failures_total[2m])) > 0",
            "3m",
            "critical",
            "MongoDB does not answer",
            "{{ $value | humanize }} operations a second fail: nothing is decided, sent or shown.",
        ),
        Alert(
            "WxdeskRabbitMQAlarm",
            "max by (namespace) (rabbitmq_alarms_memory_used_watermark) > 0 or "
            "max by (namespace) (rabbitmq_alarms_free_disk_space_watermark) > 0",
            "0m",
            "critical",
            "RabbitMQ takes nothing more",
            "It has too little memory or disk left, and blocks whoever publishes.",
        ),
        Alert(
            "WxdeskProcessHeldUp",
            f"{_slow(0.95, 'wxdesk_event_loop_lag_seconds', 'namespace, pod')} > 0.25",
            "10m",
            "warning",
            "{{ $labels.pod }} gets too little CPU",
            "It is late by more than {{ $value | humanizeDuration }} for 5 of 100 things it wants to do.",
        ),
    ),
)

KUBERNETES: Final = Group(
    "wxdesk-kubernetes",
    (
        Alert(
            "WxdeskServiceDown",
            " or ".join(f'absent(wxdesk_build_info{{service="{service}"}})' for service in SERVICES),
            "2m",
            "critical",
            "No {{ $labels.service }} is running",
            "Prometheus finds no process of it.",
        ),
        Alert(
            "WxdeskReplicasNotReady",
            "max by (namespace, deployment) (kube_deployment_status_replicas_unavailable"
            f'{{deployment=~"{_OURS}"}}) > 0 and on (namespace) group by (namespace) (wxdesk_build_info)',
            "10m",
            "warning",
            "Replicas of {{ $labels.deployment }} are not ready",
            "{{ $value | humanize }} of them are missing or not ready for 10 minutes.",
        ),
        Alert(
            "WxdeskRestartLoop",
            "sum by (namespace, pod, container) (increase(kube_pod_container_status_restarts_total"
            f'{{container=~"{_OURS}"}}[30m])) > 3 and on (namespace) group by (namespace) (wxdesk_build_info)',
            "0m",
            "critical",
            "{{ $labels.pod }} restarts again and again",
            "{{ $value | humanize }} restarts within 30 minutes.",
        ),
        Alert(
            "WxdeskMixedReleases",
            "count by (namespace) (count by (namespace, version) (wxdesk_build_info)) > 1",
            "1h",
            "warning",
            "Two releases run side by side",
            "An upgrade began over an hour ago and has not ended.",
        ),
    ),
)

GROUPS: Final = (GATEWAY, ROUTER, SENDER, CONSOLE, SERVERS, KUBERNETES)
ALERTS: Final = tuple(alert for group in GROUPS for alert in group.alerts)
