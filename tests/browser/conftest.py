import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Generator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from deploy.local import web
from deploy.local.node import WEB, node_home
from deploy.local.servers import MongoServer, RabbitServer
from tests.browser.chromium import chromium
from tests.browser.crew import Crew
from tests.browser.visits import PATIENCE_MS, Visits
from tests.flow.town import Caller, Town, town
from tests.support.services import KEYS

HERE = Path(__file__).parent
KEPT = HERE.parents[1] / ".browser" / "failures"
TEST_SECONDS = 300
"""The first test also starts everything."""

expect.set_options(timeout=PATIENCE_MS)

_failed = pytest.StashKey[bool]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("browser")
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(TEST_SECONDS))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[_failed] = item.stash.get(_failed, False) or report.failed
    return report


@pytest.fixture(scope="session")
async def built_web() -> None:
    """The web app as its sources are now; where nothing changed this takes no time."""
    await asyncio.to_thread(web.build, WEB, web.Npm(node_home(), os.environ))


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@pytest.fixture(scope="session")
async def desk_town(
    rabbit_server: RabbitServer,
    mongo_server: MongoServer,
    built_web: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Town]:
    """The whole product, shared: a test brings customers of its own, and leaves agents and settings as they were."""
    servers = {
        "AMQP_URL": await rabbit_server.create_vhost("browser"),
        "MONGO_URL": mongo_server.url,
        "MONGO_DB": "browser",
        "WXDESK_SECRET_KEYS": KEYS,
    }
    async with town(servers, tmp_path_factory.mktemp("desk")) as made:
        yield made


@pytest.fixture
async def visits(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Visits]:
    """Opens pages. Whatever goes wrong on one, unless `visits.watch.allow` expects it, fails the test."""
    made = Visits(browser)
    yield made
    await _shut(made, request)
    assert not made.watch.problems, "in the browser:\n" + "\n".join(made.watch.problems)


@pytest.fixture(scope="session")
async def admin(desk_town: Town) -> Caller:
    return await desk_town.log_in("admin", presence=None)


@pytest.fixture
async def crew(desk_town: Town, admin: Caller, visits: Visits, request: pytest.FixtureRequest) -> AsyncIterator[Crew]:
    """Agents and customers of this test's own."""
    made = Crew(desk_town, visits, admin)
    yield made
    await _shut(visits, request)  # an open page would read what is being put back
    await made.leave()


async def _shut(visits: Visits, request: pytest.FixtureRequest) -> None:
    if len(visits.contexts) > visits.kept and (visits.watch.problems or request.node.stash.get(_failed, False)):
        await visits.keep(_folder(request.node.name))
    await visits.close()


def _folder(test: str) -> Path:
    folder = KEPT / re.sub(r"[^\w-]+", "-", test)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
