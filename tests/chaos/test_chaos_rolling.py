"""A rolling restart of every service under load loses and reorders nothing, and no push waits for its answer."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from deploy.local.children import stop_child
from deploy.local.plan import Plan
from deploy.local.seed import register
from tests.chaos.rolling import REPLACED, Balancer, Passers, Rollout, balancer
from tests.flow.town import Books, Caller, Town, town
from tests.support.services import KEYS

PATIENCE_SECONDS = 5.0


@pytest.fixture
async def doors() -> AsyncIterator[dict[str, Balancer]]:
    async with balancer() as gateways, balancer() as consoles:
        yield {"gateway": gateways, "console": consoles}


@pytest.fixture
async def rolling_town(
    doors: dict[str, Balancer],
    module_amqp_url: str,
    mongo_url: str,
    module_mongo_db: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Town]:
    servers = {
        "AMQP_URL": module_amqp_url,
        "MONGO_URL": mongo_url,
        "MONGO_DB": module_mongo_db,
        "WXDESK_SECRET_KEYS": KEYS,
    }
    directory = tmp_path_factory.mktemp("rolling")
    twice = dict.fromkeys(("gateways", "routers", "senders", "bots", "consoles"), 2)

    def open_doors(plan: Plan) -> None:
        for service, door in doors.items():
            door.replicas.append(plan.url(service))

    async with town(servers, directory, open_doors, **twice) as made:
        # WeChat is told the door in place of the gateway behind it.
        await register({**made.common, "GATEWAY_PORT": doors["gateway"].url.rsplit(":")[-1]}, made.seeded)
        for service in REPLACED:
            await stop_child(made.processes.pop(f"{service}-2"), 60)
        yield made


async def test_a_rolling_restart_loses_and_reorders_nothing(rolling_town: Town, doors: dict[str, Balancer]) -> None:
    rollout = Rollout(rolling_town, doors)
    crowd, over = Passers(rolling_town, "rolling"), asyncio.Event()
    lina = await rolling_town.log_in("lina")
    agent = Caller(doors["console"].url, lina.session, lina.token)
    async with asyncio.TaskGroup() as group:
        for number, openid in enumerate(crowd.openids):
            first = "人工" if number % 2 else "什么时候发货"
            group.create_task(crowd.keep_writing(openid, over, first=first))
        group.create_task(crowd.answer(agent, over))
        try:
            for service in REPLACED:
                await rollout.replace(service)
        finally:
            over.set()
    await crowd.calm()
    pushes = sorted(doors["gateway"].seconds)
    assert len(pushes) > 100 * len(REPLACED), "too little load to show anything"
    figures = f"p99 {1000 * pushes[len(pushes) * 99 // 100]:.0f} ms, longest {1000 * pushes[-1]:.0f} ms"
    ends = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in rollout.took.items())
    print(f"\n{len(pushes)} pushes, {figures}; from SIGTERM to the end: {ends}")  # noqa: T201 - for docs/measurements.md
    assert (doors["gateway"].failures, doors["console"].failures) == ([], [])
    assert rollout.codes == dict.fromkeys(REPLACED, 0)
    assert pushes[-1] < PATIENCE_SECONDS
    assert not crowd.doubtful
    await Books(rolling_town).check(crowd.openids, crowd.said)
