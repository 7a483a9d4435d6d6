"""What every service tells of itself."""

import asyncio
import re
from contextlib import suppress
from importlib.metadata import version as installed

import pytest

from services.bot.app import bot
from services.bot.settings import BotSettings
from shared import version as version_module
from shared.observe.loop_lag import measure_loop_lag
from shared.store.driver import Database, StoreUnavailable, reaching, within
from shared.version import version
from tests.support.measures import counted, measured
from tests.support.services import told
from tests.support.waiting import eventually


async def test_the_lag_of_the_event_loop_is_measured_again_and_again() -> None:
    before = counted("wxdesk_event_loop_lag_seconds_count")
    measuring = asyncio.create_task(measure_loop_lag(every_seconds=0.001))
    await eventually(lambda: counted("wxdesk_event_loop_lag_seconds_count") >= before + 3)
    measuring.cancel()
    with suppress(asyncio.CancelledError):
        await measuring


async def test_a_service_says_which_release_it_is_of(environment: dict[str, str]) -> None:
    async with bot(told(BotSettings, environment)):
        assert measured("wxdesk_build_info", version=version(), service="bot") == 1


def test_the_version_is_that_of_the_tree() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", version())


def test_without_a_tree_it_is_that_of_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version_module, "PYPROJECT", version_module.PYPROJECT / "absent")
    version.cache_clear()
    try:
        assert version() == installed("wxdesk")
    finally:
        version.cache_clear()


async def test_what_mongodb_does_not_answer_is_counted() -> None:
    database = Database("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=1", "nowhere")
    before = counted("wxdesk_mongodb_failures_total")
    try:
        assert not await database.alive()
    finally:
        await database.close()
    assert counted("wxdesk_mongodb_failures_total") == before + 1


async def test_a_deadline_of_ours_counts_once_and_another_failure_does_not() -> None:
    before = counted("wxdesk_mongodb_failures_total")
    with pytest.raises(StoreUnavailable):
        async with within(0.001):
            await asyncio.Event().wait()
    with pytest.raises(LookupError), reaching():
        raise LookupError
    assert counted("wxdesk_mongodb_failures_total") == before + 1
