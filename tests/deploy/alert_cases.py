"""For each alert: what it tells of, and what it does not. Series are written as promtool reads them."""

from typing import Final, NamedTuple

NS: Final = 'namespace="wxdesk"'
MANY: Final = 400
"""Samples of a series, a minute apart: longer than any alert looks."""


class Case(NamedTuple):
    """Fires at `minute` with `told`, and stays quiet with each of `quiet`."""

    alert: str
    told: tuple[tuple[str, str], ...]
    quiet: tuple[tuple[tuple[str, str], ...], ...]
    minute: int = 30


def always(value: float) -> str:
    return f"{value}x{MANY}"


def growing(step: float) -> str:
    """A counter that grows by so much a minute."""
    return f"0+{step}x{MANY}"


def once(step: float) -> str:
    """A counter that grew long ago."""
    return f"0 {step} {step}x{MANY}"


def slow(name: str, labels: str, below: str, above: str) -> tuple[tuple[str, str], ...]:
    """A histogram whose observations all fall between two limits."""
    return (
        (f'{name}_bucket{{{labels}, le="{below}"}}', always(0)),
        (f'{name}_bucket{{{labels}, le="{above}"}}', growing(60)),
        (f'{name}_bucket{{{labels}, le="+Inf"}}', growing(60)),
    )


BUILD: Final = (f'wxdesk_build_info{{{NS}, service="router", version="1.0.0"}}', always(1))
SERVICES: Final = tuple(
    (f'wxdesk_build_info{{{NS}, service="{name}", version="1.0.0"}}', always(1))
    for name in ("gateway", "router", "sender", "bot", "console")
)

CASES: Final = (
    Case(
        "WxdeskPushesLate",
        ((f"gateway_pushes_late_total{{{NS}}}", growing(1)),),
        (((f"gateway_pushes_late_total{{{NS}}}", always(0)),), ((f"gateway_pushes_late_total{{{NS}}}", once(3)),)),
    ),
    Case(
        "WxdeskAckSlow",
        slow("gateway_push_seconds", NS, "1.0", "2.5"),
        (slow("gateway_push_seconds", NS, "0.005", "0.01"),),
    ),
    Case(
        "WxdeskPushesTurnedAway",
        ((f'gateway_pushes_total{{{NS}, status="503"}}', growing(1)),),
        (
            ((f'gateway_pushes_total{{{NS}, status="503"}}', always(0)),),
            ((f'gateway_pushes_total{{{NS}, status="200"}}', growing(9)),),
        ),
    ),
    Case(
        "WxdeskSpoolNotEmpty",
        ((f"gateway_spool_rows{{{NS}}}", always(7)),),
        (((f"gateway_spool_rows{{{NS}}}", always(0)),), ((f"gateway_spool_rows{{{NS}}}", f"0x27 7x2 0x{MANY}"),)),
    ),
    Case(
        "WxdeskSpoolOld",
        ((f"gateway_spool_oldest_seconds{{{NS}}}", always(700)),),
        (((f"gateway_spool_oldest_seconds{{{NS}}}", always(30)),),),
    ),
    Case(
        "WxdeskNothingAssigned",
        (BUILD, (f"router_sweeps_total{{{NS}}}", always(100))),
        ((BUILD, (f"router_sweeps_total{{{NS}}}", growing(60))), ((f"router_sweeps_total{{{NS}}}", always(100)),)),
    ),
    Case(
        "WxdeskQueueOld",
        slow("wxdesk_queue_age_seconds", f'{NS}, queue="sender"', "30.0", "60.0"),
        (slow("wxdesk_queue_age_seconds", f'{NS}, queue="sender"', "0.01", "0.05"),),
    ),
    Case(
        "WxdeskQueueBacklog",
        tuple((f'rabbitmq_queue_messages_ready{{{NS}, queue="router.v1.p0{n}"}}', always(3000)) for n in range(2)),
        (((f'rabbitmq_queue_messages_ready{{{NS}, queue="router.v1.p00"}}', always(3000)),),),
    ),
    Case(
        "WxdeskTimersLate",
        slow("router_timer_lag_seconds", NS, "30.0", "60.0"),
        (slow("router_timer_lag_seconds", NS, "0.5", "1.0"),),
    ),
    Case(
        "WxdeskMessagesSetAside",
        ((f"router_dead_messages{{{NS}}}", always(1)),),
        (((f"router_dead_messages{{{NS}}}", always(0)),),),
    ),
    Case(
        "WxdeskLedgerMisses",
        ((f'router_ledger_misses_total{{{NS}, app_id="wx1"}}', growing(1)),),
        (((f'router_ledger_misses_total{{{NS}, app_id="wx1"}}', once(1)),),),
    ),
    Case(
        "WxdeskCustomersWaitTooLong",
        ((f'router_line_late{{{NS}, app_id="wx1"}}', always(2)),),
        (
            ((f'router_line_late{{{NS}, app_id="wx1"}}', always(0)),),
            ((f'router_line_late{{{NS}, app_id="wx1"}}', f"0x25 2x{MANY}"),),
        ),
    ),
    Case(
        "WxdeskUnknownOutcomes",
        ((f'sender_sends_total{{{NS}, app_id="wx1", outcome="unknown"}}', growing(1)),),
        (
            ((f'sender_sends_total{{{NS}, app_id="wx1", outcome="unknown"}}', once(1)),),
            ((f'sender_sends_total{{{NS}, app_id="wx1", outcome="sent"}}', growing(60)),),
        ),
    ),
    Case(
        "WxdeskLaneClosed",
        ((f'sender_lane_closed{{{NS}, app_id="wx1", code="45009"}}', always(1)),),
        (((f'sender_lane_closed{{{NS}, app_id="wx1", code="45009"}}', "_x28 1 stale"),),),
    ),
    Case(
        "WxdeskTokenFailing",
        ((f'sender_token_failures{{{NS}, app_id="wx1"}}', always(4)),),
        (((f'sender_token_failures{{{NS}, app_id="wx1"}}', "_x27 1x1 stale"),),),
    ),
    Case(
        "WxdeskBreakerOpen",
        ((f'sender_vendor_breaker_open{{{NS}, account="qiyu", app_id="wx1"}}', always(1)),),
        (((f'sender_vendor_breaker_open{{{NS}, account="qiyu", app_id="wx1"}}', always(0)),),),
    ),
    Case(
        "WxdeskConsoleFailing",
        (
            (f'console_requests_total{{{NS}, status="500"}}', growing(10)),
            (f'console_requests_total{{{NS}, status="200"}}', growing(90)),
        ),
        (
            (
                (f'console_requests_total{{{NS}, status="500"}}', growing(1)),
                (f'console_requests_total{{{NS}, status="200"}}', growing(99)),
            ),
            ((f'console_requests_total{{{NS}, status="200"}}', always(0)),),
        ),
    ),
    Case(
        "WxdeskFeedLate",
        slow("console_feed_lag_seconds", NS, "2.5", "5.0"),
        (slow("console_feed_lag_seconds", NS, "0.05", "0.1"),),
    ),
    Case(
        "WxdeskRabbitMQUnreachable",
        (
            (f'wxdesk_rabbitmq_connected{{{NS}, pod="router-1", link="publish"}}', always(1)),
            (f'wxdesk_rabbitmq_connected{{{NS}, pod="router-1", link="consume"}}', always(0)),
        ),
        (
            ((f'wxdesk_rabbitmq_connected{{{NS}, pod="router-1", link="publish"}}', always(1)),),
            ((f'wxdesk_rabbitmq_connected{{{NS}, pod="router-1", link="publish"}}', f"1x29 0x0 1x{MANY}"),),
        ),
    ),
    Case(
        "WxdeskMongoDBUnreachable",
        ((f"wxdesk_mongodb_failures_total{{{NS}}}", growing(5)),),
        (
            ((f"wxdesk_mongodb_failures_total{{{NS}}}", always(4)),),
            ((f"wxdesk_mongodb_failures_total{{{NS}}}", f"0x28 9x{MANY}"),),
        ),
    ),
    Case(
        "WxdeskRabbitMQAlarm",
        ((f"rabbitmq_alarms_free_disk_space_watermark{{{NS}}}", always(1)),),
        (
            (
                (f"rabbitmq_alarms_free_disk_space_watermark{{{NS}}}", always(0)),
                (f"rabbitmq_alarms_memory_used_watermark{{{NS}}}", always(0)),
            ),
        ),
    ),
    Case(
        "WxdeskProcessHeldUp",
        slow("wxdesk_event_loop_lag_seconds", f'{NS}, pod="router-1"', "0.25", "0.5"),
        (slow("wxdesk_event_loop_lag_seconds", f'{NS}, pod="router-1"', "0.001", "0.0025"),),
    ),
    Case("WxdeskServiceDown", SERVICES[1:], (SERVICES,)),
    Case(
        "WxdeskReplicasNotReady",
        (BUILD, (f'kube_deployment_status_replicas_unavailable{{{NS}, deployment="router"}}', always(1))),
        (
            (BUILD, (f'kube_deployment_status_replicas_unavailable{{{NS}, deployment="router"}}', always(0))),
            (BUILD, (f'kube_deployment_status_replicas_unavailable{{{NS}, deployment="else"}}', always(1))),
            ((f'kube_deployment_status_replicas_unavailable{{{NS}, deployment="router"}}', always(1)),),
        ),
    ),
    Case(
        "WxdeskRestartLoop",
        (BUILD, (f'kube_pod_container_status_restarts_total{{{NS}, pod="router-1", container="router"}}', growing(1))),
        ((BUILD, (f'kube_pod_container_status_restarts_total{{{NS}, pod="router-1", container="router"}}', once(1))),),
    ),
    Case(
        "WxdeskMixedReleases",
        (BUILD, (f'wxdesk_build_info{{{NS}, service="bot", version="1.1.0"}}', always(1))),
        ((BUILD, (f'wxdesk_build_info{{{NS}, service="bot", version="1.0.0"}}', always(1))),),
        minute=90,
    ),
)
