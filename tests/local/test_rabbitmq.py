from collections.abc import AsyncIterator
from pathlib import Path

import aio_pika
import pytest

from deploy.local.directories import MEBIBYTE
from deploy.local.failures import DiskFull, NotInstalled, PartFailed, PortTaken
from deploy.local.servers import RabbitServer, rabbitmq
from shared.bus.queue_policies import router_policy
from tests.local.processes import alive, family, listening_addresses
from tests.support.waiting import eventually

PLUGIN = "rabbitmq_consistent_hash_exchange"


async def queue_length(url: str, name: str) -> int:
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(name, passive=True)
        return queue.declaration_result.message_count or 0


async def is_gone(server: RabbitServer, vhost: str) -> bool:
    return await server.evaluate(f'rabbit_vhost:exists(<<"{vhost}">>)') == "false"


async def holds(url: str, name: str, messages: int) -> bool:
    return await queue_length(url, name) == messages


def everything_of(server: RabbitServer) -> list[int]:
    """The broker, its children and its epmd."""
    assert server._epmd is not None
    return [*family(server.pid), server._epmd.pid]


async def publish(url: str, name: str) -> None:
    """One confirmed message in a quorum queue."""
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
        message = aio_pika.Message(b"kept", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, name)


async def publish_many(url: str, name: str) -> None:
    for _ in range(100):
        await publish(url, name)


async def test_a_fresh_vhost_is_empty_and_apart(rabbit_server: RabbitServer) -> None:
    first, second = await rabbit_server.create_vhost("apart-1"), await rabbit_server.create_vhost("apart-2")
    await publish(first, "q")
    assert await queue_length(first, "q") == 1
    with pytest.raises(aio_pika.exceptions.ChannelNotFoundEntity):
        await queue_length(second, "q")


async def test_a_deleted_vhost_is_gone_soon(rabbit_server: RabbitServer) -> None:
    url = await rabbit_server.create_vhost("gone")
    await publish(url, "q")
    await rabbit_server.delete_vhost("gone")

    await eventually(lambda: is_gone(rabbit_server, "gone"))


async def test_what_erlang_refuses_is_told(rabbit_server: RabbitServer) -> None:
    with pytest.raises(PartFailed, match="undef"):
        await rabbit_server.evaluate("no_such_module:no_such_function()")
    with pytest.raises(ValueError, match="no name for a private vhost"):
        await rabbit_server.create_vhost('x">>, oh')


@pytest.fixture
async def own_server(tmp_path: Path) -> AsyncIterator[RabbitServer]:
    async with rabbitmq(tmp_path / "broker", plugins=[PLUGIN], configuration={"channel_max": "77"}) as server:
        yield server


@pytest.mark.servers
async def test_a_broker_keeps_its_data_and_leaves_nothing_running(own_server: RabbitServer) -> None:
    assert listening_addresses(own_server.pid) == {"127.0.0.1"}
    assert PLUGIN in await own_server.evaluate("rabbit_plugins:active()")
    assert await own_server.evaluate("application:get_env(rabbit, channel_max)") == "{ok, 77}"
    url = await own_server.create_vhost("kept")
    await publish(url, "q")
    await own_server.write_queues_down()
    first_life = everything_of(own_server)

    await own_server.kill()
    assert await own_server.ended() == -9
    await own_server.start()
    await eventually(lambda: holds(url, "q", 1))
    second_life = everything_of(own_server)

    await own_server.stop()
    assert await own_server.ended() == 0
    await eventually(lambda: not any(map(alive, [*first_life, *second_life])))


async def test_a_machine_without_rabbitmq_is_told_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(NotInstalled, match="apt-get install"):
        async with rabbitmq(tmp_path / "broker", programs=tmp_path):
            pass


@pytest.mark.servers
async def test_a_taken_port_is_told_before_anything_starts(rabbit_server: RabbitServer, tmp_path: Path) -> None:
    with pytest.raises(PortTaken, match=f"rabbitmq: 127.0.0.1:{rabbit_server.port} is taken"):
        async with rabbitmq(tmp_path / "broker", rabbit_server.port):
            pass
    assert not (tmp_path / "broker" / "data").exists()


@pytest.mark.servers
async def test_a_full_disk_is_told_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(DiskFull, match="255 MiB free, 256 MiB are needed"):
        async with rabbitmq(tmp_path / "broker", free_bytes=lambda _: 255 * MEBIBYTE):
            pass
    assert not (tmp_path / "broker" / "data").exists()


async def test_a_queue_under_a_policy_refuses_what_is_too_much(rabbit_server: RabbitServer) -> None:
    url = await rabbit_server.create_vhost("limited")
    await rabbit_server.set_policy(router_policy(most_bytes=1), "limited")
    await publish(url, "router.v1.p00")
    with pytest.raises(aio_pika.exceptions.DeliveryError):
        await publish_many(url, "router.v1.p00")
    await publish_many(url, "router.v1.p00.other")
    assert await queue_length(url, "router.v1.p00.other") == 100
    await rabbit_server.delete_vhost("limited")


async def test_a_policy_is_set_on_the_default_vhost_too(rabbit_server: RabbitServer) -> None:
    await rabbit_server.set_policy(router_policy())
    await publish(rabbit_server.url, "router.v1.p99")
    found = await rabbit_server.evaluate(
        '{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"router.v1.p99">>)), '
        'rabbit_policy:name(Q) =:= <<"wxdesk-router">> andalso rabbit_policy:get(<<"max-length-bytes">>, Q)'
    )
    assert found == str(router_policy().definition["max-length-bytes"])
