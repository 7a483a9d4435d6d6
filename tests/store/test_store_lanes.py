from datetime import date, datetime

from shared.store.driver import Database
from shared.store.lanes import Gate, LaneRecord, LaneStore

TODAY = date(2026, 11, 22)
GATE = Gate(until=datetime.fromisoformat("2026-11-22T16:00:01+00:00"), code="45009", reason="reach max api daily quota")


async def test_a_new_owner_knows_the_gate_and_the_days_count(either_database: Database) -> None:
    store = LaneStore(either_database)
    assert await store.take("wechat:wx1", "me", TODAY) == LaneRecord(True, None, 0)
    await store.count("wechat:wx1", TODAY, 7)
    await store.count("wechat:wx1", TODAY, 3)
    await store.close("wechat:wx1", GATE)
    assert await store.take("wechat:wx1", "another", TODAY) == LaneRecord(True, GATE, 10)
    assert await store.take("wechat:wx1", "another", TODAY) == LaneRecord(False, GATE, 10)
    assert await store.take("wechat:wx1", "me", TODAY) == LaneRecord(True, GATE, 10)


async def test_a_new_day_counts_from_nothing_and_an_opened_gate_is_gone(either_database: Database) -> None:
    store = LaneStore(either_database)
    await store.close("wechat:wx1", GATE)
    await store.count("wechat:wx1", TODAY, 7)
    await store.count("wechat:wx1", date(2026, 11, 23), 2)
    await store.open("wechat:wx1")
    assert await store.take("wechat:wx1", "me", TODAY) == LaneRecord(True, None, 0)
    assert await store.take("wechat:wx1", "me", date(2026, 11, 23)) == LaneRecord(False, None, 2)
