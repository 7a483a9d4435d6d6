"""A rolling restart of two replicas of each service under load loses, repeats and reorders nothing; no push waits."""

from collections.abc import AsyncIterator

import pytest

from tests.chaos.rolled import roll, twin_town_behind_doors
from tests.chaos.rolling import Balancer
from tests.flow.town import Town
from tests.support.services import KEYS

pytestmark = pytest.mark.timeout(420)

Behind = tuple[Town, dict[str, Balancer]]


@pytest.fixture
async def behind_doors(
    amqp_url: str, mongo_url: str, mongo_db: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Behind]:
    servers = {
        "AMQP_URL": amqp_url,
        "MONGO_URL": mongo_url,
        "MONGO_DB": mongo_db,
        "WXDESK_SECRET_KEYS": KEYS,
    }
    async with twin_town_behind_doors(servers, tmp_path_factory.mktemp("rolling")) as made:
        yield made


async def test_all_services_at_once(behind_doors: Behind) -> None:
    (await roll(*behind_doors, at_once=True)).check()


@pytest.mark.long
async def test_every_service_in_turn(behind_doors: Behind) -> None:
    (await roll(*behind_doors, at_once=False)).check()
