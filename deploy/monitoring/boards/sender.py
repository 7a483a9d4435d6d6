"""What goes out."""

from typing import Final

from deploy.monitoring.boards.charts import (
    COUNT,
    OUTCOMES,
    PER_SECOND,
    SECONDS,
    ages,
)
from deploy.monitoring.expressions import chosen, rate_by
from deploy.monitoring.panels import Chart, Dashboard, Limits, Query, Row

SENDER: Final = Dashboard(
    "wxdesk-sender",
    "Sender and vendors",
    "What goes out to customers and to vendors, and what stands in its way.",
    [
        Row(
            "To customers",
            [
                OUTCOMES,
                Chart(
                    "Attempts by answer",
                    "Each call of WeChat's send API: sent, or the code of the failure.",
                    PER_SECOND,
                    [Query(rate_by("outcome", "sender_attempts_total"), "{{outcome}}")],
                    stacked=True,
                ),
                Chart("Time of an attempt", "WeChat's own.", SECONDS, ages("sender_attempt_seconds"), Limits(1, 3)),
            ],
        ),
        Row(
            "Held up",
            [
                Chart(
                    "Put off by reason",
                    "Sends that wait in the collection: gate, rate, token, unavailable, busy.",
                    PER_SECOND,
                    [Query(rate_by("reason", "sender_deferred_total"), "{{reason}}")],
                    stacked=True,
                ),
                Chart(
                    "Age of sends when taken",
                    "Between publishing and taking.",
                    SECONDS,
                    ages("wxdesk_queue_age_seconds", matchers='queue="sender"'),
                    Limits(5, 30),
                ),
                Chart(
                    "Lanes closed",
                    "1 while nothing of the app goes out, by WeChat's code; 45009 is the day's quota.",
                    COUNT,
                    [Query(f"max by (app_id, code) ({chosen('sender_lane_closed')})", "{{app_id}} {{code}}")],
                    Limits(1, 1),
                ),
            ],
        ),
        Row(
            "Access tokens",
            [
                Chart(
                    "Failures in a row by app",
                    "Absent while it works.",
                    COUNT,
                    [Query(f"max by (app_id) ({chosen('sender_token_failures')})", "{{app_id}}")],
                    Limits(1, 3),
                ),
                Chart(
                    "Tokens end in",
                    "Renewed in their last five minutes. A line that falls to 0 was not renewed, or not needed.",
                    SECONDS,
                    [
                        Query(
                            f"max by (app_id) ({chosen('sender_token_expires_timestamp_seconds')}) - time()",
                            "{{app_id}}",
                        )
                    ],
                ),
                Chart(
                    "Tokens asked for, 1 h",
                    "By how it ended. `forced` means that somebody else made our token invalid.",
                    COUNT,
                    [
                        Query(
                            f"sum by (verdict) (increase({chosen('sender_token_refreshes_total')}[1h]))", "{{verdict}}"
                        )
                    ],
                ),
            ],
        ),
        Row(
            "Vendors",
            [
                Chart(
                    "Breakers open",
                    "1 while nothing of the app goes to the vendor account.",
                    COUNT,
                    [
                        Query(
                            f"max by (account, app_id) ({chosen('sender_vendor_breaker_open')})",
                            "{{account}} {{app_id}}",
                        )
                    ],
                    Limits(1, 1),
                ),
                Chart(
                    "Calls by outcome",
                    "A second.",
                    PER_SECOND,
                    [
                        Query(
                            rate_by("vendor, account, outcome", "sender_vendor_calls_total"),
                            "{{vendor}} {{account}} {{outcome}}",
                        )
                    ],
                    stacked=True,
                ),
                Chart(
                    "Pushes of vendors by answer",
                    "A second.",
                    PER_SECOND,
                    [Query(rate_by("vendor, status", "gateway_vendor_pushes_total"), "{{vendor}} {{status}}")],
                    stacked=True,
                ),
                Chart(
                    "Pictures of customers",
                    "Copied before WeChat deletes them. `lost` ones are gone.",
                    PER_SECOND,
                    [Query(rate_by("verdict", "sender_media_copies_total"), "{{verdict}}")],
                    stacked=True,
                ),
            ],
        ),
    ],
)
