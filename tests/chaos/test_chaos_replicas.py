"""Two of everything: the one that works is killed and not started again, the other goes on."""

from collections import defaultdict
from collections.abc import AsyncIterator

import pytest

from tests.flow.town import Books, Town, town
from tests.support.services import KEYS
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
async def twin_town(
    module_amqp_url: str, mongo_url: str, module_mongo_db: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    servers = {
        "AMQP_URL": module_amqp_url,
        "MONGO_URL": mongo_url,
        "MONGO_DB": module_mongo_db,
        "WXDESK_SECRET_KEYS": KEYS,
    }
    directory = tmp_path_factory.mktemp("twins")
    async with town(servers, directory, routers=2, senders=2, bots=2) as made:
        yield made


@pytest.mark.parametrize("service", ["router", "sender", "bot"])
async def test_the_other_replica_goes_on(twin_town: Town, service: str) -> None:
    twins, openids = twin_town, [f"o-twin-{service}-{n}" for n in range(4)]
    said: dict[str, list[str]] = defaultdict(list)
    for number in range(4):
        if number == 2:
            await twins.kill(service)
        for openid in openids:
            await twins.create_customer(openid)
            text = f"什么时候发货 {number}"
            assert (await twins.customer(openid, "say", {"text": text}))["accepted"]
            said[openid].append(text)
    for openid in openids:
        await eventually(lambda openid=openid: answered(twins, openid), within_seconds=90)  # type: ignore[misc] # bound now
    await Books(twins).check(openids, said)
    await twins.start(service)


async def answered(twins: Town, openid: str) -> bool:
    """All four were answered: what came while a turn was out was answered together with the next."""
    history = await twins.history(openid)
    inbound = [message for message in history if message.direction == "inbound"]
    outbound = [message for message in history if message.direction == "outbound"]
    return len(inbound) == 4 and bool(outbound) and await twins.settled(openid)
