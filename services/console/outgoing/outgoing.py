"""The parts that speak to other systems, put together."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.console.api import shapes
from services.console.outgoing.announcing import Announcer
from services.console.outgoing.delivering import Deliverer
from services.console.outgoing.notifying import Notifying
from services.console.outgoing.posting import Poster
from services.console.pages import Pages
from shared.backbone import Backbone
from shared.clock import Milliseconds, SystemClock
from shared.contracts.hints import SettingsChanged
from shared.conversation.model import Conversation
from shared.store.audit import AuditLog
from shared.store.following import Follower
from shared.store.notifiers import NotifierStore
from shared.store.webhook_deliveries import WebhookDeliveries
from shared.store.webhooks import WebhookStore

FOLLOWER: Final = "webhooks"


@dataclass(frozen=True, slots=True)
class Outgoing:
    webhooks: WebhookStore
    deliveries: WebhookDeliveries
    notifiers: NotifierStore
    poster: Poster
    deliverer: Deliverer


def outgoing(base: Backbone, poster: Poster) -> Outgoing:
    webhooks = WebhookStore(base.database, base.sealer)
    deliveries = WebhookDeliveries(base.database)

    async def announce() -> None:
        await base.publisher.hint(SettingsChanged(what="webhooks"))

    # Calls are made to real machines, whose clocks judge a signature: never the sandbox's time.
    now = Milliseconds(SystemClock()).now
    audit = AuditLog(base.database)
    deliverer = Deliverer(webhooks, deliveries, poster, audit, announce, now, random.random)
    return Outgoing(webhooks, deliveries, NotifierStore(base.database, base.sealer), poster, deliverer)


def run_outgoing(
    base: Backbone, parts: Outgoing, pages: Pages, shown: Callable[[Conversation], shapes.Conversation], link: str
) -> None:
    """Keep telling, in the background. Each part does what it does once among all replicas."""
    now = Milliseconds(SystemClock()).now
    announcer = Announcer(base.database, parts.webhooks, parts.deliveries, shown, now, parts.deliverer.poke)
    follower = Follower(base.database, base.leases, FOLLOWER, announcer.handle, begin="now")
    notifying = Notifying(
        base.database, parts.notifiers, parts.poster, base.apps, base.clock.now, random.random, link=link
    )
    base.background.spawn(follower.follow_forever(), "webhooks follow")
    base.background.spawn(parts.deliverer.run(), "webhooks deliver")
    base.background.spawn(notifying.run(base.leases), "notifiers")
    base.background.spawn(pages.say_forever(), "pages")
