"""What the broker is told about our queues beside their arguments, and may be told otherwise at any time.

Whoever runs the broker sets it: `make run` on its own server, an operator's manifests in a cluster. A router queue that
is full refuses what is published: gateways then keep it in MongoDB while the router drains. Without it a flood would
fill the broker up to its memory or disk alarm, which blocks everybody, the router and the sender too.
"""

from typing import Any, Final, NamedTuple

MEBIBYTE: Final = 1024 * 1024


class QueuePolicy(NamedTuple):
    """One policy; `pattern` is a regular expression on queues' names, `definition` what RabbitMQ calls so."""

    name: str
    pattern: str
    apply_to: str
    definition: dict[str, Any]


def router_policy(most_bytes: int = 16 * MEBIBYTE) -> QueuePolicy:
    """At most this much waits in each router queue, of whatever generation.

    16 MiB is some ten thousand pushes; all 16 queues together hold 256 MiB, well below the alarm of a broker that has
    1 GiB or more.
    """
    definition = {"max-length-bytes": most_bytes, "overflow": "reject-publish"}
    return QueuePolicy("wxdesk-router", r"^router\.v[0-9]+\.p[0-9]+$", "queues", definition)
