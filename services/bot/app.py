"""The bot: answers the turns it is asked. Wiring only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.bot.settings import BotSettings
from services.bot.turns import Turns
from shared.backbone import backbone
from shared.bus.consuming import consuming
from shared.bus.partition_consumer import PartitionConsumer
from shared.bus.topology import BOT_QUEUE
from shared.lifecycle import Background
from shared.store.dead import DeadStore


@asynccontextmanager
async def bot(settings: BotSettings) -> AsyncIterator[Background]:
    """Answer turns until left; any number of replicas share the queue."""
    async with backbone(settings, "bot") as base:
        turns = Turns(base.publisher, DeadStore(base.database), base.apps.policy, base.clock.now)
        guarded = base.guarded(turns.handle)
        consumer = PartitionConsumer(
            base.consuming,
            BOT_QUEUE,
            guarded.handle,
            guarded.healthy,
            batch=settings.bot_batch,
            prefetch=settings.bot_batch,
        )

        async with consuming(base.background, [consumer]):
            yield base.background
