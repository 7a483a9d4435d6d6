"""A look at the broker that changes nothing: who it is, which queues it has and who listens to them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, NamedTuple

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import (
    AuthenticationError,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
    ConnectionClosed,
    IncompatibleProtocolError,
    InvalidFrameError,
    ProbableAuthenticationError,
)
from aiormq.exceptions import ChannelAccessRefused
from yarl import URL

from shared.bus.connection import BROKEN, BrokerUnavailable

INSPECTION_SECONDS: Final = 5.0


class BrokerRefused(Exception):
    """RabbitMQ answers but will not have us: the login, the virtual host or the protocol is wrong."""


class QueueSeen(NamedTuple):
    """A queue as it is. `as_wanted` is None where we lack the right to ask about its arguments."""

    consumers: int
    messages: int
    as_wanted: bool | None


class Inspection:
    def __init__(self, connection: AbstractConnection) -> None:
        self._connection = connection

    @property
    def version(self) -> str:
        """RabbitMQ's version, from what it says of itself when greeted."""
        transport = self._connection.transport
        said: Any = transport.connection.server_properties if transport is not None else {}
        version = said.get("version", "")
        return version.decode() if isinstance(version, bytes) else str(version)

    async def queue(self, name: str, arguments: Mapping[str, Any]) -> QueueSeen | None:
        """One queue; None where there is none."""
        try:
            channel = await self._connection.channel()
            found = await channel.declare_queue(name, passive=True)
            await channel.close()
        except ChannelNotFoundEntity:
            return None
        result = found.declaration_result
        return QueueSeen(
            consumers=result.consumer_count or 0,
            messages=result.message_count or 0,
            as_wanted=await self._agrees(name, arguments),
        )

    async def exchange(self, name: str) -> bool:
        try:
            channel = await self._connection.channel()
            await channel.get_exchange(name, ensure=True)
            await channel.close()
        except ChannelNotFoundEntity:
            return False
        return True

    async def _agrees(self, name: str, arguments: Mapping[str, Any]) -> bool | None:
        """A passive declaration compares nothing; declaring what exists compares, and changes nothing."""
        try:
            channel = await self._connection.channel()
            await channel.declare_queue(name, durable=True, arguments=dict(arguments))
            await channel.close()
        except ChannelPreconditionFailed:
            return False
        except ChannelAccessRefused:
            return None
        return True


@asynccontextmanager
async def inspected(url: str) -> AsyncIterator[Inspection]:
    """One connection, tried once. Raises BrokerUnavailable or BrokerRefused."""
    connection = await _connected(url)
    try:
        yield Inspection(connection)
    except BROKEN as failure:
        raise BrokerUnavailable(str(failure) or type(failure).__name__) from failure
    finally:
        with suppress(*BROKEN):
            await connection.close()


async def _connected(url: str) -> AbstractConnection:
    try:
        return await aio_pika.connect(URL(url).update_query(name="wxdesk"), timeout=INSPECTION_SECONDS)
    except (ProbableAuthenticationError, AuthenticationError):
        raise BrokerRefused("RabbitMQ does not accept the login in AMQP_URL") from None
    except IncompatibleProtocolError:
        raise BrokerRefused("whatever answers at AMQP_URL is not RabbitMQ") from None
    except (ConnectionClosed, InvalidFrameError):
        # Connection.Close in the place of Connection.OpenOk, which aiormq takes for a broken frame.
        raise BrokerRefused(
            "RabbitMQ accepts the login but not the virtual host in AMQP_URL: it is missing, or not for this login"
        ) from None
    except BROKEN as failure:
        raise BrokerUnavailable(str(failure) or type(failure).__name__) from failure
