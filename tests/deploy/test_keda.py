"""Each trigger of the autoscaling component asked of a real RabbitMQ, as KEDA asks it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import aio_pika
import pytest

from deploy.local.ports import free_port
from deploy.local.servers import rabbitmq
from shared.bus.connection import linked
from shared.bus.topology import BOT_QUEUE, Topology, declare
from tests.deploy.keda import Login, ScalerFailed, question, waiting
from tests.deploy.manifests import DEPLOY, render
from tests.support.waiting import eventually

WAITING = {"router.v1.p00": 3, "router.v1.p15": 4, "sender.v1.p07": 5, BOT_QUEUE: 6, "offers.v1": 7}
SEEN = {"router": 7, "sender": 5, "bot": 6}


class Management(NamedTuple):
    """A broker's management API, as the Secret `rabbitmq-management` says it."""

    host: str
    login: Login


@pytest.fixture(scope="module")
def triggers() -> dict[str, dict[str, str]]:
    scalers = render(DEPLOY / "overlays" / "production").of("ScaledObject")
    return {name: one["spec"]["triggers"][0]["metadata"] for name, one in scalers.items()}


@pytest.fixture(scope="module")
async def management(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Management]:
    """With our queues, WAITING in them, and a login that may watch and nothing else."""
    port = free_port()
    told = {"management.tcp.ip": "127.0.0.1", "management.tcp.port": str(port), "collect_statistics_interval": "500"}
    directory: Path = tmp_path_factory.mktemp("keda")
    async with rabbitmq(directory, plugins=["rabbitmq_management"], configuration=told) as server:
        # How often a quorum queue tells its length: five seconds by default.
        await server.evaluate("ok = application:set_env(rabbit, quorum_tick_interval, 200)")
        await server.evaluate(
            'ok = rabbit_auth_backend_internal:add_user(<<"keda">>, <<"watches">>, <<"wxdesk">>), '
            'ok = rabbit_auth_backend_internal:set_tags(<<"keda">>, [monitoring], <<"wxdesk">>)'
        )
        await fill(await server.create_vhost("wxdesk"))
        # Seeing all virtual hosts is not enough: asking about one needs permissions in it, if only to do nothing.
        await server.evaluate(
            'ok = rabbit_auth_backend_internal:set_permissions(<<"keda">>, <<"wxdesk">>, '
            '<<"^$">>, <<"^$">>, <<"^$">>, <<"wxdesk">>)'
        )
        await server.create_vhost("elsewhere")
        yield Management(f"http://127.0.0.1:{port}/wxdesk", Login("keda", "watches"))
        await server.kill()


async def fill(url: str) -> None:
    async with linked(url, "test-publish") as link:
        await declare(link, Topology())
        channel = await link.channel(confirms=True)
        for queue, messages in WAITING.items():
            for _ in range(messages):
                message = aio_pika.Message(b"{}", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
                await channel.default_exchange.publish(message, queue)


@pytest.mark.parametrize("service", SEEN)
async def test_a_trigger_sees_all_that_waits_for_its_service(
    triggers: dict[str, dict[str, str]], management: Management, service: str
) -> None:
    async def all_is_seen() -> bool:
        return await waiting(management.host, management.login, triggers[service]) == SEEN[service]

    assert set(triggers) == set(SEEN)
    await eventually(all_is_seen)


async def test_a_pattern_that_fits_no_queue_sees_nothing(
    triggers: dict[str, dict[str, str]], management: Management
) -> None:
    """And that looks like peace to KEDA: this is why the patterns are tried on the queues that there are."""
    wrong = {**triggers["router"], "queueName": triggers["router"]["queueName"].replace("router", "routers")}
    assert await waiting(management.host, management.login, wrong) == 0


async def test_a_name_that_no_queue_has_is_an_error(
    triggers: dict[str, dict[str, str]], management: Management
) -> None:
    with pytest.raises(ScalerFailed, match="404"):
        await waiting(management.host, management.login, {**triggers["bot"], "queueName": "bot"})


async def test_more_queues_than_a_page_holds_are_an_error(
    triggers: dict[str, dict[str, str]], management: Management
) -> None:
    with pytest.raises(ScalerFailed, match="more queues"):
        await waiting(management.host, management.login, {**triggers["router"], "pageSize": "15"})


async def test_who_may_not_watch_is_refused(triggers: dict[str, dict[str, str]], management: Management) -> None:
    with pytest.raises(ScalerFailed, match="401"):
        await waiting(management.host, Login("keda", "guesses"), triggers["router"])


async def test_watching_is_not_enough_without_permissions_in_the_virtual_host(
    triggers: dict[str, dict[str, str]], management: Management
) -> None:
    elsewhere = management.host.replace("/wxdesk", "/elsewhere")
    with pytest.raises(ScalerFailed, match="virtual host"):
        await waiting(elsewhere, management.login, triggers["router"])


def test_signs_of_a_pattern_are_escaped(triggers: dict[str, dict[str, str]]) -> None:
    asked = question("http://rabbitmq:15672/wxdesk", triggers["router"])
    assert asked.raw_path == "/api/queues/wxdesk"
    assert "name=%5Erouter%5C.v%5B0-9%5D%2B%5C.p%5B0-9%5D%2B%24&" in asked.raw_query_string
