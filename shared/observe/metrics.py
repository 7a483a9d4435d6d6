"""Every metric, with its unit in its name and its meaning in its help text."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from shared.observe.lapsing import LapsingGauge, RecentCount

_FAST: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_SLOW: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)

wxdesk_build_info = Gauge("wxdesk_build_info", "Always 1; which release the process is of", ["version", "service"])
wxdesk_event_loop_lag_seconds = Histogram(
    "wxdesk_event_loop_lag_seconds", "How late the process was for what it wanted to do, twice a second", buckets=_FAST
)
wxdesk_queue_age_seconds = Histogram(
    "wxdesk_queue_age_seconds",
    "From publishing a message to taking it from a queue of the group: router, offers, sender or bot",
    ["queue"],
    buckets=_SLOW,
)
wxdesk_rabbitmq_connected = Gauge(
    "wxdesk_rabbitmq_connected", "1 while the connection for publishing or consuming stands", ["link"]
)
wxdesk_rabbitmq_losses_total = Counter(
    "wxdesk_rabbitmq_losses", "Connections to RabbitMQ that broke or could not be opened", ["link"]
)
wxdesk_mongodb_failures_total = Counter(
    "wxdesk_mongodb_failures", "Operations that MongoDB did not answer or confirm in time"
)
wxdesk_spans_lost_total = Counter(
    "wxdesk_spans_lost",
    "Spans that no collector has: it refused them, too many waited for it, or the process stopped",
    ["reason"],
)

gateway_pushes_total = Counter("gateway_pushes", "Pushes answered, by what was answered", ["status"])
gateway_pushes_total.labels("503")  # there from the start, so that the first one is seen as an increase
gateway_push_seconds = Histogram("gateway_push_seconds", "From a push's arrival to its answer", buckets=_FAST)
gateway_pushes_late_total = Counter("gateway_pushes_late", "Pushes answered later than the 5 s that WeChat waits")
gateway_handovers_total = Counter(
    "gateway_handovers", "Pushes handed over to WeChat's console; unknown: MongoDB did not say in time", ["verdict"]
)
gateway_spooled_total = Counter(
    "gateway_spooled",
    "Facts written to the spool: refused by RabbitMQ, shut since it just refused, behind others of their conversation",
    ["reason"],
)
gateway_spool_rows = Gauge("gateway_spool_rows", "Facts in the spool, of all gateways")
gateway_spool_oldest_seconds = Gauge("gateway_spool_oldest_seconds", "How long the first of them has been there")
gateway_push_stale_total = Counter("gateway_push_stale", "Genuine pushes older than ten minutes by their timestamp")
gateway_vendor_pushes_total = Counter(
    "gateway_vendor_pushes", "Pushes of vendors, by what was answered", ["vendor", "status"]
)

router_facts_total = Counter("router_facts", "Facts taken, by kind and what became of them", ["kind", "verdict"])
router_batch_facts = Histogram("router_batch_facts", "Facts in one batch", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500))
router_batch_seconds = Histogram("router_batch_seconds", "From taking a batch to acknowledging it", buckets=_FAST)
router_races_total = Counter("router_races", "Commits that lost a version race and were decided again")
router_condemned_total = Counter("router_condemned", "Messages set aside in the collection dead", ["kind"])
router_partitions_active = RecentCount(
    "router_partitions_active", "Partitions this replica has taken facts from within five minutes", seconds=300
)
router_assignments_total = Counter("router_assignments", "Claims on agents, by how they ended", ["verdict"])
router_sweeps_total = Counter(
    "router_sweeps", "Looks along the line, about one a second among all replicas: none, and nobody assigns"
)
router_timer_lag_seconds = Histogram(
    "router_timer_lag_seconds", "From the instant a conversation was due to telling it so", buckets=_SLOW
)
router_ledger_misses_total = Counter(
    "router_ledger_misses",
    "Sends refused because the customer's window is closed, where our ledger had it open",
    ["app_id"],
)
router_line_waiting = LapsingGauge("router_line_waiting", "Sessions that wait for an agent", ["app_id"])
router_line_late = LapsingGauge(
    "router_line_late",
    "Of those, the ones that wait longer than the app's target (10 minutes where it has none), in its working hours",
    ["app_id"],
)
router_line_oldest_seconds = LapsingGauge(
    "router_line_oldest_seconds", "How long the one that came first has waited, day and night", ["app_id"]
)
router_agents_online = LapsingGauge("router_agents_online", "Agents who are online")
router_agents_capacity = LapsingGauge("router_agents_capacity", "How many sessions the agents online take at most")
router_agents_load = LapsingGauge("router_agents_load", "How many sessions and offers the agents online have")
router_dead_messages = LapsingGauge(
    "router_dead_messages", "Messages set aside that nobody has dealt with", lapse_seconds=120.0
)

sender_attempts_total = Counter("sender_attempts", "Calls of WeChat's send API; outcome: sent, or a code", ["outcome"])
sender_sends_total = Counter(
    "sender_sends",
    "Sends to customers by outcome: sent, refused, expired or unknown; one that was unknown may count again",
    ["app_id", "outcome"],
)
sender_attempt_seconds = Histogram("sender_attempt_seconds", "From writing a request to its answer", buckets=_FAST)
sender_deferred_total = Counter("sender_deferred", "Sends that had to wait in the collection, by reason", ["reason"])
sender_token_refreshes_total = Counter("sender_token_refreshes", "Access tokens asked of WeChat", ["verdict"])
sender_token_failures = LapsingGauge(
    "sender_token_failures",
    "Failures in a row of getting the app's access token; absent once one succeeded",
    ["app_id"],
    lapse_seconds=900.0,
)
sender_token_expires_timestamp_seconds = LapsingGauge(
    "sender_token_expires_timestamp_seconds",
    "When the access token in use ends, as a Unix time; absent once it has",
    ["app_id"],
)
sender_lane_closed = LapsingGauge(
    "sender_lane_closed", "1 while nothing of the app goes out, by the code that WeChat gave for it", ["app_id", "code"]
)
sender_media_copies_total = Counter("sender_media_copies", "Inbound files copied, by verdict", ["verdict"])
sender_vendor_calls_total = Counter(
    "sender_vendor_calls", "Calls to vendors, by how they ended", ["vendor", "account", "call", "outcome"]
)
sender_vendor_breaker_open = Gauge(
    "sender_vendor_breaker_open", "1 while nothing of the app goes to the vendor account", ["account", "app_id"]
)

bot_turns_total = Counter("bot_turns", "Turns answered, by verdict", ["verdict"])

console_requests_total = Counter("console_requests", "REST calls, by status", ["status"])
console_sockets = Gauge("console_sockets", "Live sockets open")
console_frames_total = Counter("console_frames", "Frames sent on live sockets", ["type"])
console_feed_lag_seconds = Histogram(
    "console_feed_lag_seconds",
    "From deciding a change to telling it on the live sockets, where a hint told of it",
    buckets=_FAST,
)
console_webhook_calls_total = Counter("console_webhook_calls", "Calls of webhooks, by how they ended", ["verdict"])
console_notifier_calls_total = Counter("console_notifier_calls", "Calls of chat robots, by how they ended", ["verdict"])
