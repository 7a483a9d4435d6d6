"""What agents feel."""

from typing import Final

from deploy.monitoring.boards.charts import (
    COUNT,
    FAILED,
    MEMORY,
    PER_SECOND,
    SECONDS,
    SHARE,
    ages,
)
from deploy.monitoring.expressions import SPAN, chosen, part, rate_by
from deploy.monitoring.panels import Chart, Dashboard, Limits, Query, Row

CONSOLE: Final = Dashboard(
    "wxdesk-console",
    "Console",
    "What agents feel.",
    [
        Row(
            "Requests",
            [
                Chart(
                    "Requests by status",
                    "A second.",
                    PER_SECOND,
                    [Query(rate_by("status", "console_requests_total"), "{{status}}")],
                    stacked=True,
                ),
                Chart(
                    "Share that failed",
                    "Answered with 5xx.",
                    SHARE,
                    [
                        Query(
                            part(
                                f"sum(rate({chosen('console_requests_total', FAILED)}[{SPAN}]))",
                                f"sum(rate({chosen('console_requests_total')}[{SPAN}]))",
                            ),
                            "5xx",
                        )
                    ],
                    Limits(0.01, 0.05),
                ),
            ],
        ),
        Row(
            "Live",
            [
                Chart(
                    "Sockets by replica",
                    "Open desks and other listeners.",
                    COUNT,
                    [Query(f"sum by (pod) ({chosen('console_sockets')}) > 0", "{{pod}}")],
                    stacked=True,
                ),
                Chart(
                    "From decision to desk",
                    "How long a change takes to be told. A lost hint is found within seconds and not counted here.",
                    SECONDS,
                    ages("console_feed_lag_seconds"),
                    Limits(1, 5),
                ),
                Chart(
                    "Frames by type",
                    "A second, to all sockets. Many `reset` mean that desks load everything again.",
                    PER_SECOND,
                    [Query(rate_by("type", "console_frames_total"), "{{type}}")],
                    stacked=True,
                ),
            ],
        ),
        Row(
            "To others",
            [
                Chart(
                    "Webhook calls",
                    "A second.",
                    PER_SECOND,
                    [Query(rate_by("verdict", "console_webhook_calls_total"), "{{verdict}}")],
                    stacked=True,
                ),
                Chart(
                    "Chat robots",
                    "Groups told of customers who wait, a second.",
                    PER_SECOND,
                    [Query(rate_by("verdict", "console_notifier_calls_total"), "{{verdict}}")],
                    stacked=True,
                ),
                Chart(
                    "Bot turns by verdict",
                    "Answered by which rule; `late` ones were past their deadline.",
                    PER_SECOND,
                    [Query(rate_by("verdict", "bot_turns_total"), "{{verdict}}")],
                    stacked=True,
                ),
                MEMORY,
            ],
        ),
    ],
)
