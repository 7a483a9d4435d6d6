"""The router: the only writer of a conversation. Wiring only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.router.batch import Batch
from services.router.carrying import Carrier
from services.router.offers import Offers
from services.router.partition import Partition
from services.router.retention import Retention
from services.router.settings import RouterSettings
from services.router.timers import Timers
from services.router.together import Together
from shared.backbone import Backbone, backbone
from shared.bus.consuming import consuming
from shared.bus.partition_consumer import PartitionConsumer
from shared.bus.partitions import priority
from shared.bus.topology import OFFERS_QUEUE
from shared.clock import Milliseconds
from shared.lifecycle import Background
from shared.steps import Step, no_step
from shared.store.audit import AuditLog
from shared.store.conversations import ConversationStore
from shared.store.dead import DeadStore
from shared.store.leases import slot_held
from shared.store.messages import MessageStore


@asynccontextmanager
async def router(
    settings: RouterSettings, step: Step = no_step, understands: frozenset[str] | None = None
) -> AsyncIterator[Background]:
    """Serve every partition this replica is the active consumer of. `step` is called between durable steps.

    `understands`: as of a former release, which knew fewer contracts.
    """
    async with backbone(settings, "router", understands) as base:
        slots = slot_held(base.leases, "router", settings.router_slot)
        async with slots as slot, consuming(base.background, _consumers(base, settings, slot, step)):
            timers = Timers(ConversationStore(base.database), base.publisher, base.leases, Milliseconds(base.clock).now)
            base.background.spawn(timers.run(), "timers")
            base.background.spawn(_retention(base).run(), "retention")
            yield base.background


def _consumers(base: Backbone, settings: RouterSettings, slot: int, step: Step) -> list[PartitionConsumer]:
    together = Together(_batch(base, step).settle)
    dead = DeadStore(base.database)
    count = base.topology.router_partitions
    queues = base.topology.partitions("router")
    guarded = [(queue, base.guarded(Partition(queue, together.settle, dead).handle)) for queue in queues]
    partitions = [
        PartitionConsumer(
            base.consuming,
            queue,
            guard.handle,
            guard.healthy,
            priority=priority(slot, number, count),
            batch=settings.router_batch,
            prefetch=2 * settings.router_batch,
        )
        for number, (queue, guard) in enumerate(guarded)
    ]
    offered = base.guarded(_offers(base, step).handle)
    offers = PartitionConsumer(
        base.consuming, OFFERS_QUEUE, offered.handle, offered.healthy, priority=priority(slot, 0, count)
    )
    return [*partitions, offers]


def _batch(base: Backbone, step: Step) -> Batch:
    carrier = Carrier(base.database, base.publisher, step)
    return Batch(
        ConversationStore(base.database),
        MessageStore(base.database),
        carrier,
        base.apps.policy,
        Milliseconds(base.clock).now,
        step,
    )


def _retention(base: Backbone) -> Retention:
    return Retention(
        ConversationStore(base.database),
        base.apps.all,
        base.publisher,
        base.leases,
        AuditLog(base.database),
        Milliseconds(base.clock).now,
    )


def _offers(base: Backbone, step: Step) -> Offers:
    return Offers(base.database, base.publisher, base.apps.policy, base.apps.all, Milliseconds(base.clock).now, step)
