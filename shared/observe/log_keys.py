"""Every key a log record may carry, with its meaning. A test refuses a record with any other key.

Message content and secrets have no key here, and must not be put under another one.
"""

from typing import Final

MEANINGS: Final[dict[str, str]] = {
    "event": "what happened, a constant `noun_past`",
    "level": "severity",
    "timestamp": "when, RFC 3339 UTC",
    "service": "which service wrote the record",
    "exc_info": "the exception, in full",
    "stack": "where the record was written from",
    "account": "the vendor account",
    "agent_id": "the human agent concerned",
    "app_id": "the mini program",
    "attempt": "how many times this was tried, counting from 1",
    "cause": "the fact something follows from",
    "claim_id": "session and assignment number of a claim",
    "code": "a machine-readable reason (WeChat's errcode, a problem code)",
    "command_id": "an agent's command",
    "conversation_id": "the opaque id of a conversation",
    "count": "how many",
    "fact_id": "the id of a fact",
    "kind": "which kind of fact, command or check",
    "lane": "whose rate limit it is",
    "message_id": "our id of a message",
    "msg_id": "WeChat's id of a message",
    "notifier_id": "a group's chat robot that is told of customers who wait",
    "openid": "a customer; only where operations needs it",
    "part": "a part of a service, e.g. a task or a dependency",
    "path": "the path of a request",
    "port": "a listening port",
    "priority": "a consumer's priority on a partition",
    "queue": "a queue's name",
    "reason": "why, in words",
    "retry_seconds": "when the next try will be",
    "send_id": "one outbound message on its way to WeChat or a vendor",
    "seq": "a message's place in its conversation",
    "session_id": "one session of a conversation",
    "slot": "a replica's slot in the priority table",
    "status": "an HTTP status, or how a send ended",
    "trace_id": "made where a push or request arrives, carried to every later record",
    "vendor": "which kind of third-party service system",
    "webhook_id": "a webhook of another system",
}

LOG_KEYS: Final[frozenset[str]] = frozenset(MEANINGS)
