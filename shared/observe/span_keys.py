"""Every attribute a span may carry, with its meaning. Content, openids, texts and secrets have no key here.

`tracing.record` refuses any other key.
"""

from typing import Final

MEANINGS: Final[dict[str, str]] = {
    "wxdesk.trace_id": "the trace id of the log records, as it is written there",
    "wxdesk.app_id": "the mini program",
    "wxdesk.conversation_id": "the opaque id of a conversation",
    "wxdesk.kind": "which kind of fact, command or call",
    "wxdesk.status": "an HTTP status, or how a send ended",
    "wxdesk.code": "WeChat's or the vendor's code of a failed attempt",
    "wxdesk.account": "the vendor account",
    "wxdesk.attempt": "how many times this was tried, counting from 1",
    "wxdesk.batch_facts": "how many facts were settled together with this one",
}

SPAN_KEYS: Final[frozenset[str]] = frozenset(MEANINGS)
