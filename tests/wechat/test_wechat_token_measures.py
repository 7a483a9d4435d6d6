"""What the metrics say of an app's access token."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.clock import FixedClock
from shared.failures import SendFailure
from tests.support.measures import counted, measured
from tests.wechat.test_wechat_tokens import CreateKeeper, clock, create_keeper, store, wechat
from tests.wechat.token_standins import APP_ID, TokenServer

__all__ = ["clock", "create_keeper", "store", "wechat"]


async def test_failures_in_a_row_are_counted_until_one_succeeds(
    create_keeper: CreateKeeper, wechat: TokenServer, clock: FixedClock
) -> None:
    keeper, failed = create_keeper(), counted("sender_token_refreshes_total", verdict="failed")
    wechat.broken = True
    for times in (1, 2):
        with pytest.raises(SendFailure):
            await keeper.token(APP_ID)
        assert measured("sender_token_failures", app_id=APP_ID) == times
        clock.advance(60)
    assert counted("sender_token_refreshes_total", verdict="failed") == failed + 2
    wechat.broken = False
    await keeper.token(APP_ID)
    assert measured("sender_token_failures", app_id=APP_ID) is None


async def test_a_failure_counts_although_the_old_token_still_lives(
    create_keeper: CreateKeeper, wechat: TokenServer, clock: FixedClock
) -> None:
    keeper = create_keeper()
    await keeper.token(APP_ID)
    clock.advance(7200 - 4 * 60)
    wechat.broken = True
    assert await keeper.token(APP_ID) == "T1"
    assert measured("sender_token_failures", app_id=APP_ID) == 1


async def test_when_the_token_ends_is_told(create_keeper: CreateKeeper) -> None:
    await create_keeper().token(APP_ID)
    ends = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=7200)
    assert measured("sender_token_expires_timestamp_seconds", app_id=APP_ID) == ends.timestamp()
