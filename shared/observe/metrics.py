"""Every metric, with its unit in its name and its meaning in its help text."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_FAST: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)

gateway_pushes_total = Counter("gateway_pushes", "Pushes answered, by what was answered", ["status"])
gateway_push_seconds = Histogram("gateway_push_seconds", "From a push's arrival to its answer", buckets=_FAST)
gateway_handovers_total = Counter(
    "gateway_handovers", "Pushes handed over to WeChat's console; unknown: MongoDB did not say in time", ["verdict"]
)
gateway_push_stale_total = Counter("gateway_push_stale", "Genuine pushes older than ten minutes by their timestamp")
gateway_vendor_pushes_total = Counter(
    "gateway_vendor_pushes", "Pushes of vendors, by what was answered", ["vendor", "status"]
)

router_facts_total = Counter("router_facts", "Facts taken, by kind and what became of them", ["kind", "verdict"])
router_batch_facts = Histogram("router_batch_facts", "Facts in one batch", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500))
router_batch_seconds = Histogram("router_batch_seconds", "From taking a batch to acknowledging it", buckets=_FAST)
router_races_total = Counter("router_races", "Commits that lost a version race and were decided again")
router_condemned_total = Counter("router_condemned", "Messages set aside in the collection dead", ["kind"])
router_partitions_active = Gauge("router_partitions_active", "Partitions this replica has taken facts from")
router_assignments_total = Counter("router_assignments", "Claims on agents, by how they ended", ["verdict"])

sender_attempts_total = Counter("sender_attempts", "Attempts, by lane kind and outcome", ["outcome"])
sender_attempt_seconds = Histogram("sender_attempt_seconds", "From writing a request to its answer", buckets=_FAST)
sender_deferred_total = Counter("sender_deferred", "Sends that had to wait in the collection, by reason", ["reason"])
sender_token_refreshes_total = Counter("sender_token_refreshes", "Access tokens asked of WeChat", ["verdict"])
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
console_webhook_calls_total = Counter("console_webhook_calls", "Calls of webhooks, by how they ended", ["verdict"])
console_notifier_calls_total = Counter("console_notifier_calls", "Calls of chat robots, by how they ended", ["verdict"])
