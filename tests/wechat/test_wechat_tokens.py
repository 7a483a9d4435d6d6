import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from shared.clock import FixedClock
from shared.failures import Misconfigured, Unavailable
from shared.wechat.tokens import StoredToken, TokenKeeper
from tests.wechat.conftest import CreateClient
from tests.wechat.token_standins import APP_ID, SECRET, MemoryTokenStore, TokenServer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CreateKeeper = Callable[..., TokenKeeper]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def store() -> MemoryTokenStore:
    return MemoryTokenStore()


@pytest.fixture
def wechat(clock: FixedClock) -> TokenServer:
    return TokenServer(clock)


@pytest.fixture
async def create_keeper(
    stack: AsyncExitStack, wechat: TokenServer, store: MemoryTokenStore, clock: FixedClock, create_client: CreateClient
) -> CreateKeeper:
    client = create_client(await stack.enter_async_context(wechat.listening()))

    async def secret_of(app_id: str) -> str:
        assert app_id == APP_ID
        return SECRET

    def create(holder: str = "one", pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> TokenKeeper:
        return TokenKeeper(client, store, clock, secret_of=secret_of, holder=holder, pause=pause)

    return create


async def test_a_token_is_asked_for_once_and_kept(
    create_keeper: CreateKeeper, wechat: TokenServer, store: MemoryTokenStore, clock: FixedClock
) -> None:
    keeper = create_keeper()
    assert await asyncio.gather(*(keeper.token(APP_ID) for _ in range(20))) == ["T1"] * 20
    clock.advance(7200 - 4 * 60 - 1)
    assert await keeper.token(APP_ID) == "T1"
    assert wechat.calls == 1
    assert store.tokens[APP_ID] == StoredToken("T1", NOW + timedelta(seconds=7200), fence=1)


async def test_it_is_renewed_before_its_end(
    create_keeper: CreateKeeper, wechat: TokenServer, clock: FixedClock
) -> None:
    keeper = create_keeper()
    await keeper.token(APP_ID)
    clock.advance(7200 - 4 * 60)
    assert await keeper.token(APP_ID) == "T2"
    assert wechat.asked == ["issued", "issued"]


async def test_processes_share_one_token(create_keeper: CreateKeeper, wechat: TokenServer) -> None:
    one, two = create_keeper("one"), create_keeper("two")
    assert await one.token(APP_ID) == await two.token(APP_ID) == "T1"
    assert wechat.calls == 1


async def test_many_processes_at_once_ask_once(create_keeper: CreateKeeper, wechat: TokenServer) -> None:
    keepers = [create_keeper(f"holder {n}") for n in range(5)]
    assert await asyncio.gather(*(keeper.token(APP_ID) for keeper in keepers)) == ["T1"] * 5
    assert wechat.calls == 1


async def test_a_living_token_serves_while_another_process_renews(
    create_keeper: CreateKeeper, store: MemoryTokenStore, clock: FixedClock
) -> None:
    keeper = create_keeper()
    await keeper.token(APP_ID)
    clock.advance(7200 - 100)
    store.holders[APP_ID] = "another"
    assert await keeper.token(APP_ID) == "T1"


async def test_a_holder_that_never_delivers_is_reported(create_keeper: CreateKeeper, store: MemoryTokenStore) -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    store.holders[APP_ID] = "another"
    with pytest.raises(Unavailable, match="token_pending"):
        await create_keeper(pause=pause).token(APP_ID)
    assert sum(pauses) == pytest.approx(5)
    store.end_lease()
    assert await create_keeper().token(APP_ID) == "T1"


async def test_others_here_are_served_while_one_of_us_asks(
    create_keeper: CreateKeeper, wechat: TokenServer, clock: FixedClock
) -> None:
    keeper = create_keeper()
    await keeper.token(APP_ID)
    clock.advance(7200 - 100)
    wechat.answering.clear()
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(keeper.token(APP_ID))
        await wechat.called(2)
        assert await keeper.token(APP_ID) == "T1"
        wechat.answering.set()
    assert asking.result() == "T2"


async def test_a_slow_store_holds_nobody_up_who_has_a_living_token(
    create_keeper: CreateKeeper, store: MemoryTokenStore, clock: FixedClock
) -> None:
    keeper = create_keeper()
    await keeper.token(APP_ID)
    clock.advance(7200 - 100)
    store.answering.clear()
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        renewing = tasks.create_task(keeper.token(APP_ID))
        await asyncio.sleep(0)
        assert await keeper.token(APP_ID) == "T1"
        store.answering.set()
    assert renewing.result() == "T2"


async def test_the_old_token_serves_to_its_end_when_wechat_is_down(
    create_keeper: CreateKeeper, wechat: TokenServer, clock: FixedClock
) -> None:
    keeper = create_keeper()
    await keeper.token(APP_ID)
    wechat.broken = True
    clock.advance(7200 - 200)
    with capture_logs() as logs:
        assert [await keeper.token(APP_ID) for _ in range(3)] == ["T1"] * 3
    assert logs == [
        {
            "event": "token_refresh_failed",
            "app_id": APP_ID,
            "code": "http_502",
            "reason": "HTTP 502 without an errcode",
            "log_level": "warning",
        }
    ]
    clock.advance(31)
    await keeper.token(APP_ID)
    assert wechat.calls == 3
    clock.advance(200)
    with pytest.raises(Unavailable):
        await keeper.token(APP_ID)


async def test_a_wrong_secret_is_reported(create_keeper: CreateKeeper, wechat: TokenServer) -> None:
    wechat.secret = "another"
    with pytest.raises(Misconfigured, match="40125"):
        await create_keeper().token(APP_ID)


async def test_a_stale_token_that_someone_replaced_is_read_not_forced(
    create_keeper: CreateKeeper, wechat: TokenServer
) -> None:
    one, two = create_keeper("one"), create_keeper("two")
    await one.token(APP_ID)
    await two.token(APP_ID)
    wechat.replace()
    assert await one.refresh_after_stale(APP_ID, "T1") == "T2"
    assert await two.refresh_after_stale(APP_ID, "T1") == "T2"
    assert await two.refresh_after_stale(APP_ID, "T1") == "T2"
    assert await one.token(APP_ID) == await two.token(APP_ID) == "T2"
    assert wechat.asked == ["issued", "issued"]


async def test_a_new_token_is_forced_only_where_wechat_insists_on_the_refused_one(
    create_keeper: CreateKeeper, wechat: TokenServer, store: MemoryTokenStore
) -> None:
    keeper = create_keeper()
    await keeper.token(APP_ID)
    renewed = await asyncio.gather(*(keeper.refresh_after_stale(APP_ID, "T1") for _ in range(10)))
    assert renewed == ["T2"] * 10
    assert wechat.asked == ["issued", "issued", "forced"]
    assert [(token.value, token.forced_at) for token in store.saved] == [("T1", None), ("T1", NOW), ("T2", NOW)]


async def test_forcing_again_waits_half_a_minute_in_every_process(
    create_keeper: CreateKeeper, wechat: TokenServer, store: MemoryTokenStore, clock: FixedClock
) -> None:
    await create_keeper().token(APP_ID)
    assert await create_keeper().refresh_after_stale(APP_ID, "T1") == "T2"
    clock.advance(10)
    store.end_lease()
    with pytest.raises(Unavailable) as failed:
        await create_keeper("two").refresh_after_stale(APP_ID, "T2")
    assert (failed.value.code, failed.value.retry_after_seconds) == ("token_forced_lately", 20)
    assert wechat.asked.count("forced") == 1
    clock.advance(20)
    assert await create_keeper("two").refresh_after_stale(APP_ID, "T2") == "T3"


async def test_a_force_without_answer_counts(
    create_keeper: CreateKeeper, wechat: TokenServer, store: MemoryTokenStore
) -> None:
    keeper = create_keeper()
    await keeper.token(APP_ID)
    wechat.broken_when_forced = True
    with pytest.raises(Unavailable, match="http_502"):
        await keeper.refresh_after_stale(APP_ID, "T1")
    assert store.tokens[APP_ID].forced_at == NOW
    with pytest.raises(Unavailable, match="token_forced_lately"):
        await keeper.refresh_after_stale(APP_ID, "T1")


async def test_no_more_than_twenty_are_forced_a_day(
    create_keeper: CreateKeeper, wechat: TokenServer, clock: FixedClock
) -> None:
    keeper = create_keeper()
    token = await keeper.token(APP_ID)
    for _ in range(20):
        token = await keeper.refresh_after_stale(APP_ID, token)
        clock.advance(60)
    with pytest.raises(Unavailable) as failed:
        await keeper.refresh_after_stale(APP_ID, token)
    assert failed.value.retry_after_seconds == 86400 - 20 * 60
    clock.advance(86400 - 20 * 60)
    await keeper.refresh_after_stale(APP_ID, await keeper.token(APP_ID))
    assert wechat.asked.count("forced") == 21


async def test_a_renewer_that_was_overtaken_takes_the_others_token(
    create_keeper: CreateKeeper, wechat: TokenServer, store: MemoryTokenStore
) -> None:
    keeper = create_keeper()
    wechat.answering.clear()
    async with asyncio.TaskGroup() as tasks:
        renewing = tasks.create_task(keeper.token(APP_ID))
        await wechat.called(1)
        await renewed_by_another(store)
        wechat.answering.set()
    assert renewing.result() == "T9"
    assert await keeper.token(APP_ID) == store.tokens[APP_ID].value == "T9"


async def test_a_token_saved_just_before_our_lease_is_taken(
    create_keeper: CreateKeeper, wechat: TokenServer, store: MemoryTokenStore
) -> None:
    async def another_is_quicker() -> None:
        await renewed_by_another(store)
        store.end_lease()

    store.before_lease = another_is_quicker
    assert await create_keeper().token(APP_ID) == "T9"
    assert wechat.calls == 0


async def renewed_by_another(store: MemoryTokenStore) -> None:
    store.end_lease()
    fence = await store.lease(APP_ID, "another", 30)
    assert fence is not None
    assert await store.save(APP_ID, fence, "T9", NOW + timedelta(seconds=7200), None)


async def test_a_renewer_that_was_overtaken_does_not_force(
    create_keeper: CreateKeeper, wechat: TokenServer, store: MemoryTokenStore
) -> None:
    keeper = create_keeper()
    await keeper.token(APP_ID)
    wechat.answering.clear()
    async with asyncio.TaskGroup() as tasks:
        renewing = tasks.create_task(_outcome(keeper.refresh_after_stale(APP_ID, "T1")))
        await wechat.called(2)
        store.end_lease()
        await store.lease(APP_ID, "another", 30)
        wechat.answering.set()
    assert renewing.result() == "token_pending"
    assert "forced" not in wechat.asked


async def _outcome(renewal: Awaitable[str]) -> str:
    try:
        return await renewal
    except Unavailable as failed:
        return failed.code


async def test_neither_token_nor_secret_is_logged_or_printed(
    create_keeper: CreateKeeper, wechat: TokenServer, store: MemoryTokenStore
) -> None:
    with capture_logs() as logs:
        await create_keeper().token(APP_ID)
    assert logs == [{"event": "token_refreshed", "app_id": APP_ID, "kind": "issued", "log_level": "info"}]
    assert wechat.newest not in repr(store.tokens[APP_ID])
