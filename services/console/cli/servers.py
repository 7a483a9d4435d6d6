"""MongoDB and RabbitMQ for the length of one command, and what their failures mean to the one who typed it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from services.console.cli.environment import Environment
from services.console.cli.failures import Misused, OutOfReach, Refused
from shared.bus.connection import BrokerUnavailable, Link, linked
from shared.bus.inspection import BrokerRefused, inspected
from shared.bus.publisher import Publisher, Unroutable
from shared.bus.topology import Topology
from shared.contracts.hints import LiveHint
from shared.settings import MongoSettings, RabbitSettings, SecretSettings
from shared.store.driver import Database, StoreRefused, StoreUnavailable
from shared.store.sealing import SealBroken
from shared.store.topology import publishing_held

CONNECT_SECONDS: Final = 3.0


class SealedSettings(MongoSettings, SecretSettings):
    """MongoDB, and the keys of the secrets in it."""


@asynccontextmanager
async def database_of(settings: MongoSettings) -> AsyncIterator[Database]:
    """MongoDB, known to answer. Its failures leave as OutOfReach or Misused."""
    try:
        database = Database(settings.mongo_url.get_secret_value(), settings.mongo_db, settings.mongo_driver)
        try:
            await database.ping()
            yield database
        finally:
            await database.close()
    except StoreUnavailable as outage:
        raise OutOfReach(
            f"MongoDB at {place(settings.mongo_url)} does not answer ({outage}); start it, or correct MONGO_URL"
        ) from None
    except StoreRefused as refused:
        raise Misused(f"{refused}; correct MONGO_URL") from None
    except SealBroken as broken:
        raise Misused(f"cannot open a stored secret: {broken}") from None


@asynccontextmanager
async def publisher_of(environment: Environment, database: Database) -> AsyncIterator[Publisher]:
    """A publisher on the topology that the services agreed on. RabbitMQ's failures leave as OutOfReach or Misused."""
    topology, held_at = await publishing_held(database)
    if topology is None:
        raise Refused("no service has ever started here, so there are no queues; start the router first")
    if held_at is not None:
        raise Refused("the topology is being changed; try again when `wxdesk topology show` says it is not")
    try:
        async with link_of(environment) as link:
            yield Publisher(link, topology)
    except Unroutable as unroutable:
        raise Refused(f"a queue is missing ({unroutable}); run `wxdesk doctor`") from None


@asynccontextmanager
async def link_of(environment: Environment) -> AsyncIterator[Link]:
    """RabbitMQ, known to answer. Its failures leave as OutOfReach or Misused."""
    settings = environment.settings(RabbitSettings)
    try:
        async with _link(settings) as link:
            yield link
    except BrokerUnavailable as outage:
        raise OutOfReach(
            f"RabbitMQ at {place(settings.amqp_url)} does not answer ({outage}); start it, or correct AMQP_URL"
        ) from None
    except BrokerRefused as refused:
        raise Misused(f"{refused}; correct AMQP_URL") from None


async def hinted(environment: Environment, *hints: LiveHint) -> bool:
    """Tell the services on `wx.live` that something changed; False where they will only find out by themselves."""
    try:
        async with _link(environment.settings(RabbitSettings)) as link:
            publisher = Publisher(link, Topology())
            for hint in hints:
                await publisher.hint(hint)
    except (Misused, BrokerUnavailable, BrokerRefused):
        return False
    return True


@asynccontextmanager
async def _link(settings: RabbitSettings) -> AsyncIterator[Link]:
    """A link that is connected. Raises BrokerUnavailable or BrokerRefused."""
    url = settings.amqp_url.get_secret_value()
    # A link tries for ever and says nothing; this says at once what is wrong.
    async with inspected(url):
        pass
    async with linked(url, "wxdesk") as link:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await link.wait_connected()
        except TimeoutError:
            raise BrokerUnavailable(f"no connection within {CONNECT_SECONDS:g} s") from None
        yield link


def place(url: SecretStr) -> str:
    """Host and port of an address, without its password."""
    return urlsplit(url.get_secret_value()).netloc.rpartition("@")[2]
