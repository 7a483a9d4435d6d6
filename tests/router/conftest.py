from collections.abc import AsyncIterator

import pytest

from shared.conversation.facts import AnyFact
from shared.store.driver import Database
from tests.router.workshop import Workshop, workshop


@pytest.fixture
async def shop(database: Database, amqp_url: str) -> AsyncIterator[Workshop]:
    async with workshop(database, amqp_url) as made:
        yield made


@pytest.fixture
async def told(shop: Workshop) -> list[AnyFact]:
    """What offers tell conversations is taken by a batch at once, as a router would, and kept here."""
    kept: list[AnyFact] = []
    publish = shop.publisher.publish

    async def publish_and_settle(message: object, **more: object) -> None:
        await publish(message, **more)  # type: ignore[arg-type] # passed on as it came
        if hasattr(message, "cause"):
            kept.append(message)  # type: ignore[arg-type] # only facts have a cause
            await shop.batch().settle([message])  # type: ignore[list-item] # only facts have a cause

    shop.publisher.publish = publish_and_settle  # type: ignore[method-assign] # listens in on the real one
    return kept
