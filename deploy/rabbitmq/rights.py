"""What each login may do at RabbitMQ, as the three patterns that RabbitMQ asks for. Least: what the code does.

`configure` is what a passive declaration asks for since RabbitMQ 4.3, and services that expect their topology make one
of everything. Whoever may configure a queue may delete it as well: what keeps services from it is that none does.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from shared.bus.topology import BOT, BOT_QUEUE, CONVERSATION, LIVE, OFFERS, OFFERS_QUEUE, OUTBOUND

_OWN: Final = r"amq\.gen-.*"
"""The queue of its own in which every service hears hints."""


def _among(*patterns: str) -> str:
    return f"^({'|'.join(patterns)})$"


def _named(*names: str) -> tuple[str, ...]:
    return tuple(name.replace(".", r"\.") for name in names)


_NOTHING: Final = "^$"
_ROUTERS: Final = r"router\.v[0-9]+\.p[0-9]+"
_SENDERS: Final = r"sender\.v[0-9]+\.p[0-9]+"
_EVERYTHING: Final = _among(_OWN, r"wx\.[a-z]+", _ROUTERS, _SENDERS, *_named(BOT_QUEUE, OFFERS_QUEUE))


class Rights(NamedTuple):
    """Patterns of names. Publishing is to write to an exchange; to bind a queue is to write to it."""

    configure: str
    write: str
    read: str


def _rights(publishes: tuple[str, ...], *takes: str) -> Rights:
    return Rights(_EVERYTHING, _among(_OWN, *_named(*publishes)), _among(_OWN, *_named(LIVE), *takes))


RIGHTS: Final[Mapping[str, Rights]] = {
    "gateway": _rights((CONVERSATION, OUTBOUND)),
    "router": _rights((CONVERSATION, OUTBOUND, BOT, OFFERS, LIVE), _ROUTERS, *_named(OFFERS_QUEUE)),
    "sender": _rights((CONVERSATION, OUTBOUND, LIVE), _SENDERS),
    "bot": _rights((CONVERSATION,), *_named(BOT_QUEUE)),
    # `wxdesk dead replay` publishes whatever was set aside.
    "console": _rights((CONVERSATION, OUTBOUND, BOT, OFFERS, LIVE)),
    # KEDA's: the management API tells of a virtual host's queues to those who are let in, whatever they may do there.
    "management": Rights(_NOTHING, _NOTHING, _NOTHING),
}
