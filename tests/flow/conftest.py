from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.flow.town import Town, town
from tests.support.services import KEYS


@pytest.fixture(scope="module")
async def shared_town(
    module_amqp_url: str, mongo_url: str, module_mongo_db: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    """One town for the tests of a module, each with customers of its own."""
    servers = {
        "AMQP_URL": module_amqp_url,
        "MONGO_URL": mongo_url,
        "MONGO_DB": module_mongo_db,
        "WXDESK_SECRET_KEYS": KEYS,
    }
    directory: Path = tmp_path_factory.mktemp("town")
    async with town(servers, directory) as made:
        yield made
